#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command aerostat on a host with the module and a VM: what no tree of files can show.
. "$(dirname "$0")/lib.sh"

AEROSTAT=$TREE/tools/aerostat/aerostat

set_up() {
	start_vm one size=512 ram=huge || return 1
	ID=${SYS_one##*/}
}

# ends STATUS ARGUMENT...: aerostat ends so; what it said is in $out.
ends() {
	local expected=$1 status
	shift
	out=$("$AEROSTAT" "$@" 2>&1)
	status=$?
	((status == expected)) || fail "aerostat $*: status $status, not $expected: $out"
}
has() { [[ $out == *"$1"* ]] || fail "no \"$1\" in: $out"; }
json() { [[ $(jq -c "$1" <<<"$out" 2>&1) == "$2" ]] || fail "$1 is $(jq -c "$1" <<<"$out" 2>&1), not $2"; }

test_settings_reach_the_kernel() {
	host_set_temp 40000
	ends 0 set host sensor_add="hwmon jc42 temp1"
	SENSOR=$(basename /sys/class/aerostat/sensor-*)
	# Whichever of them stands first: the kernel takes no low above the high that there is.
	ends 0 set "$SENSOR" high=60C low=50C emergency=80C
	ends 0 set "$SENSOR" low=70C high=75C
	check "low" is "/sys/class/aerostat/$SENSOR/low" 70000
	ends 0 set "$SENSOR" high=60C low=50C
	check "high" is "/sys/class/aerostat/$SENSOR/high" 60000
	ends 6 set "$SENSOR" low=65C
	has "have to be in that order"
	ends 6 set "$ID" shares=0
	has "1 or more"
	ends 6 set "$ID" min=100G
	has "at most its limit_bytes"
	ends 6 set host period=1
	has "outside of what there can be"
	ends 6 set host sensor_add="hwmon jc42 temp1"
	has "it is watched already"
	ends 4 set "$ID" pid=1
	ends 0 set "$ID" min=128M shares=2000
	has "$ID min_bytes=134217728"
	check "shares" is "$SYS_one/shares" 2000
}

test_it_shows_what_sysfs_has() {
	local name
	ends 0 status
	has "hwmon jc42 temp1"
	has "$ID"
	ends 0 vms --json
	json '[.[]|[.id,.state,.shares]]' "[[\"$ID\",\"active\",2000]]"
	json '.[0].size_bytes' "$(cat "$SYS_one/size_bytes")"
	json '.[0].pid' "$(cat "$SYS_one/pid")"
	ends 0 sensors --json
	json '[.[]|[.kind,.low,.state]]' '[["temperature",50000,"low"]]'
	# Each file that can be read is there.
	ends 0 status --json
	for name in $(find $HOST/ -maxdepth 1 -type f -perm -0444 ! -name uevent -printf '%f\n'); do
		json ".host|has(\"$name\")" true
	done
}

test_blocks_that_are_offline() {
	inflate one 256
	check "a block goes" wait_for 60 at_least $HOST/offline_blocks 1
	ends 0 blocks
	has "by Aerostat"
	ends 0 blocks --json
	json '[.blocks[]|select(.state == "offline")]|length' "$(offline_now)"
	ends 0 metrics
	grep -qx "aerostat_reclaimed_bytes $((256 * MiB))" <<<"$out" || fail "no reclaimed bytes in: $out"
	grep -q '^aerostat_sensor_celsius{.*chip="i2c_.*_0018",sensor="temp1"} 40$' <<<"$out" || fail "no sensor in: $out"
	promtool check metrics <<<"$out" || fail "promtool"
}

test_events_are_seen() {
	local watcher
	"$AEROSTAT" watch --json -n 1 >/tmp/events &
	watcher=$!
	sleep 1
	ends 0 set host mode=off
	check "an event ends it" timeout 30 tail --pid=$watcher -f /dev/null
	out=$(jq -s . /tmp/events)
	json '[.[]|[.id,.action,.state]]' '[["host","change","giving"]]'
	check "all is given back" wait_for 60 is $HOST/reclaimed_bytes 0
}

test_doctor_knows_this_host() {
	ends 1 doctor --json
	# The bench has no udevd: its device is root's alone. Nothing stops Aerostat, and this VM is as it should be.
	json '[.[]|select(.severity == "weakens")|.topic]' '["permissions"]'
	json '[.[]|select(.severity == "stops")]' '[]'
}

test_a_record_has_a_chart() {
	ends 0 record -n 5 -i 0.2 -o /tmp/record.csv
	check "samples" test "$(grep -c ",$ID,.*,balloon_bytes,0\$" /tmp/record.csv)" == 5
	ends 0 plot -o /tmp/record.svg /tmp/record.csv
	check "chart" grep -q '<svg' /tmp/record.svg
}

run_cases
