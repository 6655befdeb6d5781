# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# aerostat top, driven in tmux.

t() { tmux -L "aerostat-$$" -f /dev/null "$@"; }
screen() { t capture-pane -p; }
line() { screen | sed -n "$1p"; }

# shows TEXT: within ten seconds.
_on_screen() { screen | grep -qF -- "$1"; }
shows() { wait_for _on_screen "$1" || fail "no \"$1\" on the screen: $(screen)"; }
# row N REGEX: the Nth VM's line.
_row_is() { line $((4 + $1)) | grep -qE -- "$2"; }
row() { wait_for _row_is "$1" "$2" || fail "row $1 is $(line $((4 + $1)))"; }

# top_start COLUMNS LINES [ARGUMENT...]
top_start() {
	local columns=$1 lines=$2
	shift 2
	rm -f "$work"/{ended,sent,top.err}
	tree_vms "$tree" 50
	TMUX='' t new-session -d -x "$columns" -y "$lines" \
		"TERM=screen $AEROSTAT -r $tree top -i 0.3 $* 2>$work/top.err; echo ended: \$? >$work/ended; sleep 60"
	# shellcheck disable=SC2064 # now
	trap "tmux -L aerostat-$$ kill-server 2>/dev/null" EXIT
	shows "50 VMs"
}

# Nothing is wider than the screen, and the screen is full.
fits() {
	local wide
	wide=$(screen | awk -v columns="$1" 'length($0) > columns' | wc -l)
	same "lines that are too wide" "$wide" 0
	same "first line" "$(line 1 | grep -cE "^aerostat  mode auto  level high  state taking +50 VMs\$")" 1
	same "VMs" "$(screen | grep -cE '^[0-9]+ +guest-')" "$2"
}

test_top_80x24() {
	top_start 80 24
	fits 80 19
	same heading "$(line 4)" "VM    NAME           STATE         SIZE vBALLN  TARGT    MIN  SHARES  PRES  IDLE"
	shows "1.6 W (model)"
	shows "s shares  m minimum"
	# All that VMs can be sorted by, and the other way round.
	row 1 '^7 '
	t send-keys n
	row 1 '^0 +guest-0 '
	row 3 '^2 +guest-2 '
	t send-keys n
	row 1 '^49 +guest-49 '
	t send-keys r
	row 1 '^0 '
	t send-keys w
	row 1 '^49 '
	t send-keys '>'
	row 1 '34%'
	shows vPRES
	t send-keys '<' '<'
	shows vMIN
	# The cursor stays with its VM, and the list follows.
	t send-keys n End
	row 19 '^49 '
	t send-keys Home
	row 1 '^0 '
	t send-keys NPage Up
	sleep 0.5
	t send-keys h
	shows "change its shares"
	t send-keys h
	shows guest-1
	t send-keys q
	wait_for test -e "$work/ended" || fail "it does not end"
	same status "$(<"$work/ended")" "ended: 0"
	same err "$(<"$work/top.err")" ""
}

test_top_200x60() {
	top_start 200 60 -k name
	fits 200 50
	shows "BALLOON OF SIZE"
	row 1 '^0 +guest-0 .*#{20,}-{20,}'
	row 50 '^49 '
}

test_top_sets() {
	top_start 80 24 -k name
	t send-keys Down Down s
	shows "shares of vm-2 (guest-2), now 1002:"
	t send-keys 4444 Enter
	row 3 '^2 .* 4444 '
	same shares "$(<"$tree/sys/class/aerostat/vm-2/shares")" 4444
	# The cursor stays with the VM, wherever it goes.
	t send-keys w
	row 1 '^2 .* 4444 '
	t send-keys m
	shows "minimum of vm-2 (guest-2), now 805306368:"
	t send-keys 1.5G Enter
	row 1 '1.5G +4444 '
	same min "$(<"$tree/sys/class/aerostat/vm-2/min_bytes")" 1610612736
	t send-keys s 99 Escape
	sleep 0.5
	t send-keys s 77 BSpace BSpace 8 Enter
	wait_for eval "[[ \$(<$tree/sys/class/aerostat/vm-2/shares) == 8 ]]" || fail "backspace"
	t send-keys m much Enter
	shows "makes no sense"
	same min "$(<"$tree/sys/class/aerostat/vm-2/min_bytes")" 1610612736
}

