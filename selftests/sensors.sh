#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sensors: real hwmon driver, thermal zones, power supplies, energy counters, and what happens when they fail.
. "$(dirname "$0")/lib.sh"

SENSORS=/sys/class/aerostat/sensor-
ZONE=/sys/module/aero_zone/parameters

sensor_of() { grep -lx "$1" $SENSORS*/name | xargs -r dirname; }

# zones [PARAMETER...]: see modules/aero_zone.c.
zones() { insmod "$TREE/selftests/modules/aero_zone.ko" "$@"; }

# watch SPEC: add a sensor, with thresholds of 50 and 60 degrees; its directory in s.
watch() {
	echo "$1" >$HOST/sensor_add || return
	s=$(sensor_of "$1")
	echo 50000 >"$s/low"
	echo 60000 >"$s/high"
}

# refused TEXT SPEC: sensor_add fails with that error.
refused() { [[ $( (echo "$2" >$HOST/sensor_add) 2>&1) == *"$1" ]]; }

# All that the kernel has sent, and all that it has logged, so far.
uevents() { cat /sys/kernel/uevent_seqnum; }
log_lines() { dmesg | wc -l; }

# How many sensors are faulty, how many show the value of their zone of aero_zone.
faulty() { (($(grep -l '^faulty' $SENSORS*/state | wc -l) == $1)); }
read_well() {
	local name value s n=0 temperature
	read -r temperature <$ZONE/temperature
	for s in $SENSORS*; do
		read -r name <"$s/name" && { read -r value <"$s/value"; } 2>/dev/null || continue
		((value != temperature + ${name##*zone})) || ((++n))
	done
	((n == $1))
}

# stays SECONDS FILE PATTERN: it matches, whenever one looks.
stays() {
	local end=$((SECONDS + $1))
	while ((SECONDS < end)); do
		is "$2" "$3" || return
		sleep 0.05
	done
}

test_hwmon_is_read_in_millidegrees() {
	local s
	echo "hwmon jc42 temp1" >$HOST/sensor_add
	s=$(sensor_of "hwmon jc42 temp1")
	host_set_temp 47500
	check "value" wait_for 5 is "$s/value" 47500
	check "kind" is "$s/kind" temperature
	check "no thresholds yet" is "$s/state" 'unset*'
	echo 45000 >"$s/low"
	echo 50000 >"$s/high"
	check "between the thresholds" wait_for 3 is "$s/state" hold
	host_set_temp 52000
	check "above high" wait_for 5 is "$s/state" high
	echo 51000 >"$s/emergency"
	check "above emergency" wait_for 5 is "$s/state" emergency
	host_set_temp 40000
	check "below low" wait_for 20 is "$s/state" low
	echo "${s##*/}" >$HOST/sensor_remove
	check "removed" test ! -e "$s"
}

test_an_unbound_chip_is_faulty_and_comes_back() {
	local s
	host_set_temp 40000
	echo "hwmon $BENCH_I2C_BUS-0018 temp1" >$HOST/sensor_add
	s=$(echo /sys/class/aerostat/sensor-*)
	check "read by bus address" wait_for 5 is "$s/value" 40000
	echo 45000 >"$s/low"
	echo 50000 >"$s/high"
	echo auto >$HOST/mode
	check "idle while cool" wait_for 5 is $HOST/state idle
	echo "$BENCH_I2C_BUS-0018" >/sys/bus/i2c/drivers/jc42/unbind
	check "faulty" wait_for 5 is "$s/state" 'faulty: no such chip*'
	check "the controller says that it is blind" wait_for 5 is $HOST/state blind
	echo "$BENCH_I2C_BUS-0018" >/sys/bus/i2c/drivers/jc42/bind
	check "believed again" wait_for 10 is "$s/state" low
	check "idle again" wait_for 5 is $HOST/state idle
}

test_thermal_zone() {
	local s
	zones temperature=41000
	echo "thermal aero_zone" >$HOST/sensor_add
	s=$(sensor_of "thermal aero_zone")
	check "value" wait_for 5 is "$s/value" 41000
	echo 50000 >"$s/low"
	echo 60000 >"$s/high"
	echo 45000 >$ZONE/temperature
	check "follows" wait_for 5 is "$s/value" 45000
	# 400 degrees cannot be.
	echo 400000 >$ZONE/temperature
	check "out of range" wait_for 5 is "$s/state" 'faulty*'
	echo 45000 >$ZONE/temperature
	check "believed again" wait_for 10 is "$s/state" low
	# A jump of 40 degrees in a second is not believed at first.
	echo 85000 >$ZONE/temperature
	check "a jump" wait_for 3 is "$s/state" 'faulty*'
	check "that lasts is real" wait_for 10 is "$s/state" high
	echo 1 >$ZONE/broken
	check "a failing zone" wait_for 5 is "$s/state" 'faulty*'
	rmmod aero_zone
	check "a zone that has gone" wait_for 5 is "$s/state" 'faulty: no such*'
}

test_a_faulty_sensor_is_left_out() {
	local good bad
	host_set_temp 40000
	zones temperature=40000
	echo "hwmon jc42 temp1" >$HOST/sensor_add
	echo "thermal aero_zone" >$HOST/sensor_add
	good=$(sensor_of "hwmon jc42 temp1")
	bad=$(sensor_of "thermal aero_zone")
	for s in $good $bad; do
		echo 50000 >"$s/low"
		echo 60000 >"$s/high"
	done
	echo auto >$HOST/mode
	check "both are low" wait_for 5 is $HOST/level low
	echo 1 >$ZONE/broken
	check "the zone is faulty" wait_for 5 is "$bad/state" 'faulty*'
	host_set_temp 65000
	check "the chip decides alone" wait_for 10 is $HOST/level high
	host_set_temp 55000
	check "hold" wait_for 10 is $HOST/level hold
	rmmod aero_zone
}

test_what_is_refused_leaves_no_trace() {
	local own before spec
	own=$(grep -lx aerostat /sys/class/hwmon/hwmon*/name)
	own=${own%/name}
	host_set_temp 40000
	watch "hwmon jc42 temp1"
	check "read" wait_for 5 is "$s/state" 'low'
	sleep 0.2
	before=$(uevents)
	check "the same again" refused "File exists" "hwmon jc42 temp1"
	for spec in "hwmon jc42" "hwmon jc42 fan1" "hwmon jc42 temp" "thermal" "thermal zone-with-a-very-long-name" "x y" ""; do
		check "nonsense" refused "Invalid argument" "$spec"
	done
	# The model's own chip, by each of its names: what comes of the sensors is no sensor.
	for spec in aerostat "${own##*/}" host; do
		check "feedback" refused "Invalid argument" "hwmon $spec power1"
	done
	check_num "uevents" "$(uevents)" eq "$before"
	check_num "sensors" "$(compgen -G "$SENSORS*" | wc -l)" eq 1
}

test_failures_are_told_once() {
	local s before lines
	zones
	echo 100 >$HOST/period_ms
	watch "thermal aero_zone"
	check "read" wait_for 5 is "$s/state" low
	sleep 0.2
	before=$(uevents) lines=$(log_lines)
	echo 1 >$ZONE/broken
	check "faulty" wait_for 3 is "$s/state" 'faulty: reading it fails'
	check "its value is the error" eval '! cat "$s/value" 2>/dev/null'
	check "as long as it fails" stays 1 "$s/state" 'faulty*'
	check_num "uevents of some ten failures" $(($(uevents) - before)) eq 1
	# Right every other time is never right.
	echo 2 >$ZONE/every
	check "a loose contact" stays 2 "$s/state" 'faulty*'
	check_num "uevents of the loose contact" $(($(uevents) - before)) eq 1
	echo 0 >$ZONE/broken
	check "believed again" wait_for 3 is "$s/state" low
	sleep 0.2
	check_num "uevents" $(($(uevents) - before)) eq 2
	# Three good readings, one bad one: belief comes and goes, some fourteen times in three seconds.
	echo 4 >$ZONE/every
	echo 1 >$ZONE/broken
	sleep 3
	echo 0 >$ZONE/broken
	check_num "uevents of much ado" $(($(uevents) - before)) ge 4
	check_num "uevents of much ado" $(($(uevents) - before)) le 6
	check_num "lines in the log" $(($(log_lines) - lines)) le 2
	rmmod aero_zone
}

test_zero_and_standing_still() {
	local s
	zones
	watch "thermal aero_zone"
	echo auto >$HOST/mode
	check "read" wait_for 5 is $HOST/level low
	echo 0 >$ZONE/temperature
	check "a fall to zero" wait_for 3 is "$s/state" 'faulty: jump'
	check "the controller is blind" wait_for 3 is $HOST/state blind
	check "that lasts is real" wait_for 6 is "$s/state" low
	# A sensor in steps of a degree may stand still for hours.
	echo 100 >$HOST/period_ms
	check "as long as it stands still" stays 2 "$s/state" low
	# Unless its user knows better.
	! echo -1 >"$s/stuck_ms" 2>/dev/null || fail "less than no time is taken"
	echo 1500 >"$s/stuck_ms"
	check "it has stood still for too long" wait_for 2 is "$s/state" 'faulty: stuck'
	check "the controller is blind" wait_for 3 is $HOST/state blind
	check "as long as it does" stays 1 "$s/state" 'faulty: stuck'
	echo 1000 >$ZONE/temperature
	check "it moves: believed again" wait_for 1 is "$s/state" low
	check "for so long" wait_for 4 is "$s/state" 'faulty: stuck'
	echo 0 >"$s/stuck_ms"
	check "by its user's word" wait_for 1 is "$s/state" low
	rmmod aero_zone
}

test_random_jumps() {
	local s before
	zones
	echo 100 >$HOST/period_ms
	watch "thermal aero_zone"
	check "read" wait_for 5 is "$s/state" low
	sleep 0.2
	before=$(uevents)
	echo 0 >$ZONE/error
	echo 1 >$ZONE/broken
	check "not believed" wait_for 3 is "$s/state" 'faulty: jump'
	check "as long as it jumps" stays 2 "$s/state" 'faulty: jump'
	check_num "uevents" $(($(uevents) - before)) eq 1
	echo 0 >$ZONE/broken
	check "believed again" wait_for 3 is "$s/state" low
	rmmod aero_zone
}

test_zones_of_one_type() {
	local s zone
	zones zones=2 alike=1
	watch "thermal aero_zone"
	check "ambiguous" wait_for 5 is "$s/state" 'faulty: several*'
	zone=$(grep -lx aero_zone /sys/class/thermal/thermal_zone*/type | tail -n 1)
	zone=${zone%/type}
	watch "thermal ${zone##*/}"
	check "by its name in sysfs" wait_for 5 is "$s/value" "$(cat "$zone/temp")"
	rmmod aero_zone
}

# The driver goes while it is asked: nobody may be asked after it has gone.
test_gone_while_being_read() {
	local s chip=$BENCH_I2C_BUS-0018 i
	host_set_temp 40000
	zones churn=1 slow_ms=30
	echo 100 >$HOST/period_ms
	watch "hwmon $chip temp1"
	watch "thermal aero_zone"
	for ((i = 0; i < 10; i++)); do
		echo "$chip" >/sys/bus/i2c/drivers/jc42/unbind
		echo "$chip" >/sys/bus/i2c/drivers/jc42/bind
	done
	check "read now and then" wait_for 5 is "$s/value" 40000
	check "rounds" wait_for 20 at_least $ZONE/rounds 40
	check "no reading outlives its zone" is $ZONE/late 0
	rmmod aero_zone
	check "gone" wait_for 3 is "$s/state" 'faulty: no such*'
	s=$(sensor_of "hwmon $chip temp1")
	check "the chip is read" wait_for 5 is "$s/state" low
}

test_removal_while_being_read() {
	local s began
	zones slow_ms=1000
	echo 100 >$HOST/period_ms
	watch "thermal aero_zone"
	check "read" wait_for 5 is "$s/state" low
	began=$SECONDS
	echo "${s##*/}" >$HOST/sensor_remove
	check "removed" test ! -e "$s"
	check_num "seconds" $((SECONDS - began)) le 4
	watch "thermal aero_zone"
	check "read again" wait_for 5 is "$s/state" low
	rmmod aero_zone
	check "gone" wait_for 3 is "$s/state" 'faulty: no such*'
}

# charge SPEC: add a power supply as a sensor: emergency from 100 permille down, high from 300, low above 800.
charge() {
	echo "power_supply $1" >$HOST/sensor_add || return
	s=$(sensor_of "power_supply $1")
	echo 800 >"$s/low"
	echo 300 >"$s/high"
	echo 100 >"$s/emergency"
}

test_power_supplies() {
	local s ac bat supply=/sys/module/aero_supply/parameters
	insmod "$TREE/selftests/modules/aero_supply.ko"
	# What comes is told, and not found at the next period only.
	echo 10000 >$HOST/period_ms
	charge aero_ac
	ac=$s
	charge aero_bat
	bat=$s
	check "kind" is "$bat/kind" charge
	check "less is worse" eval '! echo 900 >"$bat/high" 2>/dev/null'
	echo auto >$HOST/mode
	check "mains" wait_for 3 is "$ac/value" 1000
	check "battery" wait_for 3 is "$bat/value" 1000
	check "all is well" wait_for 3 is $HOST/level low
	echo 0 >$supply/online
	check "the mains have gone" wait_for 3 is $HOST/level emergency
	check "told at once" is "$ac/value" 0
	echo 1 >$supply/online
	check "and are back" wait_for 3 is $HOST/level low
	echo 80 >$supply/capacity
	check "between the thresholds" wait_for 3 is $HOST/level hold
	echo 30 >$supply/capacity
	check "low charge" wait_for 3 is $HOST/level high
	echo 9 >$supply/capacity
	check "nearly empty" wait_for 3 is $HOST/level emergency
	echo 101 >$supply/capacity
	check "what no battery has" wait_for 3 is "$bat/state" 'faulty: range'
	echo 100 >$HOST/period_ms
	rmmod aero_supply
	check "gone" wait_for 3 is "$bat/state" 'faulty: no such*'
	check "no supply, no decision" wait_for 3 is $HOST/state blind
	insmod "$TREE/selftests/modules/aero_supply.ko"
	check "back, by its name" wait_for 3 is "$bat/state" low
	echo "${bat##*/}" >$HOST/sensor_remove
	charge Battery
	check "by its type" wait_for 3 is "$s/value" 1000
	rmmod aero_supply
}

# The kernel's own emulation, where its build has it (the debug release; Debian's has not).
test_power_supplies_of_the_kernel() {
	local s
	modprobe test_power 2>/dev/null || { skip "this kernel has no test_power (CONFIG_TEST_POWER)"; return; }
	charge test_ac
	check "mains" wait_for 3 is "$s/value" 1000
	echo off >/sys/module/test_power/parameters/ac_online
	check "they have gone" wait_for 3 is "$s/state" emergency
	charge test_battery
	echo 25 >/sys/module/test_power/parameters/battery_capacity
	check "battery" wait_for 3 is "$s/value" 250
	check "it is low" is "$s/state" high
	rmmod test_power
	check "gone" wait_for 3 is "$s/state" 'faulty: no such*'
}

# near FILE VALUE: within a tenth.
near() { local value; read -r value <"$1" && ((value * 10 >= $2 * 9 && value * 10 <= $2 * 11)); } 2>/dev/null

test_energy_counters_are_powers() {
	local counter zone meter=/sys/module/aero_meter/parameters
	# The zone's counter wraps after a second and a half, or less. Its control type has the same name, and is no zone.
	insmod "$TREE/selftests/modules/aero_meter.ko" base_mw=100000 range_mj=150000
	echo 500 >$HOST/period_ms
	echo "hwmon aero_meter energy1" >$HOST/sensor_add
	echo "powercap aero_meter" >$HOST/sensor_add
	counter=$(sensor_of "hwmon aero_meter energy1")
	zone=$(sensor_of "powercap aero_meter")
	for s in $counter $zone; do
		check "kind" is "$s/kind" power
		check "100 W" wait_for 5 near "$s/value" 100000000
		check "it can be used" wait_for 5 is "$s/state" 'unset*'
	done
	echo 160000 >$meter/base_mw
	for s in $counter $zone; do check "160 W" wait_for 5 near "$s/value" 160000000; done
	sleep 3
	check "wraps are no faults" is "$zone/state" 'unset*'
	check "without a name" refused "Invalid argument" "powercap "
	rmmod aero_meter
	for s in $counter $zone; do check "gone" wait_for 3 is "$s/state" 'faulty: no such*'; done
	insmod "$TREE/selftests/modules/aero_meter.ko" base_mw=50000
	for s in $counter $zone; do check "back, and counting from zero" wait_for 8 near "$s/value" 50000000; done
	rmmod aero_meter
}

# As with RAPL's "intel-rapl:0", whose parts are "intel-rapl:0:0" and so on.
test_a_zone_and_its_part() {
	local zone part s
	insmod "$TREE/selftests/modules/aero_meter.ko" base_mw=100000
	zone=$(basename "$(dirname "$(grep -lx aero_meter /sys/class/powercap/*/name)")")
	part=$(basename "$(dirname "$(grep -lx aero_part /sys/class/powercap/*/name)")")
	[[ $part == "$zone":* ]] || fail "the part is $part, the zone $zone"
	echo 500 >$HOST/period_ms
	for s in "$zone" "$part" aero_meter aero_part; do echo "powercap $s" >$HOST/sensor_add; done
	for s in "$zone" aero_meter; do check "the zone as $s" wait_for 5 near "$(sensor_of "powercap $s")/value" 100000000; done
	for s in "$part" aero_part; do check "the part as $s" wait_for 5 near "$(sensor_of "powercap $s")/value" 50000000; done
	rmmod aero_meter
}

test_a_meter_that_only_averages() {
	local s
	insmod "$TREE/selftests/modules/aero_meter.ko" base_mw=100000
	for s in power2 power3; do echo "hwmon aero_meter $s" >$HOST/sensor_add; done
	check "its average" wait_for 5 near "$(sensor_of "hwmon aero_meter power2")/value" 100000000
	check "no such channel" wait_for 5 is "$(sensor_of "hwmon aero_meter power3")/state" 'faulty: no such channel*'
	rmmod aero_meter
}

test_a_model_of_no_effect() {
	local s
	insmod "$TREE/selftests/modules/aero_meter.ko" base_mw=100000
	cat $HOST/off_mw_per_gib >$HOST/active_mw_per_gib
	echo "hwmon aero_meter power1" >$HOST/sensor_add
	s=$(sensor_of "hwmon aero_meter power1")
	echo 50000000 >"$s/low"
	echo 60000000 >"$s/high"
	check "ineffective, and why" wait_for 5 is "$s/state" 'high: ineffective, saves nothing by the power model'
	echo auto >$HOST/mode
	check "the host, too" wait_for 5 is $HOST/state ineffective
	check "level" is $HOST/level low
	check "nothing is asked for" is $HOST/reclaim_target_bytes 0
	echo off >$HOST/mode
	echo 103 >$HOST/active_mw_per_gib
	check "by another model" wait_for 5 is "$s/state" high
	rmmod aero_meter
}

unreadable() { ! cat "$1" >/dev/null 2>&1; }
missing() { [[ ! -e $1 ]]; }
uptime_cs() { local up rest; read -r up rest </proc/uptime; echo "${up/./}"; }

test_what_measures_memory() {
	local own part meter energy since
	own=$(dirname "$(grep -lx aerostat /sys/class/hwmon/hwmon*/name)")
	insmod "$TREE/selftests/modules/aero_meter.ko" base_mw=100000
	echo 500 >$HOST/period_ms
	echo "powercap aero_part" >$HOST/sensor_add
	echo "hwmon aero_meter power1" >$HOST/sensor_add
	part=$(sensor_of "powercap aero_part")
	meter=$(sensor_of "hwmon aero_meter power1")
	check "read" wait_for 5 near "$part/value" 50000000
	check "of the machine, at first" is "$part/measures" machine
	check "nothing measures memory" missing "$own/power2_input"
	check "nonsense" eval '! echo board >"$part/measures" 2>/dev/null'
	echo memory >"$part/measures"
	check "as it was written" is "$part/measures" memory
	check "50 W" wait_for 5 near "$own/power2_input" 50000000
	check "label" is "$own/power2_label" 'memory (measured)'
	echo memory >"$meter/measures"
	check "their sum" wait_for 5 near "$own/power2_input" 150000000
	energy=$(cat "$own/energy2_input") since=$(uptime_cs)
	sleep 4
	energy=$((($(cat "$own/energy2_input") - energy) / ($(uptime_cs) - since) * 100))
	check_num "energy, as microwatt" $energy ge 135000000
	check_num "energy, as microwatt" $energy le 165000000
	rmmod aero_meter
	check "a sum with parts unknown is none" wait_for 5 unreadable "$own/power2_input"
	energy=$(cat "$own/energy2_input")
	sleep 1.5
	check "nor does it count" is "$own/energy2_input" "$energy"
	echo machine >"$part/measures"
	echo machine >"$meter/measures"
	check "nothing measures memory" wait_for 5 missing "$own/power2_input"
}

test_a_hundred_sensors_half_of_them_broken() {
	local i s name state before lines wrong=0
	zones zones=100
	lines=$(log_lines)
	for ((i = 0; i < 100; i++)); do
		echo "thermal aero_zone$i" >$HOST/sensor_add
	done
	for s in $SENSORS*; do
		echo 50000 >"$s/low"
		echo 60000 >"$s/high"
	done
	echo 100 >$HOST/period_ms
	echo auto >$HOST/mode
	check "all are read" wait_for 10 read_well 100
	check "level" wait_for 3 is $HOST/level low
	sleep 0.2
	before=$(uevents)
	echo 50 >$ZONE/broken
	check "half are faulty" wait_for 5 faulty 50
	for s in $SENSORS*; do
		read -r name <"$s/name"
		read -r state <"$s/state"
		if ((${name##*zone} < 50)); then
			[[ $state == 'faulty: reading it fails' ]] || ((++wrong))
		else
			[[ $state == low ]] || ((++wrong))
		fi
	done
	check_num "sensors in a wrong state" $wrong eq 0
	check "the others are read" read_well 50
	echo 61000 >$ZONE/temperature
	check "they decide" wait_for 3 is $HOST/level high
	check "and are read" wait_for 3 read_well 50
	# The broken ones jump from very cold to very hot.
	echo 0 >$ZONE/error
	check "they decide still" stays 2 $HOST/level high
	check "half are faulty" faulty 50
	echo 45000 >$ZONE/temperature
	check "it cools" wait_for 5 is $HOST/level low
	echo 5 >$ZONE/error
	check "level" stays 1 $HOST/level low
	echo 100 >$ZONE/broken
	check "all are faulty" wait_for 5 faulty 100
	check "the controller is blind" wait_for 3 is $HOST/state blind
	echo 0 >$ZONE/broken
	check "all are believed" wait_for 5 faulty 0
	check "all are read" wait_for 3 read_well 100
	check "the controller sees" wait_for 3 is $HOST/level low
	# Each sensor has changed its state four times at most, the host some ten times.
	check_num "uevents" $(($(uevents) - before)) le 500
	check_num "lines in the log" $(($(log_lines) - lines)) le 3
	rmmod aero_zone
}

run_cases
