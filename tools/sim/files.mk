# SPDX-License-Identifier: GPL-2.0
#
# Which files the program and its tests have in common: the module's, and the simulated host's.
POLICY := controller reading apportion balance plan pressure power_model
MODEL := aerostat guest heat host policy_mom policy_none policy_proportional policy_proxmox run \
	 synth trace
