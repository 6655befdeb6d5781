#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A power as the input: feed-forward, what is learnt of the real effect, and what is done where there is none.
#
# The meters are those of modules/aero_meter.c.  A machine of 0.4 W per GiB would have to switch off 50 GiB for 20 W;
# the bench has three to give in all.  So the plant's memory draws 35 W per GiB: the same 20 W are 585 MiB, and what is
# looked at, the ratio of what is taken to what is needed, is the same.
. "$(dirname "$0")/lib.sh"

METER=/sys/module/aero_meter/parameters
PLANT=35000

# Two VMs of 1 GiB that can give 1400 MiB.  Each case has a plant and a sensor of its own.
set_up() {
	start_vm a size=1024 && start_vm b size=1024 || return 1
	for vm in "$SYS_a" "$SYS_b"; do echo $((320 * MiB)) >"$vm/min_bytes"; done
}

# plant MW_PER_GIB MODEL: meters of a machine of about 200 W, that is steady, and what the user believes of it.
plant() {
	echo off >$HOST/mode
	wait_for 60 is $HOST/offline_bytes 0 || fail "blocks stay offline"
	insmod "$TREE/selftests/modules/aero_meter.ko" lag_ms=1500 noise_mw=300 step_mw=100 base_mw=60000 mw_per_gib="$1" ||
		{ fail "no meters"; return 1; }
	echo 0 >$HOST/off_mw_per_gib
	echo "$2" >$HOST/active_mw_per_gib
	echo "hwmon aero_meter power1" >$HOST/sensor_add
	SENSOR=$(dirname "$(grep -lx 'hwmon aero_meter power1' /sys/class/aerostat/sensor-*/name)")
	# Guests that have just been started are a load, too.
	sleep 20
}

plant_gone() {
	echo off >$HOST/mode
	echo "${SENSOR##*/}" >$HOST/sensor_remove
	rmmod aero_meter
	wait_for 60 is $HOST/reclaimed_bytes 0 || fail "still reclaimed"
}

# mean_uw: of the sensor, over four seconds.
mean_uw() {
	local i sum=0
	for ((i = 0; i < 20; i++)); do
		sum=$((sum + $(cat "$SENSOR/value")))
		sleep 0.2
	done
	echo $((sum / 20))
}

# thresholds MILLIWATT: the power is so much above its high; the band is 9 W.
thresholds() {
	local high=$(($(mean_uw) - $1 * 1000))
	echo $((high - 9000000)) >"$SENSOR/low"
	echo $high >"$SENSOR/high"
	HIGH=$high
	echo "# high is at $((high / 1000)) mW"
}

# targets FILE: the targets of the trace's steps in MiB, each change once.
targets() { sed -n 's/.*aerostat_controller: .* target=\([0-9]*\) .*/\1/p' "$1" | awk '$1 != last { printf "%s ", $1 / 256; last = $1 }'; }

# steps FILE LEAST: there are so many of them; a trace without any would show no turns, either.
steps() { check_num "targets" "$(targets "$1" | wc -w)" ge "$2"; }

# turns FILE: how often the target went the other way.
turns() {
	sed -n 's/.*aerostat_controller: .* target=\([0-9]*\) .*/\1/p' "$1" |
		awk 'NR > 1 && $1 != last { now = $1 > last ? 1 : -1; if (way && now != way) n++; way = now } { last = $1 } END { print n + 0 }'
}

below_high() { (($(cat "$SENSOR/value") < HIGH)); }

# The model is off by a third or so: what is learnt can be told from it.
test_feed_forward() {
	local model=$((PLANT * 13 / 10)) first needed seen
	needed=$((20 * 1024 * 1000 / model))
	plant $PLANT $model || return
	check "kind" is "$SENSOR/kind" power
	check "the model's effect" is "$SENSOR/effect_mw_per_gib" $model
	thresholds 20000
	trace_start
	echo auto >$HOST/mode
	wait_for 20 at_least $HOST/reclaim_target_bytes 1 || fail "nothing is asked for"
	first=$(($(cat $HOST/reclaim_target_bytes) / MiB))
	check_num "first step in MiB, of $needed by the model" $first ge $((needed * 8 / 10))
	check_num "first step in MiB" $first le $((needed * 12 / 10))
	check "the power falls below high" wait_for 120 below_high
	check "holding" wait_for 60 is $HOST/state holding
	sleep 30
	trace_stop >/tmp/trace
	echo "# targets, MiB: $(targets /tmp/trace)"
	check_num "changes of direction" "$(turns /tmp/trace)" eq 0
	steps /tmp/trace 2
	check_num "targets" "$(targets /tmp/trace | wc -w)" le 4
	check "below high" eval '(($(mean_uw) < HIGH))'
	check "holding still" is $HOST/state holding
	seen=$(cat "$SENSOR/effect_mw_per_gib")
	check_num "learnt, mW per GiB of $PLANT" "$seen" ge $((PLANT * 85 / 100))
	check_num "learnt, mW per GiB of $PLANT" "$seen" le $((PLANT * 115 / 100))

	# The load goes, by 30 W: memory returns, and not so much that it would have to be taken again.
	trace_start
	echo 30000 >$METER/base_mw
	check "all goes back" wait_for 90 is $HOST/reclaimed_bytes 0
	trace_stop >/tmp/trace
	echo "# targets, MiB: $(targets /tmp/trace)"
	steps /tmp/trace 2
	check_num "changes of direction" "$(turns /tmp/trace)" eq 0
	check "blocks are online" is $HOST/offline_blocks 0
	plant_gone
}

