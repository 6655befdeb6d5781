# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What runs for a while, or is for other programs: metrics, records, events.

# A metric's value: metric 'vm_shares{domain="guest-0",vm="vm-0"}' 1000
metric() { grep -qxF "aerostat_$1 $2" <<<"$out" || fail "no aerostat_$1 $2"; }

test_metrics() {
	local n
	for n in 0 1 50; do
		rm -rf "$tree"
		tree_vms "$tree" $n
		ends 0 metrics
		promtool check metrics <<<"$out" || fail "promtool, $n VMs"
		same "VMs" "$(grep -c '^aerostat_vm_size_bytes{' <<<"$out")" $n
		same "last line" "${out##*$'\n'}" "# EOF"
	done
	tree_sensor "$tree" 1 'thermal acpitz' low 41000
	tree_sensor "$tree" 2 'hwmon 0-0018 power1' low 12500000
	echo power >"$tree/sys/class/aerostat/sensor-2/kind"
	tree_sensor "$tree" 3 'hwmon gone temp2' 'faulty: no such chip' 1
	rm "$tree/sys/class/aerostat/sensor-3/value"
	ends 0 metrics
	promtool check metrics <<<"$out" || fail "promtool"
	metric up 1
	metric 'mode{mode="auto"}' 1
	metric 'mode{mode="off"}' 0
	metric reclaimed_bytes 2684354560
	metric power_watts 1.587
	metric 'memory_blocks{state="offline"}' 10
	# As node_exporter names the chip of /sys/devices/pci0000:00/0000:00:1f.3/i2c-0/0-0018.
	metric 'sensor_celsius{id="sensor-0",chip="i2c_0_0_0018",sensor="temp1"}' 71.5
	metric 'sensor_threshold_celsius{id="sensor-0",chip="i2c_0_0_0018",sensor="temp1",threshold="emergency"}' 85
	metric 'sensor_celsius{id="sensor-1",zone="3",type="acpitz"}' 41
	metric 'sensor_watts{id="sensor-2",chip="i2c_0_0_0018",sensor="power1"}' 12.5
	metric 'sensor_state{id="sensor-3",chip="gone",sensor="temp2",state="faulty"}' 1
	metric 'vm_shares{domain="guest-7",vm="vm-7"}' 1007
	metric 'vm_limit_bytes{domain="guest-7",vm="vm-7"}' 8589934592
	metric 'vm_managed{domain="guest-7",vm="vm-7"}' 1
	metric 'vm_pressure_ratio{domain="guest-7",vm="vm-7"}' 0.049
	metric 'vm_info{domain="guest-7",vm="vm-7",uuid="00000000-0000-4000-8000-000000000007",pid="1007"}' 1
}