# The number that the question is about may be another VM's by the time of the answer.
test_top_asks_about_one_vm() {
	top_start 80 24 -k name
	t send-keys Down Down s
	shows "shares of vm-2 (guest-2), now 1002:"
	echo 4711 >"$tree/sys/class/aerostat/vm-2/pid"
	t send-keys 4444 Enter
	shows "vm-2 (guest-2) has gone"
	same shares "$(<"$tree/sys/class/aerostat/vm-2/shares")" 1002
	t send-keys m
	shows "minimum of vm-2 (vm-2), now 805306368:"
	rm -r "$tree/sys/class/aerostat/vm-2"
	t send-keys 1G Enter
	shows "vm-2 (vm-2) has gone"
	shows "49 VMs"
}

# Also where SIGHUP is ignored.
test_top_ends_with_its_terminal() {
	local pid question
	tree_vms "$tree" 50
	# shellcheck disable=SC2064 # now
	trap "tmux -L aerostat-$$ kill-server 2>/dev/null" EXIT
	for question in "" s; do
		TMUX='' t new-session -d -x 80 -y 24 \
			"trap '' HUP; echo \$\$ >$work/pid; TERM=screen exec $AEROSTAT -r $tree top 2>$work/top.err"
		shows "50 VMs"
		t send-keys "$question"
		sleep 0.5
		pid=$(<"$work/pid")
		t kill-server
		wait_for eval "! kill -0 $pid 2>/dev/null" || fail "it goes on"
		kill -KILL "$pid" 2>/dev/null
		same err "$(<"$work/top.err")" "aerostat: the terminal has gone"
	done
}

# Words of whatever length from the module are cut. With these the line is just longer than its buffer.
test_top_long_words() {
	top_start 80 24 -k name
	printf '%0212d\n' 7 | tee "$tree"/sys/class/aerostat/host/{mode,level,offline_blocks} >/dev/null
	shows "aerostat  mode 000000"
	sleep 0.7
	[[ ! -e $work/ended ]] || fail "it has ended: $(<"$work/ended") $(<"$work/top.err")"
	shows "in 0000"
}

test_top_resizes() {
	local size
	top_start 80 24 -k name
	for size in 200x60 40x10 20x5 5x2 1x1 80x24 120x30; do
		t resize-window -x "${size%x*}" -y "${size#*x}"
		sleep 0.7
		[[ ! -e $work/ended ]] || fail "$size: it has ended: $(<"$work/top.err")"
		t send-keys Down s 1 Escape
		sleep 0.1
	done
	fits 120 25
}

test_top_does_not_flicker() {
	local before
	top_start 80 24
	t pipe-pane "cat >$work/sent"
	sleep 2
	# Five samples of the same: not a byte that would draw it again, and nothing is ever cleared.
	before=$(stat -c %s "$work/sent")
	((before < 200)) || fail "$before bytes sent for nothing"
	echo 12345 >"$tree/sys/class/aerostat/vm-7/shares"
	row 1 ' 12345 '
	t send-keys n
	row 1 '^0 '
	sleep 0.5
	grep -qaE $'\e\\[2?J' "$work/sent" && fail "the screen was cleared"
	(($(stat -c %s "$work/sent") > before)) || fail "nothing was sent at all"
}

test_top_while_things_go() {
	top_start 80 24 -k name
	rm -r "$tree"/sys/class/aerostat/vm-{0..9}
	shows "40 VMs"
	row 1 '^10 '
	echo 'quarantined: ring index out of bounds; reset the VM' >"$tree/sys/class/aerostat/vm-10/state"
	shows "quarantined: ring index out of bounds"
	mv "$tree/sys" "$tree/sys.gone"
	shows "modprobe aerostat_host"
	mv "$tree/sys.gone" "$tree/sys"
	t send-keys Home
	shows "40 VMs"
}

test_top_without_a_terminal() {
	tree_vms "$tree" 1
	ends 2 top </dev/null
	one_sentence "needs a terminal"
	out=$(TERM=nonsense script -qec "$AEROSTAT -r $tree top" /dev/null </dev/null)
	has "set TERM"
}