# The user's model is off by a factor of two: feedback mends what feed-forward missed, and the effect is learnt.
test_a_wrong_model() {
	plant $PLANT $((2 * PLANT)) || return
	thresholds 18000
	trace_start
	echo auto >$HOST/mode
	check "the power falls below high" wait_for 120 below_high
	check "holding" wait_for 60 is $HOST/state holding
	sleep 20
	trace_stop >/tmp/trace
	echo "# targets, MiB: $(targets /tmp/trace)"
	steps /tmp/trace 2
	check_num "changes of direction" "$(turns /tmp/trace)" eq 0
	check "below high" eval '(($(mean_uw) < HIGH))'
	check_num "learnt, mW per GiB of $PLANT" "$(cat "$SENSOR/effect_mw_per_gib")" ge $((PLANT * 80 / 100))
	check_num "learnt, mW per GiB of $PLANT" "$(cat "$SENSOR/effect_mw_per_gib")" le $((PLANT * 125 / 100))
	plant_gone
}

# A domain that goes as a whole, and nothing with it, shows what it saves: half of what the user believes.
test_what_a_domain_saves() {
	local block bytes first seen
	plant $PLANT $((2 * PLANT)) || return
	bytes=$((16#$(cat /sys/devices/system/memory/block_size_bytes)))
	wait_for 20 none_uncounted || fail "the inventory is not complete"
	# The last four that follow each other, are free, and can go.
	first=$(sed -n 's/^memory\([0-9]*\) zone=Movable .* used=0 .*state=online/\1/p' /sys/kernel/debug/aerostat/blocks/inventory |
		sort -n | awk '{ n = $1 == last + 1 ? n + 1 : 1; last = $1; if (n == 4) { print $1 - 3; n = 0 } }' | tail -n 1)
	[[ $first ]] || { fail "no four free blocks"; plant_gone; return; }
	printf '%x-%x bank' $((first * bytes)) $(((first + 4) * bytes - 1)) >$HOST/domain_add || fail "no domain"
	DOMAIN=$(dirname "$(grep -lx bank /sys/class/aerostat/domain-*/name)")
	# Were the rest worth as much, its single blocks would fit where a domain of four does not.
	echo $((2 * PLANT)) >"$DOMAIN/active_mw_per_gib"
	echo 0 >$HOST/active_mw_per_gib
	check "the model's, at first" is "$DOMAIN/effect_mw_per_gib" $((2 * PLANT))
	sleep 12
	echo $((4 * bytes)) >$HOST/reclaim_target_bytes
	echo manual >$HOST/mode
	check "it goes" wait_for 60 is "$DOMAIN/state" offline
	check "and nothing else" is $HOST/offline_bytes $((4 * bytes))
	wait_for 40 domain_learnt || fail "nothing is learnt"
	seen=$(cat "$DOMAIN/effect_mw_per_gib")
	check_num "learnt, mW per GiB of $PLANT" "$seen" ge $((PLANT * 80 / 100))
	check_num "learnt, mW per GiB of $PLANT" "$seen" le $((PLANT * 120 / 100))
	basename "$DOMAIN" >$HOST/domain_remove
	plant_gone
}
domain_learnt() { ! is "$DOMAIN/effect_mw_per_gib" $((2 * PLANT)); }
none_uncounted() { ! grep -q 'used=- .*state=online' /sys/kernel/debug/aerostat/blocks/inventory; }

# The plant ignores blocks.
test_no_effect() {
	local most
	plant 0 $PLANT || return
	thresholds 10000
	echo auto >$HOST/mode
	check "tried" wait_for 60 at_least $HOST/offline_blocks 2
	check "the host says that it is in vain" wait_for 120 is $HOST/state ineffective
	most=$(cat $HOST/reclaimed_bytes)
	check "the sensor, too" is "$SENSOR/state" 'high: ineffective*tried again in *'
	check_num "learnt, mW per GiB" "$(cat "$SENSOR/effect_mw_per_gib")" le $((PLANT / 8))
	check "what was taken goes back" wait_for 90 is $HOST/reclaimed_bytes 0
	check "blocks are online" is $HOST/offline_blocks 0
	echo "# $((most / MiB)) MiB had been taken; now: $(cat "$SENSOR/state")"
	sleep 10
	check "nobody is squeezed for it" is $HOST/reclaimed_bytes 0
	check "level" is $HOST/level low
	# A temperature is heard beside it.
	rule_by_temperature
	host_set_temp 62000
	check "a temperature takes" wait_for 30 at_least $HOST/reclaimed_bytes $((128 * MiB))
	host_set_temp 40000
	check "and gives back" wait_for 60 is $HOST/reclaimed_bytes 0
	check "still in vain" is $HOST/state ineffective
	# The load goes by itself.
	echo 30000 >$METER/base_mw
	check "idle" wait_for 10 is $HOST/state idle
	plant_gone
}

rule_by_temperature() {
	local sensor
	host_set_temp 40000
	echo "hwmon jc42 temp1" >$HOST/sensor_add
	sensor=$(dirname "$(grep -lx 'hwmon jc42 temp1' /sys/class/aerostat/sensor-*/name)")
	echo 50000 >"$sensor/low"
	echo 60000 >"$sensor/high"
}

run_cases
