# bash completion for aerostat                             -*- shell-script -*-
# SPDX-License-Identifier: GPL-2.0

# _aerostat_objects ROOT: what "set" knows: directories of the class, and a guest's device.
_aerostat_objects() {
	local dir
	for dir in "$1"/sys/class/aerostat/*/; do
		[[ ! -d $dir ]] || basename "$dir"
	done
	for dir in "$1"/sys/bus/pci/drivers/aerostat_guest/0*/; do
		[[ ! -d $dir ]] || echo guest
	done
}

# _aerostat_settings ROOT OBJECT: files of it that can be written, as NAME=.
_aerostat_settings() {
	local file dir=$1/sys/class/aerostat/$2 files='*'
	if [[ $2 == guest ]]; then
		dir=$(echo "$1"/sys/bus/pci/drivers/aerostat_guest/0*/)
		# The other files there are the PCI core's, "remove" among them.
		files='@(balloon_bytes|target_bytes|rate_bytes|floor_bytes|state|limits)'
	fi
	for file in "$dir"/*; do
		# shellcheck disable=SC2053 # a pattern
		[[ ! -f $file || ${file##*/} != $files || ${file##*/} == uevent || $(stat -c %A "$file") != ??w* ]] || echo "${file##*/}="
	done
}

_aerostat() {
	local commands='status top vms sensors blocks set watch record plot metrics doctor'
	local columns='name state size balloon target min shares pressure idle'
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]-}
	local root=${AEROSTAT_ROOT-} command='' object='' options='-r --root -h --help -V --version' i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-r | --root) root=${COMP_WORDS[++i]-} ;;
		-i | --interval | -n | --count | -o | --output | -s | --socket | -k | --sort | -f | --file) ((++i)) ;;
		-*) ;;
		*)
			if [[ ! $command ]]; then
				command=${COMP_WORDS[i]}
			elif [[ ! $object ]]; then
				object=${COMP_WORDS[i]}
			fi
			;;
		esac
	done
	case $before in
	-r | --root)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	-o | --output | -s | --socket | -f | --file)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	-k | --sort)
		mapfile -t COMPREPLY < <(compgen -W "$columns" -- "$word")
		return
		;;
	-i | --interval | -n | --count)
		return
		;;
	esac
	if [[ $word == -* ]]; then
		case $command in
		status | sensors | blocks | doctor) options+=' -j --json' ;;
		set) options+=' -j --json -f --file' ;;
		vms) options+=' -j --json -k --sort' ;;
		top) options+=' -i --interval -k --sort' ;;
		watch) options+=' -j --json -n --count' ;;
		record) options+=' -j --json -i --interval -n --count -o --output' ;;
		plot) options+=' -o --output' ;;
		metrics) options+=' -o --output -s --socket' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	elif [[ ! $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
	elif [[ $command == set && ! $object ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_aerostat_objects "$root")" -- "$word")
	elif [[ $command == set ]]; then
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W "$(_aerostat_settings "$root" "$object")" -- "$word")
	elif [[ $command == plot ]]; then
		mapfile -t COMPREPLY < <(compgen -f -X '!*.csv' -- "$word")
	fi
}

complete -F _aerostat aerostat
