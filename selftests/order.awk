# SPDX-License-Identifier: GPL-2.0
#
# order.awk -v vms=N TRACE: were memory blocks online before balloons were let shrink?
#
# Reads the tracepoints aerostat_block and aerostat_vm_target of N VMs. Whenever a block moves, the VMs' targets must sum
# to at least what was offline until then. Prints four numbers: block moves, targets set, times in the wrong order, and
# 1 if a block came back before any target was below its balloon, else 0.
function field(name) {
	return match($0, name "=[0-9]+") ? substr($0, RSTART + length(name) + 1, RLENGTH - length(name) - 1) + 0 : -1
}
function sum(   vm, total) {
	for (vm in target)
		total += target[vm]
	return total + 0
}
/aerostat_block:/ {
	if (!first && /online=1/)
		first = "block"
	if (known == vms && sum() < offline)
		wrong++
	offline = field("offline")
	blocks++
}
/aerostat_vm_target:/ {
	if (!first && field("target") < field("balloon"))
		first = "target"
	vm = field("vm")
	if (!(vm in target))
		known++
	target[vm] = field("target")
	targets++
}
END { print blocks + 0, targets + 0, wrong + 0, first == "block" }
