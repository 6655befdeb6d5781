# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The bench host itself, for tests that run on it.  Source it.
#
#   host_set_temp MILLIDEGREES     what the jc42 sensor will report (multiples of 62.5, -256000 to 255937)
#   host_temp                      what it reports
#   host_movable_blocks [STATE]    how many memory blocks may go offline; only those in STATE (online, offline)
#   host_meminfo FIELD             a line of /proc/meminfo, in KiB
#   host_dmesg_clean               fails, and prints them, when the kernel has complained

# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/vm.sh"

# Register 5, as a JC-42.4 sensor has it: two's complement of 13 bits in sixteenths of a degree, high byte first on the
# bus, where SMBus words have the low byte first.
host_set_temp() {
	local value=$(($1 * 16 / 1000 & 0x1fff))
	i2cset -f -y "$BENCH_I2C_BUS" 0x18 0x05 "$(printf '0x%02x%02x' $((value & 0xff)) $((value >> 8)))" w
}

host_temp() { cat "$BENCH_JC42/temp1_input"; }

# An offline block has no zone of its own, but may be put into ZONE_MOVABLE among others.
host_movable_blocks() {
	local block zones n=0
	for block in /sys/devices/system/memory/memory*; do
		zones=$(<"$block/valid_zones")
		[[ $zones != *Movable* || ${1:-$(<"$block/state")} != "$(<"$block/state")" ]] || ((++n))
	done
	echo "$n"
}

host_meminfo() { awk -v field="$1:" '$1 == field { print $2 }' /proc/meminfo; }

host_dmesg_clean() {
	local lines
	lines=$(dmesg)
	! grep -E "$VM_COMPLAINTS" <<<"$lines" || vm__fail "the host's kernel complained"
}