# OpenMetrics is stricter than what promtool reads: a family is in one piece, its unit ends its name.
test_metrics_are_openmetrics() {
	tree_vms "$tree" 3
	tree_sensor "$tree" 1 'thermal acpitz' low 41000
	ends 0 metrics
	out=$(awk '
		$1 == "#" && $2 == "EOF" { eof = NR; next }
		$1 == "#" && $2 == "TYPE" {
			if (seen[$3]++) print "twice: " $3
			if ($4 != "gauge") print "type of " $3
			family = $3; samples = 0; next
		}
		$1 == "#" && $3 != family { print "not of its family: " $0 }
		$1 == "#" && $2 == "UNIT" && $3 !~ "_" $4 "$" { print "unit of " $3 }
		$1 == "#" { if (samples) print "after a sample: " $0; next }
		{ samples = 1; name = $1; sub(/[{].*/, "", name); if (name != family) print "not of its family: " $0 }
		END { if (eof != NR) print "no end" }' <<<"$out")
	same complaints "$out" ""
}

_reads_whole_files() {
	local i
	for ((i = 0; i < 300; i++)); do
		[[ $(tail -n 1 "$1") == "# EOF" ]] || return 1
	done
}

test_metrics_file() {
	local writer what file=$work/textfile/aerostat.prom
	tree_vms "$tree" 20
	mkdir -p "$work/textfile"
	ends 0 metrics -o "$file"
	same mode "$(stat -c %a "$file")" 644
	promtool check metrics <"$file" || fail "promtool"
	ln "$file" "$work/old"
	(while :; do "$AEROSTAT" -r "$tree" metrics -o "$file"; done) &
	writer=$!
	_reads_whole_files "$file" || fail "part of a file was seen"
	kill $writer
	wait $writer 2>/dev/null
	wait_for eval "! pgrep -f -- '-r $tree metrics'" || fail "still writing"
	[[ ! $file -ef $work/old ]] || fail "written in place"
	ends 1 metrics -o "$work/nowhere/aerostat.prom"
	one_sentence "No such file"
	# A link stays, what it leads to is replaced.
	ln -s textfile/aerostat.prom "$work/link"
	ends 0 metrics -o "$work/link"
	[[ -L $work/link && $(tail -n 1 "$file") == "# EOF" ]] || fail "the link is gone"
	# Nothing but a file is: not a device, a pipe or a directory.
	mknod "$work/null" c 1 3
	mkfifo "$work/pipe"
	ln -s null "$work/null-link"
	for what in null pipe textfile null-link; do
		ends 2 metrics -o "$work/$what"
		one_sentence "no regular file"
	done
	[[ -c $work/null && -p $work/pipe && -d $work/textfile && -L $work/null-link ]] || fail "something was replaced"
	# Without the module the file says so.
	rm -r "$tree/sys/class/aerostat" "$tree/sys/module/aerostat_host"
	ends 3 metrics -o "$file"
	out=$(<"$file")
	metric up 0
	rm -f "$work"/textfile/aerostat.prom.??????
	same files "$(ls "$work/textfile")" aerostat.prom
}

_get() { printf 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' | socat -t 5 - "UNIX-CONNECT:$1"; }

test_metrics_socket() {
	local server silent path=$work/metrics.sock
	tree_vms "$tree" 3
	"$AEROSTAT" -r "$tree" metrics -s "$path" &
	server=$!
	wait_for test -S "$path" || fail "no socket"
	out=$(_get "$path")
	has "HTTP/1.0 200 OK"
	has "application/openmetrics-text"
	same length "$(sed '1,/^\r$/d' <<<"$out" | wc -c)" "$(tr -d '\r' <<<"$out" | sed -n 's/^Content-Length: //p')"
	out=$(sed '1,/^\r$/d' <<<"$out")
	promtool check metrics <<<"$out" || fail "promtool"
	metric up 1
	# Each time anew.
	echo 1 >"$tree/sys/class/aerostat/vm-0/shares"
	out=$(_get "$path")
	metric 'vm_shares{domain="guest-0",vm="vm-0"}' 1
	# Whoever says nothing does not keep the others away for long.
	socat -u "UNIX-CONNECT:$path" - >/dev/null &
	silent=$!
	sleep 0.1
	SECONDS=0
	out=$(_get "$path")
	metric up 1
	((SECONDS < 4)) || fail "$SECONDS s"
	kill $silent 2>/dev/null
	ends 1 metrics -s "$path"
	one_sentence "in use"
	kill -KILL $server
	wait $server 2>/dev/null
	# What a killed one has left is no obstacle.
	"$AEROSTAT" -r "$tree" metrics -s "$path" &
	server=$!
	wait_for eval "_get '$path' 2>/dev/null | grep -q 'aerostat_up 1'" || fail "not served again"
	kill $server
	wait $server
	same status $? 0
	[[ ! -e $path ]] || fail "the socket is left"
}

test_dashboard() {
	local name
	tree_vms "$tree" 3
	tree_sensor "$tree" 1 'hwmon power_meter power1' low 12500000
	echo power >"$tree/sys/class/aerostat/sensor-1/kind"
	ends 0 metrics
	jq -e '.title == "Aerostat" and (.panels|length) > 8' "$TOOL/grafana.json" >/dev/null || fail "no dashboard"
	# Each metric that it shows is there.
	while read -r name; do
		grep -q "^$name[ {]" <<<"$out" || fail "no $name"
	done < <(jq -r '.panels[].targets[].expr, .templating.list[].query | tostring' "$TOOL/grafana.json" |
		grep -o 'aerostat_[a-z_]*' | sort -u)
}

test_record() {
	tree_vms "$tree" 2
	tree_qemu "$tree" 1001 -name 'a "b",,c'
	SECONDS=0
	ends 0 record -n 3 -i 0.5 -o "$work/r.csv"
	((SECONDS <= 3)) || fail "$SECONDS s"
	same heading "$(head -n 1 "$work/r.csv")" time,id,name,attribute,value
	same samples "$(grep -c ',vm-0,guest-0,balloon_bytes,536870912$' "$work/r.csv")" 3
	same quoted "$(grep -cF ',vm-1,"a ""b"",c",shares,1001' "$work/r.csv")" 3
	same fields "$(grep -v '""' "$work/r.csv" | awk -F, 'NF != 5' | wc -l)" 0
	same interval "$(awk -F, '$2 == "host" && $4 == "mode" { print $1 }' "$work/r.csv" |
		awk 'NR > 1 && ($1 - last < 0.4 || $1 - last > 1) { print } { last = $1 }')" ""
	ends 0 record -n 2 -i 0.1 -j
	same lines "$(wc -l <<<"$out")" 2
	out=$(tail -n 1 <<<"$out")
	json '[(.vms|length),.host.mode]' '[2,"auto"]'
	# It ends in order, with whole samples.
	"$AEROSTAT" -r "$tree" record -i 0.1 -o "$work/r2.csv" &
	sleep 0.5
	kill $!
	wait $!
	same status $? 0
	# And says why, when the module goes.
	"$AEROSTAT" -r "$tree" record -i 0.1 -o "$work/r2.csv" 2>"$work/err" &
	sleep 0.5
	# At once, as rmmod does it.
	rm -r "$tree/sys/module/aerostat_host"
	mv "$tree/sys/class/aerostat" "$work/gone"
	wait $!
	same status $? 3
}

# A signal while a sample is taken ends it after that, and a sample is whole.
test_record_and_signals() {
	local recorder signal
	tree_vms "$tree" 2
	# What a VM is called is not to be had for a while.
	rm "$tree/proc/1000/cmdline"
	mkfifo "$tree/proc/1000/cmdline"
	for signal in TERM INT; do
		# With monitoring, a job in the background does not ignore SIGINT.
		set -m
		"$AEROSTAT" -r "$tree" record -i 3600 -o "$work/r.csv" 2>"$work/err" &
		recorder=$!
		set +m
		sleep 0.5
		kill -$signal $recorder
		sleep 0.3
		timeout 2 bash -c "printf 'qemu\0-name\0slow\0' >'$tree/proc/1000/cmdline'" || fail "$signal: not read"
		wait_for eval "! kill -0 $recorder 2>/dev/null" || fail "$signal: it goes on"
		kill -KILL $recorder 2>/dev/null
		wait $recorder
		same "status after $signal" $? 0
		same "names after $signal" "$(grep -c ',vm-0,slow,' "$work/r.csv")" 13
		same "values after $signal" "$(grep -c ',vm-1,guest-1,' "$work/r.csv")" 13
	done
	# Nobody reads for a while.
	rm -rf "$tree"
	tree_vms "$tree" 50
	mkfifo "$work/pipe"
	(
		exec <"$work/pipe"
		sleep 3
		exec cat >"$work/piped.csv"
	) &
	"$AEROSTAT" -r "$tree" record -i 0.1 -o "$work/pipe" 2>"$work/err" &
	recorder=$!
	sleep 2
	kill $recorder
	wait $recorder
	same status $? 0
	wait
	same err "$(<"$work/err")" ""
	# As many lines of each sample, of which there is more than a pipe holds.
	same "kinds of samples" "$(tail -n +2 "$work/piped.csv" | cut -d, -f1 | uniq -c | awk '{ print $1 }' | sort -u | wc -l)" 1
	(($(stat -c %s "$work/piped.csv") > 65536)) || fail "the pipe was never full"
}

test_plot() {
	local n
	for n in 1 50; do
		rm -rf "$tree"
		tree_vms "$tree" $n
		tree_qemu "$tree" 1000 -name "it's a _name_"
		ends 0 record -n 3 -i 0.1 -o "$work/r.csv"
		ends 0 plot -o "$work/r.png" "$work/r.csv"
		same kind "$(head -c 4 "$work/r.png" | od -An -c | tr -d ' ')" '211PNG'
		ends 0 plot -o "$work/r.svg" "$work/r.csv"
		same err "$err" ""
		grep -q '<svg' "$work/r.svg" || fail "no svg"
		grep -q 'it.*s a _name_\|guest-47' "$work/r.svg" || fail "no legend"
		grep -q 'it?s' "$work/r.svg" && fail "the quote is lost"
		grep -q 'Temperature' "$work/r.svg" || fail "no temperatures"
	done
	ends 0 plot -o "$work/it's a \"chart\".svg" "$work/r.csv"
	grep -q '<svg' "$work/it's a \"chart\".svg" || fail "not written where it was asked for: $(ls "$work")"
	echo nonsense >>"$work/r.csv"
	ends 1 plot -o "$work/r.svg" "$work/r.csv"
	one_sentence "is not what aerostat record writes"
	ends 1 plot -o "$work/r.svg" /dev/null
	one_sentence "nothing in it"
	ends 1 plot -o "$work/r.svg" "$work/none.csv"
	one_sentence "No such file"
	sed -i '$d' "$work/r.csv"
	PATH=/nonexistent ends 1 plot -o "$work/r.svg" "$work/r.csv" 2>/dev/null
	one_sentence "install gnuplot-nox"
}

# Sensors without thresholds, or without some: lines that are there are drawn, wherever the allocator puts them.
test_plot_without_thresholds() {
	local n
	tree_vms "$tree" 1
	for n in {0..7}; do
		tree_sensor "$tree" $n "hwmon chip$n temp1" low 50000
		echo unset | tee "$tree/sys/class/aerostat/sensor-$n/"{low,high} >/dev/null
	done
	rm "$tree/sys/class/aerostat/sensor-7/emergency"
	ends 0 record -n 2 -i 0.1 -o "$work/r.csv"
	MALLOC_PERTURB_=165 ends 0 plot -o "$work/r.svg" "$work/r.csv"
	same sensors "$(grep -o '>hwmon chip[0-9] temp1<' "$work/r.svg" | sort -u | wc -l)" 8
	same emergencies "$(grep -o '>sensor-[0-9] emergency<' "$work/r.svg" | sort -u | wc -l)" 7
	same lows "$(grep -c '>sensor-[0-9] low<' "$work/r.svg")" 0
}

# What comes once more is found without looking at all there is: time does not grow with the square of the VMs.
test_plot_many_vms() {
	awk 'BEGIN {
		print "time,id,name,attribute,value"
		for (t = 0; t < 3; t++)
			for (vm = 0; vm < 5000; vm++)
				for (a = 0; a < 11; a++)
					printf "%d,vm-%d,guest-%d,%s,%d\n", t, vm, vm, a ? "a" a : "balloon_bytes", vm
	}' >"$work/many.csv"
	# gnuplot itself takes its time; what counts is what comes before it.
	mkdir "$work/bin"
	printf '#!/bin/sh\nexec cat >%s\n' "$work/commands" >"$work/bin/gnuplot"
	chmod 755 "$work/bin/gnuplot"
	PATH=$work/bin:$PATH timeout 20 "$AEROSTAT" plot -o "$work/r.svg" "$work/many.csv" || fail "status $?"
	same series "$(grep -c '<< EOD' "$work/commands")" 5000
}

# In namespaces of its own no other event is heard, nobody else hears these, and udevd seems to run.
_watch_alone() {
	mount -t tmpfs tmpfs /run
	mkdir /run/udev
	: >/run/udev/control
	"$AEROSTAT" -r "$tree" watch "$@" >"$work/events" 2>"$work/err" &
	local watcher=$!
	sleep 0.5
	"$BUILD/uevent" /devices/pci0 ACTION=change SEQNUM=7 SUBSYSTEM=pci AEROSTAT_STATE=nonsense
	"$BUILD/uevent" /devices/virtual/aerostat/vm-3 ACTION=add SEQNUM=7 SUBSYSTEM=aerostat
	"$BUILD/uevent" /devices/virtual/aerostat/vm-3 ACTION=change SEQNUM=7 SUBSYSTEM=aerostat AEROSTAT_STATE=waiting
	"$BUILD/uevent" /devices/virtual/aerostat/host ACTION=change SEQNUM=7 SUBSYSTEM=aerostat AEROSTAT_STATE=taking
	wait $watcher
}

# As _watch_alone, but it does not read for a while, and there are many events.
_watch_late() {
	mount -t tmpfs tmpfs /run
	mkdir /run/udev
	: >/run/udev/control
	"$AEROSTAT" -r "$tree" watch -n 3 >"$work/events" 2>"$work/err" &
	local watcher=$!
	sleep 0.5
	kill -STOP $watcher
	"$BUILD/uevent" -n "$1" /devices/virtual/aerostat/vm-3 ACTION=change SEQNUM=7 SUBSYSTEM=aerostat AEROSTAT_STATE=waiting \
		"PADDING=$(printf 'x%.0s' {1..3000})"
	kill -CONT $watcher
	wait $watcher
}

test_watch_says_what_it_missed() {
	tree_vms "$tree" 4
	export -f _watch_late
	export AEROSTAT BUILD work tree
	timeout 30 unshare --net --mount --propagation private bash -c '_watch_late 1000' || fail "it does not end: $(<"$work/err")"
	same "after a thousand" "$(<"$work/err")" ""
	same events "$(wc -l <"$work/events")" 3
	timeout 30 unshare --net --mount --propagation private bash -c '_watch_late 100000' || fail "it does not end: $(<"$work/err")"
	err=$(<"$work/err")
	one_sentence "some are lost"
	same events "$(wc -l <"$work/events")" 3
}

test_watch() {
	tree_vms "$tree" 4
	echo 'waiting: load aerostat_guest in the guest' >"$tree/sys/class/aerostat/vm-3/state"
	export -f _watch_alone
	export AEROSTAT BUILD work tree
	timeout 20 unshare --net --mount --propagation private bash -c '_watch_alone -j -n 3' || fail "it does not end: $(<"$work/err")"
	out=$(<"$work/events")
	same events "$(wc -l <"$work/events")" 3
	out=$(jq -s . "$work/events")
	json '[.[]|[.id,.action,.state,.reason]]' \
		'[["vm-3","add",null,null],["vm-3","change","waiting","load aerostat_guest in the guest"],["host","change","taking",null]]'
	timeout 20 unshare --net --mount --propagation private bash -c '_watch_alone -n 3' || fail "it does not end: $(<"$work/err")"
	out=$(<"$work/events")
	has "vm-3       waiting: load aerostat_guest in the guest"
	has "host       taking"
}
