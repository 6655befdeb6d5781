# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What it shows, and what it says when there is nothing to show.

test_options() {
	local args
	tree_vms "$tree" 1
	ends 0 --help
	has "Usage: aerostat"
	ends 0 -V
	has "Aerostat ABI"
	for args in "" nonsense "status nonsense" "top -j" "plot -j x.csv" "metrics -j" "vms -k nonsense" "-i 0 record" "-i x record" \
		"-n 0 record" "-n -1 record" "status -n 3" "set vm-0" "set vm-0 shares" "set vm-9 shares=1" "plot" \
		"plot -o x.pdf x.csv" "metrics -o a -s b" "--nonsense status"; do
		# shellcheck disable=SC2086 # words
		ends 2 $args
		[[ $err && ! $out ]] || fail "$args: silent, or not on stderr"
	done
	# Options stand before or after the command.
	out=$(AEROSTAT_ROOT=$tree "$AEROSTAT" vms --json)
	json length 1
	out=$(AEROSTAT_ROOT=/nonexistent "$AEROSTAT" --json vms --root "$tree")
	json length 1
}

test_no_module() {
	local command
	tree_machine "$tree"
	for command in status vms sensors blocks top 'set host mode=off' 'record -n 1 -o /dev/null'; do
		# shellcheck disable=SC2086 # words
		ends 3 $command
		one_sentence "modprobe aerostat_host"
	done
	ends 3 metrics
	has "aerostat_up 0"
	ends 1 doctor
	has "modprobe aerostat_host"
}

test_another_version() {
	local file
	tree_machine "$tree"
	mkdir -p "$tree/sys/module/aerostat_host"
	ends 5 status
	one_sentence "another version"
	for file in mode state reclaimed_bytes; do
		rm -rf "$tree"
		tree_vms "$tree" 1
		rm "$tree/sys/class/aerostat/host/$file"
		for command in status vms sensors blocks top; do
			ends 5 $command
			one_sentence "no $file"
		done
		ends 1 doctor
		has "another version"
	done
}

# As aero, by somebody without rights.
aero_nobody() {
	out=$(as_nobody "$AEROSTAT" -r "$tree" "$@" 2>"$work/err")
	status=$?
	err=$(<"$work/err")
}

test_no_rights() {
	tree_vms "$tree" 1
	chmod 0700 "$tree/sys/class/aerostat/host"
	aero_nobody status
	same status $status 4
	one_sentence "as root"
	chmod 0755 "$tree/sys/class/aerostat/host"
	chmod 0600 "$tree/sys/class/aerostat/host/mode"
	aero_nobody status
	same status $status 4
	one_sentence "as root"
	chmod 0644 "$tree/sys/class/aerostat/host/mode"
	# To look is allowed then, to change is not.
	aero_nobody status
	same status $status 0
	aero_nobody set vm-0 shares=5
	same status $status 4
	one_sentence "as root"
	same shares "$(<"$tree/sys/class/aerostat/vm-0/shares")" 1000
}

test_vms() {
	local n
	for n in 1 3 50; do
		rm -rf "$tree"
		tree_vms "$tree" $n
		ends 0 vms -j
		json length $n
		json '[.[].name]|unique|length' $n
		json '.[0].size_bytes' $GiB
		json '.[0].reason' null
		ends 0 vms
		same lines "$(wc -l <<<"$out")" $((n + 1))
		has guest-$((n - 1))
		ends 0 status
		has "vm-$((n - 1))"
		has "taking: more is asked for"
		has "sensor-0 (hwmon jc42 temp1) reads 71.5C: high"
	done
	# The numbers' order, not the letters'.
	ends 0 vms -j
	json '.[10].id' '"vm-10"'
	ends 0 vms -j -k size
	json '[.[].size_bytes]|. == (sort|reverse)' true
	ends 0 vms -j --sort name
	json '[.[0,2,10].name]' '["guest-0","guest-2","guest-10"]'
}

test_reasons_and_absent_files() {
	tree_vms "$tree" 2
	echo 'refused: RAM is private memory, which no module can free; start QEMU otherwise' >"$tree/sys/class/aerostat/vm-1/state"
	rm "$tree"/sys/class/aerostat/vm-0/{pressure,idle,min_bytes} "$tree/sys/class/aerostat/host/"{level,power_mw,offline_blocks}
	echo 4096 >"$tree/sys/class/aerostat/vm-0/unheard_of_bytes"
	ends 0 vms
	has "        RAM is private memory"
	ends 0 status
	has_not "by the model"
	ends 0 vms -j
	json '.[1]|[.state,.reason]' '["refused","RAM is private memory, which no module can free; start QEMU otherwise"]'
	json '.[0]|has("pressure")' false
	json '.[0].unheard_of_bytes' 4096
	# Without its process, a VM has no name.
	rm -r "$tree/proc/1000"
	ends 0 vms -j
	json '.[0].name' null
}

