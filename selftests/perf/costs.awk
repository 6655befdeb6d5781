# SPDX-License-Identifier: GPL-2.0
#
# awk -f stat.awk -f costs.awk costs.txt: medians and spreads of what costs.sh measured, beside what is asked for.

# figure(TEXT, NAME, KEY, UNIT, FLOOR, AIM, MORE): with MORE more is better.
function figure(text, name, k, unit, floor, aim, more, m, missed, half) {
	if (!n[name, k])
		return
	m = middle(name, k)
	missed = more ? m < floor : m > floor
	# What is a share of the whole can miss by little only.
	half = more ? m < 100 - 2 * (100 - floor) : m > 2 * floor
	printf "%-58s %9.2f %-4s %-20s at %s %g, aim %g%s\n", text, m, unit,
	       sprintf("[%.2f, %.2f]", least(name, k), most(name, k)), (more ? "least" : "most"), floor, aim,
	       (missed ? "  MISSED" : "")
	if (missed && half)
		print "BELOW HALF of the least: " text
}

$1 == "exits-busy" { ticks = $2 / $3 * 1e6; add("exits", "busy", ticks) }
$1 == "exits-per-gib" {
	add("exits", $2, $5)
	# Ticks come while the vCPU runs; while it sleeps there are none.
	add("exits-net", $2, $5 > ticks * $6 / 1e9 ? $5 - ticks * $6 / 1e9 : 0)
	add("vcpu", $2, $6 / 1e6)
	add("rings", $2, $10 + $11)
	add("punches", $2, $9)
}
$1 == "idle-rings" { add("rings-idle", "", $2 / $3) }
$1 == "idle-wakeups" { add("with", "", $2 / $4); add("without", "", $3 / $4) }
$1 == "sensor-to-page" { add("sensor", $2, $3) }
# Pieces of work; median, 99th percentile and what that of waiting is: quiet, while the balloon comes and goes, quiet.
$1 == "fixed-work" {
	add("work", "p99", 50 * ($4 + $12) / $8)
	add("work", "all", 100 * $6 / ($2 + $10))
	add("waited", "quiet", ($5 + $13) / 2)
	add("waited", "busy", $9)
}
# At ten times the default rate, so a tenth of the loss.
$1 == "sampling" { add("sampling", "", 100 - (100 - 100 * $3 / $2) / 10) }
$1 == "many" {
	many[++nr_many] = $2
	add("idle", $2, $4 / ($7 * 1e6) * 100)
	add("idle-runs", $2, $3 / $7)
	add("change", $2, $6 / ($7 * 1e6) * 100)
	add("memory", $2, $8)
}

END {
	figure("VM exits per GiB, rate bounds lifted", "exits", "none", "", 32, 4)
	if (n["exits", "none"]) {
		printf "    %.0f ms of the vCPU, %.0f punches, %.0f rings to and fro; at the default rates %.0f exits, %.0f rings\n",
		       middle("vcpu", "none"), middle("punches", "none"), middle("rings", "none"), middle("exits", "default"),
		       middle("rings", "default")
		if (n["exits", "busy"])
			printf "    without the ticks of a guest that works for as long (%.0f per second): %.1f [%.1f, %.1f]\n",
			       middle("exits", "busy"), middle("exits-net", "none"), least("exits-net", "none"), most("exits-net", "none")
	}
	figure("rings of the host to an idle guest, per second", "rings-idle", "", "", 0.01, 0)
	if (n["with", ""])
		printf "    wakeups of it per second %.2f [%.2f, %.2f], without the driver %.2f [%.2f, %.2f]\n", middle("with", ""),
		       least("with", ""), most("with", ""), middle("without", ""), least("without", ""), most("without", "")
	figure("sensor crossing to first page freed, doorbell", "sensor", "doorbell", "ms", 50, 5)
	if (n["sensor", "yes"])
		printf "    without a doorbell %.0f ms [%.0f, %.0f]\n", middle("sensor", "yes"), least("sensor", "yes"),
		       most("sensor", "yes")
	figure("worst 1 % of a guest's fixed work while resizing", "work", "p99", "%", 98, 99.5, 1)
	if (n["work", "all"])
		printf "    work done in all %.2f %% [%.2f, %.2f]; waits of 5 ms pieces, worst 1 %%: %.0f us [%.0f, %.0f], undisturbed %.0f us [%.0f, %.0f]\n",
		       middle("work", "all"), least("work", "all"), most("work", "all"),
		       middle("waited", "busy"), least("waited", "busy"), most("waited", "busy"),
		       middle("waited", "quiet"), least("waited", "quiet"), most("waited", "quiet")
	figure("a guest's work while its working set is measured", "sampling", "", "%", 99.5, 100, 1)
	for (i = 1; i <= nr_many; i++) {
		if (many[i] == 1000)
			figure("1000 VMs, nothing changes: of a core", "idle", 1000, "%", 0.5, 0)
		printf "%d VMs: idle %.3f %% of a core in %.2f works per second, ten changing each second %.3f %%, %d KiB each\n",
		       many[i], middle("idle", many[i]), middle("idle-runs", many[i]), middle("change", many[i]),
		       middle("memory", many[i])
	}
}
