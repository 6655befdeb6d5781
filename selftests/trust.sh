#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is refused, and how: wrong memory, wrong words.
. "$(dirname "$0")/lib.sh"

test_private_memory_is_refused_in_words() {
	local before
	start_vm a size=512 ram=anon || return
	before=$(meminfo AnonPages)
	check "state says what it is" wait_for 10 is "$SYS_a/state" 'refused: RAM is private memory*'
	check "and what to do" is "$SYS_a/state" '*memory-backend-memfd*share=on*'
	echo manual >$HOST/mode
	echo $((256 * MiB)) >$HOST/reclaim_target_bytes
	sleep 4
	check "nothing is taken" is "$SYS_a/balloon_bytes" 0
	check "the guest gives nothing" guest_balloon_is a 0
	check "guest is alive" vm_run a true
}

test_private_mapping_of_a_memfd_is_refused() {
	start_vm a size=512 ram=private-memfd || return
	check "state" wait_for 10 is "$SYS_a/state" 'refused: RAM is private memory*'
}

# refuses FILE VALUE: with EINVAL or ERANGE, and keeps the old value.  Builtins only: there are many.
refuses() {
	local file=$1 text=$2 before='' after='' error=''
	read -r before 2>/dev/null <"$file"
	! printf '%s' "$text" 2>/tmp/error >"$file" || fail "$file takes '$text'"
	read -r error </tmp/error
	[[ $error == *'Invalid argument'* || $error == *'out of range'* || $error == *'result too large'* ]] ||
		fail "$file refuses '$text' with: $error"
	read -r after 2>/dev/null <"$file"
	[[ $before == "$after" ]] || fail "$file was '$before', is '$after' after '$text'"
}

test_sysfs_refuses_nonsense() {
	local text file sensor
	start_vm a size=512 || return
	echo "hwmon jc42 temp1" >$HOST/sensor_add
	sensor=$(echo /sys/class/aerostat/sensor-*)
	sleep 1.5
	dmesg -c >/tmp/earlier
	for file in "$SYS_a"/{min_bytes,limit_bytes,managed,shares,rate_min_bytes,rate_max_bytes} \
		$HOST/{reclaim_target_bytes,reserve_bytes,period_ms,idle_tax,pressure_limit,active_mw_per_gib,off_mw_per_gib,mode} \
		"$sensor"/{low,high,emergency}; do
		for text in letters 12x ' ' 99999999999999999999999 0x 1.5; do refuses "$file" "$text"; done
		[[ $file == "$sensor"/* ]] || refuses "$file" -1
	done
	refuses "$SYS_a/min_bytes" $((513 * MiB))
	refuses "$SYS_a/limit_bytes" $((513 * MiB))
	refuses "$SYS_a/limit_bytes" 0
	# Written, it no longer follows the limit.
	echo $((128 * MiB)) >"$SYS_a/min_bytes"
	refuses "$SYS_a/limit_bytes" $((128 * MiB - 4096))
	refuses "$SYS_a/managed" 2
	refuses "$SYS_a/shares" 0
	refuses "$SYS_a/rate_min_bytes" 0
	refuses "$SYS_a/rate_min_bytes" $(($(cat "$SYS_a/rate_max_bytes") + 1))
	refuses "$SYS_a/rate_max_bytes" $(($(cat "$SYS_a/rate_min_bytes") - 1))
	refuses $HOST/idle_tax 100
	refuses $HOST/period_ms 0
	refuses $HOST/pressure_limit 1001
	refuses $HOST/reserve_bytes $((1 << 60))
	refuses $HOST/off_mw_per_gib $(($(cat $HOST/active_mw_per_gib) + 1))
	refuses $HOST/mode automatic
	echo 60000 >"$sensor/high"
	refuses "$sensor/low" 60001
	refuses "$sensor/emergency" 59999
	refuses "$sensor/high" 10000000
	echo 50000 >"$sensor/low"
	refuses "$sensor/high" 49999
	for text in ' ' nonsense 'hwmon' 'hwmon jc42' 'hwmon jc42 fan1' 'hwmon jc42 temp' 'hwmon jc42 temp1 more' 'thermal' "thermal $(printf 'x%.0s' {1..40})"; do
		refuses $HOST/sensor_add "$text"
	done
	check "no second sensor of the same source" bash -c "! echo 'hwmon jc42 temp1' 2>/dev/null >$HOST/sensor_add"
	check "no sensor that is not there is removed" bash -c "! echo sensor-99 2>/dev/null >$HOST/sensor_remove"
	check_num "lines in the kernel log" "$(dmesg | wc -l)" le 1
	dmesg | sed 's/^/# /'
}

run_cases
