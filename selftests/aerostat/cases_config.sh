# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Settings from a file.

# config LINE...: the case's file.
config() { printf '%s\n' "$@" >"$work/conf"; }

# refused LINE TEXT...: it is refused for that line alone, and nothing has changed; CONFIG as in config.
refused() {
	local line=$1 text=$2 before after
	shift 2
	config "$@"
	before=$(cd "$tree/sys/class/aerostat" && grep -r . .)
	ends 2 set --file "$work/conf"
	one_sentence "$work/conf:$line: "
	[[ $err == *"$text"* ]] || fail "no \"$text\" in: $err"
	after=$(cd "$tree/sys/class/aerostat" && grep -r . .)
	same "what there was" "$after" "$before"
}

test_config() {
	tree_vms "$tree" 2
	tree_sensor "$tree" 1 'power_supply BAT0' low 900
	echo charge >"$tree/sys/class/aerostat/sensor-1/kind"
	tree_sensor "$tree" 2 'powercap dram' low 12500000
	attrs "$tree/sys/class/aerostat/sensor-2" kind=power measures=machine
	attrs "$tree/sys/class/aerostat/domain-3" name=dimm1 start=0x100000000 size=$((2 * GiB)) active_mw_per_gib=103 off_mw_per_gib=54
	config '# comment' '' '[host]' 'mode = manual' '  reserve=2G  ' 'period = 250' \
		'[sensor  hwmon	jc42   temp1 ]' 'low = 60.5C' $'high=70000\r' 'emergency = unset' \
		'[ sensor power_supply BAT0 ]' 'low = 80%' 'high = 50%' '[sensor powercap dram]' 'high = 20W' 'measures = memory' \
		'[domain 100000000-17FFFFFFF dimm1]' 'active_mw_per_gib = 150'
	ends 0 set --file "$work/conf"
	same stderr "$err" ""
	has "host reserve_bytes=2147483648"
	has "sensor-0 low=60500"
	has "domain-3 active_mw_per_gib=150"
	same mode "$(setting host/mode)" manual
	same reserve "$(setting host/reserve_bytes)" $((2 * GiB))
	same period "$(setting host/period_ms)" 250
	same low "$(setting sensor-0/low) $(setting sensor-0/high) $(setting sensor-0/emergency)" "60500 70000 unset"
	same charge "$(setting sensor-1/low) $(setting sensor-1/high)" "800 500"
	same power "$(setting sensor-2/high) $(setting sensor-2/measures)" "20000000 memory"
	same domain "$(setting domain-3/active_mw_per_gib)" 150
	# What is there is not added again; and again is as once.
	same sensor_add "$(setting host/sensor_add)" ""
	ends 0 set -f "$work/conf"
}

test_config_with_mistakes() {
	tree_vms "$tree" 1
	refused 2 'the host has no setting "colour"' '[host]' 'colour = red' 'mode = manual'
	refused 2 'the host has no setting "sensor_add"' '[host]' 'sensor_add = hwmon a temp1'
	refused 3 'line 2 sets mode already' '[host]' 'mode = off' 'mode = manual'
	refused 3 'line 2 sets period_ms already' '[host]' 'period = 100' 'period_ms = 200'
	refused 3 'line 2 sets stuck already' '[sensor thermal acpitz]' 'stuck_ms = 1' 'stuck = 2'
	refused 3 'line 1 begins the same section' '[host]' 'mode = off' '[host]' 'period = 100'
	refused 2 'off, manual, auto or balance' '[host]' 'mode = on'
	refused 2 'period_ms: "soon" makes no sense' '[host]' 'period = soon'
	refused 2 'reserve_bytes: "2X" makes no sense' '[host]' 'reserve = 2X'
	refused 1 'write [host] before it' 'mode = manual'
	refused 2 'neither [SECTION] nor NAME = VALUE' '[host]' 'mode manual'
	refused 2 'an empty value' '[host]' 'mode ='
	refused 1 'has no ] at its end' '[host'
	refused 1 'there is no section [vm]' '[vm database]' 'shares = 1'
	refused 1 'is no sensor' '[sensor hwmon jc42]' 'low = 60C'
	refused 1 'is no sensor' '[sensor jc42 temp1]'
	refused 1 'is no sensor' '[sensor hwmon jc42 fan1]'
	refused 2 'a sensor has no setting "mode"' '[sensor hwmon jc42 temp1]' 'mode = off'
	refused 2 'makes no sense as a temperature' '[sensor hwmon jc42 temp1]' 'low = 60W'
	refused 2 'makes no sense as a power' '[sensor powercap dram]' 'low = 60C'
	refused 2 'only a power has "measures"' '[sensor thermal acpitz]' 'measures = memory'
	refused 2 'milliseconds' '[sensor thermal acpitz]' 'stuck_ms = long'
	refused 2 'machine or memory' '[sensor powercap dram]' 'measures = disks'
	refused 2 'stands against low = 71C in line 3' '[sensor hwmon jc42 temp1]' 'high = 70C' 'low = 71C'
	refused 3 'of a charge low is the greatest' '[sensor power_supply BAT0]' 'low = 10%' 'high = 20%'
	refused 1 'is no power domain' '[domain 17fffffff-100000000]'
	refused 1 'is no power domain' '[domain dimm1]'
	refused 2 'a power domain has no setting "low"' '[domain 100000000-17fffffff]' 'low = 1'
	refused 2 'milliwatts' '[domain 100000000-17fffffff]' 'active_mw_per_gib = 1W'
	# All of them at once, each with its line.
	config '[host]' 'colour = red' 'mode = on' 'mode = off' '[sensor x]'
	ends 2 set --file "$work/conf"
	same mistakes "$(sed 's/.*conf:\([0-9]*\):.*/\1/' <<<"$err" | xargs)" "4 5"
	printf '[host]\0\n' >"$work/conf"
	ends 2 set --file "$work/conf"
	one_sentence "this is no text"
}