test_names_are_harmless() {
	tree_vms "$tree" 1
	tree_qemu "$tree" 1000 --name $'guest=a,,b \e[2J"\\,debug-threads=on' -uuid nonsense
	ends 0 vms -j
	json '.[0].name' '"a,b ?[2J\"\\"'
	json '.[0].uuid' null
	ends 0 vms
	has 'a,b ?[2J"\'
	ends 0 metrics
	has 'domain="a,b ?[2J\"\\"'
	promtool check metrics <<<"$out" || fail "promtool"
}

# Whatever a VM is called, JSON, metrics and terminals get UTF-8 without control characters.
test_names_are_utf8() {
	local name locale han=''
	printf -v han '中%.0s' {1..60}
	tree_vms "$tree" 1
	# No UTF-8, a C1 control, overlong, a surrogate, beyond Unicode, cut off; then what is well-formed.
	for name in $'a\xff|a?' $'a\xc2\x9b2J|a??2J' $'a\xc0\x9b|a??' $'\xed\xa0\x80|???' $'\xf4\x90\x80\x80|????' \
		$'a\xe4\xb8|a??' $'\xe4\xb8\xad\x9b|中?' 'größe 中文|größe 中文' "$han|${han:0:53}" "a$han|a${han:0:52}"; do
		tree_qemu "$tree" 1000 -name "guest=${name%|*}"
		for locale in C.UTF-8 C; do
			out=$(LC_ALL=$locale "$AEROSTAT" -r "$tree" vms -j)
			iconv -f UTF-8 -t UTF-8 <<<"$out" >/dev/null || fail "JSON is not UTF-8"
			json '.[0].name' "\"${name#*|}\""
			out=$(LC_ALL=$locale "$AEROSTAT" -r "$tree" metrics)
			promtool check metrics <<<"$out" || fail "promtool"
			has "domain=\"${name#*|}\""
		done
		ends 0 vms
		has "${name#*|}"
		out=$(LC_ALL=C grep -c $'\x9b\|\xff' <<<"${out//[größe中文]/}")
		same "lines with control characters" "$out" 0
	done
}

test_sensors() {
	tree_vms "$tree" 1
	tree_sensor "$tree" 1 'hwmon coretemp temp1' 'faulty: reading it fails' 50000
	rm "$tree/sys/class/aerostat/sensor-1/value"
	tree_sensor "$tree" 2 'thermal acpitz' 'unset: write low and high to use it' 41000
	echo unset | tee "$tree"/sys/class/aerostat/sensor-2/{low,high,emergency} >/dev/null
	tree_sensor "$tree" 3 'hwmon power_meter power1' low 12500000
	echo power >"$tree/sys/class/aerostat/sensor-3/kind"
	tree_sensor "$tree" 10 'thermal x86_pkg_temp' low -3000
	ends 0 sensors
	has "faulty: reading it fails"
	has "unset: write low and high"
	has 71.5C
	has 12.5W
	has -3.0C
	same order "$(awk '{ print $1 }' <<<"$out" | tail -n 1)" sensor-10
	ends 0 sensors -j
	json '[.[].state]' '["high","faulty","unset","low","low"]'
	json '.[1].value' null
	json '.[2].low' null
	json '.[4].value' -3000
}

test_blocks() {
	tree_vms "$tree" 1
	ends 0 blocks
	has "      0  oooooooo oooooooo oooooooo oooooooo mmmmmmmm mmmmmmmm mmmmmmmm mmmmmmmm"
	has "     64  mmmmmmmm mmmmmmmm mmmmmmmm mmmmmmmm mmmmmmmm mmmmmmmm mmmmmm.. ........"
	has "128 blocks of 128M: o online 32, m online and movable 86, . offline 10 (1.2G); 10 of them by Aerostat"
	echo going-offline >"$tree/sys/devices/system/memory/memory33/state"
	# A hole.
	rm -r "$tree"/sys/devices/system/memory/memory{80..95}
	ends 0 blocks
	has "oooooooo m~mmmmmm"
	has "     96  mmmmmmmm mmmmmmmm mmmmmm.. ........"
	ends 0 blocks -j
	json '[(.blocks|length),.block_size_bytes,.taken]' '[112,134217728,10]'
	json '[.blocks[33],.blocks[111]]|map([.state,.node])' '[["going-offline",0],["offline",1]]'
	# What another group has in between is a hole, too.
	attrs "$tree/sys/class/aerostat/domain-0" name=between start=0x20000000 size=$((GiB / 2)) state=online
	ends 0 blocks
	has $'domain-0 between online\n      4  oooo\n'
	has $'node 0\n      0  oooo\n      8  oooooooo oooooooo oooooooo m~mmmmmm'
	rm -r "$tree/sys/devices/system/memory"
	ends 1 blocks
	one_sentence CONFIG_MEMORY_HOTPLUG
}

