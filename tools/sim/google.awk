#!/usr/bin/awk -f
# SPDX-License-Identifier: GPL-2.0
#
# google.awk: one machine of Google's cluster trace of 2011 as a trace for aerostat-sim.
#
#   awk -f google.awk -v machine=ID [-v unit_mib=N] [-v inlet=N] part-*-of-00500.csv >trace.csv
#
#   machine    column 5 of the machine whose tasks are to be VMs
#   unit_mib   memory of the largest machine, which the trace calls 1.0 (65536)
#   inlet      temperature of the air, millidegrees (38000): the trace knows nothing of heat
#
# Reads task_usage tables of trace version 2.1, CSV without a header.  Columns, as their users
# give them: 1 start and 2 end of the measurement in microseconds, 3 job, 4 task index, 5 machine,
# 6 mean CPU rate, 7 canonical memory usage, 8 assigned memory, 10 total page cache, 11 greatest
# memory usage; memory and CPU are parts of the largest machine's.
#
# ASSUMED, and never run on the real data: that canonical usage contains the page cache, so that
# what is anonymous is column 7 less column 10; that all of that page cache is in use; that a task
# is a VM, a quarter larger than all that it was ever assigned or used, and at its peak CPU rate
# fully busy.  A task between two measurements does what it did last; after its last one, nothing.

BEGIN {
	FS = ","
	if (machine == "") {
		print "google.awk: say which machine: -v machine=ID" > "/dev/stderr"
		status = 2
		exit
	}
	if (!unit_mib) unit_mib = 65536
	if (!inlet) inlet = 38000
}

NF < 11 {
	printf "google.awk: %s:%d: %d fields, a task_usage table has 20: use that table\n", FILENAME, FNR, NF > "/dev/stderr"
	status = 1
	exit
}

$5 == machine {
	name = $3 "-" $4
	if (!(name in size)) order[++vms] = name
	at = int($1 / 1000000)
	until = int($2 / 1000000)
	if (!lines || at < first) first = at
	if (until > last) last = until
	if (until > ends[name]) ends[name] = until
	if ($6 > peak[name]) peak[name] = $6
	for (i = 7; i <= 11; i++)
		if ((i == 7 || i == 8 || i == 11) && $i > size[name]) size[name] = $i
	lines++
	vm[lines] = name; when[lines] = at; cpu[lines] = $6
	cache[lines] = $10 < $7 ? $10 : $7
	anon[lines] = $7 - cache[lines]
}

END {
	if (status) exit status
	if (!lines) {
		printf "google.awk: no line is of machine %s: take an id from column 5\n", machine > "/dev/stderr"
		exit 1
	}
	for (i = 1; i <= vms; i++) {
		mib[order[i]] = int(size[order[i]] * unit_mib * 1.25) + 64
		sum += mib[order[i]]
	}
	printf "# machine %s of Google's trace, 1.0 taken for %d MiB, from second %d on\n", machine, unit_mib, first
	printf "host,%d,2048\n", (sum + 2048) / 0.9 + 1
	for (i = 1; i <= vms; i++)
		printf "vm,%s,%d,%d,1000\n", order[i], mib[order[i]], mib[order[i]] / 4
	printf "inlet,0,%d\n", inlet
	fflush()
	sort = "sort -s -t, -k2,2n"
	for (i = 1; i <= lines; i++)
		printf "load,%d,%s,%d,%d,%d\n", when[i] - first, vm[i],
			peak[vm[i]] ? cpu[i] / peak[vm[i]] * 1000 : 0, anon[i] * unit_mib, cache[i] * unit_mib | sort
	for (i = 1; i <= vms; i++)
		if (ends[order[i]] < last)
			printf "load,%d,%s,0,0,0\n", ends[order[i]] - first, order[i] | sort
	close(sort)
	printf "end,%d\n", last - first
}
