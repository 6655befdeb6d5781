# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The plant: what a machine would do with heat.  Source it.
#
# The memory's temperature follows, with a time constant of PLANT_TAU seconds,
#
#	ambient + load + PLANT_PER_GIB x (GiB of memory online)
#
# and is written into the emulated chip that the real jc42 driver reads.  All in millidegrees Celsius.

PLANT_TAU=5
PLANT_AMBIENT=18000
PLANT_PER_GIB=10000
plant_load=-25000
plant_temp=0
plant_at=0

# plant_step: let the time since the last step pass.
plant_step() {
	local now=${EPOCHREALTIME/[.,]/} online mib ms goal
	online=$(grep -lx online /sys/devices/system/memory/memory*/state | wc -l)
	mib=$((online * 128))
	goal=$((PLANT_AMBIENT + plant_load + PLANT_PER_GIB * mib / 1024))
	if ((plant_at)); then
		ms=$(((now - plant_at) / 1000))
		((ms < PLANT_TAU * 1000)) || ms=$((PLANT_TAU * 1000))
		plant_temp=$((plant_temp + (goal - plant_temp) * ms / (PLANT_TAU * 1000)))
	else
		plant_temp=$goal
	fi
	plant_at=$now
	host_set_temp "$plant_temp"
}