test_domains_and_cooling() {
	tree_vms "$tree" 1
	attrs "$tree/sys/class/aerostat/domain-0" name=dimm0 start=0x100000000 size=$((4 * GiB)) bytes=$((4 * GiB)) \
		offline_bytes=0 state=online
	attrs "$tree/sys/class/aerostat/domain-1" name=dimm1 start=0x300000000 size=$((4 * GiB)) bytes=$((4 * GiB)) \
		offline_bytes=$((10 * GiB / 8)) state=partial
	attrs "$tree/sys/class/thermal/cooling_device0" type=Processor cur_state=7 max_state=10
	attrs "$tree/sys/class/thermal/cooling_device5" type=aerostat cur_state=3 max_state=10
	ends 0 status
	has "asks for state 3 of 10"
	has "domain-1  partial: 1.2G of 4G offline (dimm1)"
	ends 0 blocks
	has $'domain-0 dimm0 online\n     32  mmmmmmmm mmmmmmmm mmmmmmmm mmmmmmmm\n'
	has $'domain-1 dimm1 partial\n     96  mmmmmmmm mmmmmmmm mmmmmm.. ........\n'
	has $'node 0\n      0  oooooooo oooooooo oooooooo oooooooo\n'
	has $'node 1\n     64  mmmmmmmm mmmmmmmm mmmmmmmm mmmmmmmm\n'
	ends 0 blocks -j
	json '[.blocks[31,32,63,64,127].domain]' '[null,"domain-0","domain-0",null,"domain-1"]'
	ends 0 status -j
	json '[.cooling.cur_state,.domains[1].offline_bytes]' '[3,1342177280]'
	ends 0 metrics
	has 'aerostat_power_domain_offline_bytes{power_domain="dimm1"} 1342177280'
	promtool check metrics <<<"$out" || fail "promtool"
}

test_charge() {
	tree_vms "$tree" 1
	tree_sensor "$tree" 1 'supply BAT0' low 755
	attrs "$tree/sys/class/aerostat/sensor-1" kind=charge low=600 high=400 emergency=100
	ends 0 sensors
	has 75.5%
	ends 0 set sensor-1 low=62.5%
	has "low=625"
	ends 0 metrics
	has 'aerostat_sensor_charge_ratio{id="sensor-1"} 0.755'
	has 'threshold="emergency"} 0.1'
	promtool check metrics <<<"$out" || fail "promtool"
}

test_guest() {
	tree_guest "$tree"
	ends 0 status
	has "1G of 2G that the host asks for"
	has "limited by: floor"
	ends 0 status -j
	json '[.host,.guests[0].balloon_bytes]' "[null,$GiB]"
	ends 0 set guest floor=256M
	has "floor_bytes=268435456"
	ends 0 metrics
	has 'aerostat_guest_balloon_bytes{device="0000:00:04.0"} 1073741824'
	ends 0 doctor
}

# What the PCI core has in the device's directory is not the guest's.
test_guest_is_no_pci_device() {
	local setting device=sys/bus/pci/drivers/aerostat_guest/0000:00:04.0
	tree_guest "$tree"
	ends 0 status -j
	json '.guests[0]|keys' '["balloon_bytes","floor_bytes","id","limits","rate_bytes","reason","state","target_bytes"]'
	ends 0 record -n 1
	iconv -f UTF-8 -t UTF-8 <<<"$out" >/dev/null || fail "not UTF-8"
	same attributes "$(tail -n +2 <<<"$out" | cut -d, -f4 | xargs)" \
		"balloon_bytes floor_bytes limits rate_bytes state target_bytes"
	for setting in remove=1 enable=0 config=1 driver_override=vfio-pci; do
		ends 2 set guest "$setting"
		one_sentence "has no setting"
	done
	same remove "$(<"$tree/$device/remove")" ""
	same enable "$(<"$tree/$device/enable")" 1
}

test_colour_is_for_terminals() {
	tree_vms "$tree" 1
	ends 0 status
	has_not $'\e'
	out=$(TERM=xterm script -qec "$AEROSTAT -r $tree status" /dev/null)
	has $'\e[1m'
	out=$(TERM=xterm NO_COLOR=1 script -qec "$AEROSTAT -r $tree status" /dev/null)
	has "taking"
	has_not $'\e'
}

test_a_full_disk_is_noticed() {
	local command
	tree_vms "$tree" 3
	for command in status vms sensors blocks metrics 'status -j'; do
		# shellcheck disable=SC2086 # words
		"$AEROSTAT" -r "$tree" $command >/dev/full 2>"$work/err" && fail "$command: no failure"
		grep -q "No space left" "$work/err" || fail "$command: $(<"$work/err")"
	done
}
