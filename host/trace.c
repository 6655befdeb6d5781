// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints' only definition.
 */

#define CREATE_TRACE_POINTS
#include "trace.h"