test_config_cannot_be_applied() {
	local uid
	tree_vms "$tree" 1
	ends 1 set --file "$work/none"
	one_sentence "$work/none: No such file"
	# The kernel's refusal stands at its line, and the mode, though it comes first, is still the old one.
	config '[host]' 'mode = manual' '[sensor hwmon coretemp temp1]' 'low = 60C'
	ends 1 set --file "$work/conf"
	one_sentence "$work/conf:3: sensor_add has taken \"hwmon coretemp temp1\", but it is not there"
	same mode "$(setting host/mode)" auto
	out=$(
		trap '' XFSZ
		ulimit -f 0
		config_out=$("$AEROSTAT" -r "$tree" set -f "$work/conf" 2>&1 | cat)
		printf '%s' "$config_out"
	)
	has "conf:3: the kernel refuses hwmon coretemp temp1 for sensor_add of host: File too large"
	config '[host]' 'mode = manual'
	ends 2 set --file "$work/conf" host
	one_sentence "the file says all"
	ends 2 set --file "$work/conf" -j
	ends 2 status --file "$work/conf"
	rm -r "$tree/sys/class/aerostat" "$tree/sys/module/aerostat_host"
	ends 3 set --file "$work/conf"
	one_sentence "not loaded"
	# A mistake is one without the module, too.
	config '[host]' 'mode'
	ends 2 set --file "$work/conf"
}

# What is shipped, with all of its examples switched on, is as it should be; and as it is, it changes nothing.
test_config_as_shipped() {
	tree_vms "$tree" 1
	ends 0 set --file "$TOOL/aerostat.conf"
	same output "$out$err" ""
	tree_sensor "$tree" 1 'powercap dram' low 12500000
	attrs "$tree/sys/class/aerostat/sensor-1" kind=power measures=machine
	attrs "$tree/sys/class/aerostat/domain-0" name=dimm1 start=0x100000000 size=$((2 * GiB)) active_mw_per_gib=103 off_mw_per_gib=54
	sed 's/^#\([^ ]\)/\1/' "$TOOL/aerostat.conf" >"$work/conf"
	ends 0 set --file "$work/conf"
	same mode "$(setting host/mode)" auto
	# So is the manual's example.
	tree_sensor "$tree" 2 'hwmon power_meter power1' low 12500000
	echo power >"$tree/sys/class/aerostat/sensor-2/kind"
	sed -n '/^# a DIMM/,/^\.Ed/p' "$TOOL/aerostat.conf.5" | sed '$d' >"$work/conf"
	ends 0 set --file "$work/conf"
	same high "$(setting sensor-2/high)" 400000000
	# It lists the settings that there are.
	out=$(mandoc -Tascii "$TOOL/aerostat.conf.5" | sed 's/.\x08//g')
	for name in $(sed -n 's,^What:.*/sys/class/aerostat/\(host\|sensor-<n>\|domain-<n>\)/\([a-z_]*\)$,\2,p' \
		"$TOOL/../../Documentation/ABI/testing/sysfs-class-aerostat"); do
		case $name in
		state | level | reclaimed_bytes | offline_* | power_mw | *_add | *_remove | name | start | size | bytes | kind | value | effect_*) ;;
		*) has " $name " ;;
		esac
	done
}
