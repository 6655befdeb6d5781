# SPDX-License-Identifier: GPL-2.0
#
# awk -f stat.awk -f table.awk run.csv: medians and spreads of what compare.sh measured, and the ratios that matter.
#
# Input: ram, init_on_alloc, round, device, case, MiB, ns, MiB freed, exits, ns of the vCPU, ns of QEMU's other threads,
# us of Aerostat's host, punches, system calls. Round 0 gives the calls, and nothing else.

BEGIN { FS = "," }

function key(ram, device, what) { return ram SUBSEP device SUBSEP what }

{
	ram = $1 "/" $2
	k = key(ram, $4, $5)
	gib = $6 / 1024
	if (!(ram in seen_ram)) {
		seen_ram[ram] = 1
		rams[++nr_rams] = ram
	}
	if (!($5 in seen_case)) {
		seen_case[$5] = 1
		cases[++nr_cases] = $5
	}
	if (!($4 in seen_device)) {
		seen_device[$4] = 1
		devices[++nr_devices] = $4
	}
	if (!$3) {
		calls[k] = $14 / gib
		next
	}
	add("ms", k, $7 / 1e6)
	add("speed", k, gib / ($7 / 1e9))
	if ($9 == "")
		next
	add("freed", k, $8)
	add("exits", k, $5 == "idle" ? $9 : $9 / gib)
	add("vcpu", k, $10 / 1e6 / gib)
	add("host", k, ($11 / 1e6 + $12 / 1e3) / gib)
	add("punches", k, $13 / gib)
}

function ratio(what, ram, case_, peer, floor, aim, a, b, r) {
	a = key(ram, "aerostat", case_)
	b = key(ram, peer, case_)
	if (!n["speed", a] || !n["speed", b])
		return
	r = middle("speed", a) / middle("speed", b)
	printf "%-46s %-10s %8.1fx  at least %3dx, aim %3dx%s\n", what, ram, r, floor, aim,
	       (r < floor ? "  MISSED" : "")
	if (r < floor / 2)
		printf "BELOW HALF of the least: %s, %s\n", what, ram
}

END {
	for (r = 1; r <= nr_rams; r++) {
		ram = rams[r]
		printf "%s\n%-20s %-11s %9s %19s %7s %9s %9s %9s %9s %9s\n", ram " (RAM/init_on_alloc), per GiB", "case",
		       "device", "GiB/s", "[least, most]", "freed", "exits", "vCPU ms", "host ms", "punches", "syscalls"
		for (c = 1; c <= nr_cases; c++)
			for (d = 1; d <= nr_devices; d++) {
				k = key(ram, devices[d], cases[c])
				if (!n["speed", k])
					continue
				if (cases[c] == "idle") {
					printf "%-20s %-11s %s\n", "idle", "", sprintf("%.0f exits per second", middle("exits", k))
					continue
				}
				if (!n["exits", k]) {
					printf "%-20s %-11s %9s %19s  %.0f ms\n", cases[c], devices[d], "", "", middle("ms", k)
					continue
				}
				printf "%-20s %-11s %9.3f %19s %7.0f %9.0f %9.0f %9.0f %9.0f %9.0f\n", cases[c], devices[d],
				       middle("speed", k), sprintf("[%.3f, %.3f]", least("speed", k), most("speed", k)),
				       middle("freed", k), middle("exits", k), middle("vcpu", k), middle("host", k),
				       middle("punches", k), calls[k]
			}
		printf "\n"
	}
	for (r = 1; r <= nr_rams; r++) {
		ram = rams[r]
		small = ram ~ /^memfd/
		ratio("inflate touched vs virtio-balloon", ram, "inflate-touched", "balloon", small ? 6 : 20, small ? 15 : 100)
		if (!small)
			ratio("inflate touched vs virtio-mem", ram, "inflate-touched", "virtio-mem", 2, 10)
		ratio("fragmented guest vs virtio-balloon", ram, "fragmented", "balloon", 3, 8)
		ratio("deflate vs virtio-balloon", ram, "deflate", "balloon", 20, 100)
		k = key(ram, "aerostat", "inflate-touched")
		if (n["exits", k])
			printf "%-46s %-10s %9.0f  at most 32, aim 4%s\n", "VM exits per GiB inflated", ram, middle("exits", k),
			       (middle("exits", k) > 32 ? "  MISSED" : "")
	}
}
