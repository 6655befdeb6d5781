# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the bench's scripts share: names of places, progress on stderr, locks, and the few packages the
# machine itself needs.  Source it; it runs nothing.
#
# AEROSTAT_CACHE is the only directory outside the tree that the bench writes to:
#   root/RELEASE-KEY      a Debian root, see root.sh         boot/RELEASE-KEY   kernels and initramfs, see boot.sh
#   build/RELEASE         a copy of the tree, built there    run/               one directory for each running host

AEROSTAT_CACHE=${AEROSTAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aerostat}
BENCH_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # for those who source this
TREE_DIR=$(cd "$BENCH_DIR/../.." && pwd)

bench_t0=${EPOCHREALTIME/[.,]/}

# Seconds since this script began, with tenths.
bench_elapsed() {
	local us=$((${EPOCHREALTIME/[.,]/} - bench_t0))
	printf '%d.%d' $((us / 1000000)) $((us % 1000000 / 100000))
}

bench_log() { printf '[%6ss] %s: %s\n' "$(bench_elapsed)" "${0##*/}" "$*" >&2; }

# Status 2: wrong usage or a machine that cannot do it; the tests' own statuses stay free.
bench_die() {
	bench_log "error: $*"
	exit 2
}

# Print a file's contract, the comment that it opens with, as its help.
bench_usage() { sed -n '/^# SPDX/d; /^#!/d; /^#/!q; s/^# \{0,1\}//p' "$1"; }

bench_known_release() {
	case $1 in
	bookworm | trixie | testing | debug | clean) ;;
	*) bench_die "unknown release '$1': bookworm, trixie, testing, debug or clean" ;;
	esac
}

bench_need_root() {
	[[ $EUID -eq 0 ]] || bench_die "needs root (it mounts, and changes its root directory)"
}

# bench_install PACKAGE ...: install packages on this machine.
bench_install() {
	local -a as_root=()
	local install_lock=''
	command -v apt-get >/dev/null || bench_die "please install: $*"
	[[ $EUID -eq 0 ]] || as_root=(sudo)
	bench_log "installing on this machine: $*"
	export DEBIAN_FRONTEND=noninteractive
	# apt fails where another one is at work.
	bench_lock install_lock "$AEROSTAT_CACHE/install.lock" exclusive
	"${as_root[@]}" apt-get -qq update >&2 || bench_log "apt-get update failed, trying with the old lists"
	"${as_root[@]}" apt-get -qq install -y --no-install-recommends "$@" >/dev/null ||
		bench_die "could not install: $*"
	exec {install_lock}>&-
}

# bench_need COMMAND PACKAGE ...: install the packages whose command is missing, nothing when none is.
bench_need() {
	local -a missing=()
	while (($#)); do
		command -v "$1" >/dev/null || missing+=("$2")
		shift 2
	done
	((${#missing[@]} == 0)) || bench_install "${missing[@]}"
}

# bench_lock FD_VARIABLE FILE shared|exclusive: hold a lock until this process (and who inherits it) ends.
bench_lock() {
	local -n fd_ref=$1
	local how=--$3
	mkdir -p "${2%/*}"
	exec {fd_ref}>>"$2"
	flock "$how" --nonblock "$fd_ref" && return
	bench_log "waiting for another run (${2##*/})"
	flock "$how" "$fd_ref"
}
