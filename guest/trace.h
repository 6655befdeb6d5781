/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: integers only, one for each thing that changes.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM aerostat_guest

#if !defined(AEROSTAT_GUEST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define AEROSTAT_GUEST_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(aerostat_hello,
	TP_PROTO(u64 epoch, u64 balloon_bytes),
	TP_ARGS(epoch, balloon_bytes),
	TP_STRUCT__entry(
		__field(u64, epoch)
		__field(u64, balloon_bytes)
	),
	TP_fast_assign(
		__entry->epoch = epoch;
		__entry->balloon_bytes = balloon_bytes;
	),
	TP_printk("epoch=0x%llx balloon_bytes=%llu", __entry->epoch, __entry->balloon_bytes)
);

TRACE_EVENT(aerostat_target,
	TP_PROTO(u64 target_bytes, u64 balloon_bytes, u32 flags),
	TP_ARGS(target_bytes, balloon_bytes, flags),
	TP_STRUCT__entry(
		__field(u64, target_bytes)
		__field(u64, balloon_bytes)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->target_bytes = target_bytes;
		__entry->balloon_bytes = balloon_bytes;
		__entry->flags = flags;
	),
	TP_printk("target_bytes=%llu balloon_bytes=%llu flags=0x%x",
		  __entry->target_bytes, __entry->balloon_bytes, __entry->flags)
);

DECLARE_EVENT_CLASS(aerostat_range,
	TP_PROTO(u64 gfn, u32 nr_pages, u32 index),
	TP_ARGS(gfn, nr_pages, index),
	TP_STRUCT__entry(
		__field(u64, gfn)
		__field(u32, nr_pages)
		__field(u32, index)
	),
	TP_fast_assign(
		__entry->gfn = gfn;
		__entry->nr_pages = nr_pages;
		__entry->index = index;
	),
	TP_printk("gfn=0x%llx nr_pages=%u index=%u",
		  __entry->gfn, __entry->nr_pages, __entry->index)
);

DEFINE_EVENT(aerostat_range, aerostat_inflate,
	TP_PROTO(u64 gfn, u32 nr_pages, u32 index),
	TP_ARGS(gfn, nr_pages, index)
);

DEFINE_EVENT(aerostat_range, aerostat_deflate,
	TP_PROTO(u64 gfn, u32 nr_pages, u32 index),
	TP_ARGS(gfn, nr_pages, index)
);

TRACE_EVENT(aerostat_rate,
	TP_PROTO(u64 rate_bytes, u64 grown_bytes, u32 limits),
	TP_ARGS(rate_bytes, grown_bytes, limits),
	TP_STRUCT__entry(
		__field(u64, rate_bytes)
		__field(u64, grown_bytes)
		__field(u32, limits)
	),
	TP_fast_assign(
		__entry->rate_bytes = rate_bytes;
		__entry->grown_bytes = grown_bytes;
		__entry->limits = limits;
	),
	TP_printk("rate_bytes=%llu grown_bytes=%llu limits=0x%x",
		  __entry->rate_bytes, __entry->grown_bytes, __entry->limits)
);

TRACE_EVENT(aerostat_oom,
	TP_PROTO(u64 freed_bytes, u64 balloon_bytes),
	TP_ARGS(freed_bytes, balloon_bytes),
	TP_STRUCT__entry(
		__field(u64, freed_bytes)
		__field(u64, balloon_bytes)
	),
	TP_fast_assign(
		__entry->freed_bytes = freed_bytes;
		__entry->balloon_bytes = balloon_bytes;
	),
	TP_printk("freed_bytes=%llu balloon_bytes=%llu",
		  __entry->freed_bytes, __entry->balloon_bytes)
);

TRACE_EVENT(aerostat_migrate,
	TP_PROTO(u64 old_pfn, u64 new_pfn),
	TP_ARGS(old_pfn, new_pfn),
	TP_STRUCT__entry(
		__field(u64, old_pfn)
		__field(u64, new_pfn)
	),
	TP_fast_assign(
		__entry->old_pfn = old_pfn;
		__entry->new_pfn = new_pfn;
	),
	TP_printk("old_pfn=0x%llx new_pfn=0x%llx", __entry->old_pfn, __entry->new_pfn)
);

#endif /* AEROSTAT_GUEST_TRACE_H */

/* The path is this directory, which Kbuild adds for trace.o. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
