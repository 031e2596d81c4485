# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Dying and failing at every point at which dkms changes something on disk (tests/tools/syscall-fault). Load after
# lib/dkms. A scenario is a state to begin with and a command; from that state, for every point:
#
# LOOKS=1: not what changes something is struck, but what looks at the trees (with FAULTS=EIO: a disk that cannot be read).
#
# Faults are those of syscall-fault, and kill2: the command that comes after a kill is killed too.
#
#   after a kill    `dkms status` says the state before, one between or the one after; no original is lost; the
#                   same command again leaves the state after, to the byte, and builds nothing that was built.
#   after an error  exit status 0 and the state after, or a message and the state before or one between; then the
#                   command again, as above.
#
# The trees are in $C/now; "the state after" is all of it: the install tree with its index files, the dkms tree, the source
# tree, the directory for temporary files.
#
# $POINTS: how many runs a scenario gets (default 40), spread over all points and faults; "all": every point.
# $PART: of that number, only one in so many.

# shellcheck disable=SC2034,SC2154 # variables of and for the cases

TOOLS=${DKMS_TEST_ROOT%/test-root}/tests/tools
FAULTS=${FAULTS:-kill ENOSPC EIO EROFS ENOSPC+ EROFS+}
COMPLAINTS_MAX=${COMPLAINTS_MAX:-4}
BUILD_DIR='^var/[^/]*/[^/]*/build[/ ]'

crash_up() {
	world_up
	mkdir -p "$C/now"/{var,src,tmp,opt/lib} "$C/states"
	cp -a "$WORLD/modules" "$C/now/opt/lib/modules"
	INSTALL_TREE=${INSTALL_TREE:-$C/now/opt/lib/modules}
	cat >/etc/dkms/framework.conf.d/crash.conf <<-CONF
		dkms_tree=$C/now/var
		source_tree=$C/now/src
		install_tree=$INSTALL_TREE
		try_sign_modules=false
	CONF
	export TMPDIR=$C/now/tmp
}

# crash_source NAME VERSION "MODULES" [CONF_LINES]: as make_module, in the source tree of the case
crash_source() {
	make_module -m "$3" "$1" "$2" "${4:-}"
	mv "/usr/src/$1-$2" "$C/now/src/"
}

# A store of builds is part of no state: nothing in it is believed but what its digests say.
crash_digest() {
	"$TOOLS/tree-digest" "$C/now" | grep -v '^store[/ ]'
}

# with a store of built results, too
crash_store() {
	mkdir -m 700 "$C/now/store"
	echo "build_store=$C/now/store" >>/etc/dkms/framework.conf.d/crash.conf
}

# save NAME; back NAME
crash_save() {
	rm -rf "$C/states/$1"
	cp -a "$C/now" "$C/states/$1"
}

crash_back() {
	rm -rf "$C/now"
	cp -a "$C/states/$1" "$C/now"
}

_dkms_ok() {
	run_dkms "$@"
	[ "$status" = 0 ] || _fail "dkms $* should work"
}

_complain() { # TEXT
	complaints=$((complaints + 1))
	{
		echo "$what: $1"
		[ -z "${2:-}" ] || sed 's/^/    /' <<<"$2"
		sed -n "${at}p" "$C/struck" | sed 's/^/    at: /'
	} >&2
}

# Originals are where they were, or saved, to the byte.
_no_original_lost() { # DIGEST
	local o
	for o in "${originals[@]}"; do
		[[ $'\n'$1 == *$'\n'"$o"* || $1 == */original_module/*"/${o##*/}"* ]] ||
			_complain "an original is lost: $o" "$(grep -E 'original|\.ko' <<<"$1" | head -40)"
	done
}

_known_state() { # STATUS_TEXT: one of those between before and after
	local s
	for s in "${known[@]}"; do [ "$1" = "$s" ] && return; done
	[ -n "${ANY_ORDER:-}" ] && ! grep -vE ': (added|built|installed)$|^$' <<<"$1"
}

# The command again: it ends well, or as it does in the state after; and the state after it is.
_again() {
	local text=$1 module kernel
	run_dkms "${command[@]}"
	[ "$status" = 0 ] || [ "$status" = "$status_after" ] ||
		_complain "again: exit status $status" "$output"$'\n'"$errors"
	digest=$(crash_digest)
	[ "$digest" = "$after" ] ||
		_complain "again: not the state after; wanted (<), got (>)" \
			"$(diff <(echo "$after") <(echo "$digest"))"$'\n'"$output"$'\n'"$errors"$'\n'"first: $first"
	while IFS=', ' read -r module kernel _; do
		[[ $output != *"building $module for $kernel"* ]] || _complain "again: built what was built" "$text"
	done < <(grep -E ': (built|installed)$' <<<"$text")
}

# In the middle of an uninstall there may be differences, and the originals at home already.
_states_only() { # STATUS_TEXT
	sed 's/ (.*)$//' <<<"$1"
}

# The times of the directories stay: they go into tarballs.
_manifests_away() {
	local f n=0
	while IFS= read -r f; do
		n=$((n + 1))
		touch -r "${f%/*}" "$C/when.$n"
		mv "$f" "$f-away"
	done < <(find "$C/now/var" -name .manifest | sort)
}

_manifests_back() {
	local f n=0
	while IFS= read -r f; do
		n=$((n + 1))
		mv "$f" "${f%-away}"
		touch -r "$C/when.$n" "${f%/*}"
	done < <(find "$C/now/var" -name .manifest-away | sort)
}

_look() { # what status says now, in $text
	local with
	run_cmd "$DKMS" status
	text=$(_states_only "$output")
	[ "$status" = 0 ] || _complain "status: exit status $status" "$errors"
	_known_state "$text" || _complain "status tells a state that never was" "$output"
	# what is remembered of builds is the old or the new, and never makes a difference
	with=$output
	_manifests_away
	run_cmd "$DKMS" status
	[ "$output" = "$with" ] || _complain "status with manifests (<) and without (>)" \
		"$(diff <(echo "$with") <(echo "$output"))"
	_manifests_back
	while IFS= read -r f; do
		_is_whole "$f" || _complain "a manifest is neither old nor new: $f" "$(head -c 300 "$f")"
	done < <(find "$C/now/var" -name .manifest)
}

# All that its first line promises is there. (One that was only just made may be empty.)
_is_whole() {
	local magic format memory record _
	[ -s "$1" ] || return 0
	read -r magic format _ memory _ record <"$1"
	[ "$magic $format" = "dkms-manifest 1" ] &&
		[ "$(stat -c %s "$1")" -ge $((67 + 10#$memory + 10#$record)) ]
}

_killed() {
	_look
	_no_original_lost "$(crash_digest)"
	_again "$text"
}

declare -A ERROR_TEXT=([ENOSPC]='No space left' [EIO]='Input/output error' [EROFS]='Read-only file system')

_failed() { # FAULT
	local d s ok='' said=$errors told
	told=${ERROR_TEXT[${1%+}]}
	if [ "$status" = 0 ]; then
		digest=$(crash_digest)
		# on a file system that can only be read the lock stays, and temporary files
		[[ $1 != *+ ]] || digest=$(grep -v -e '^var/\.dkms[/ ]' -e '^tmp/' <<<"$digest")
		[ "$digest" = "$after" ] || [[ $1 == *+ && -n $said ]] || _complain "exit status 0, but not the state after" \
			"$said"$'\n'"$(diff <(echo "$after") <(echo "$digest"))"
	else
		[[ $said == *"$told"* ]] || _complain "exit status $status, but no '$told' on stderr" "$said"
		# a failed build leaves its record, and its directory to those who want to know why
		digest=$(crash_digest | grep -v -e '/\.failed[/ ]' -e "$BUILD_DIR")
		for s in "${states[@]}"; do [ "$digest" = "$s" ] && ok=1; done
		[ -z "${ANY_ORDER:-}" ] || ok=1
		if [ -z "$ok" ] && [[ $digest == */.dkms/journal/[0-9]* ]]; then
			unfinished=$((unfinished + 1))
		elif [ -z "$ok" ] && [[ $1 != *+ ]]; then
			_complain "not the state before, nor one between" "$said"$'\n'"$(diff <(echo "$before") <(echo "$digest"))"
		fi
	fi
	_look
	_no_original_lost "$(crash_digest)"
	_again "$text"
}

_one() { # FAULT N
	what="$1 at $2 of $count" at=$2
	crash_back before
	run_cmd "$TOOLS/syscall-fault" -t "$C/struck" ${LOOKS:+-r "$C/now"} "${1%2}" "$2" "$DKMS" "${command[@]}"
	first=$status$'\n'$output$'\n'$errors
	case $1 in
	kill2) # anywhere in the first half, where the cleaning up is
		run_cmd "$TOOLS/syscall-fault" kill $((1 + $2 * 7 % (count / 2))) "$DKMS" "${command[@]}"
		_killed
		;;
	kill*) _killed ;;
	*) _failed "$1" ;;
	esac
}

# Which runs: "FAULT N" lines.
_runs() {
	local fault n i=0 runs list=()
	for fault in $FAULTS; do
		for ((n = 1; n <= count; n++)); do list+=("$fault $n"); done
	done
	if [ "${POINTS:-40}" = all ] || [ ${#list[@]} -le "${POINTS:-40}" ]; then
		printf '%s\n' "${list[@]}"
		return
	fi
	runs=$(((${POINTS:-40} + ${PART:-1} - 1) / ${PART:-1}))
	for ((i = 0; i < runs; i++)); do
		echo "${list[i * ${#list[@]} / runs]}"
	done
}

# crash COMMAND...: from the state that is there now. BETWEEN=(COMMAND...): what the command does in steps;
# ANY_ORDER=1: they have no order.
crash() {
	local before after known=() states=() originals=() count status_after complaints=0 unfinished=0 runs=0
	local command=("$@") step line fault n digest text what at
	crash_save before
	before=$(crash_digest)
	mapfile -t originals < <(grep -E '\.ko(\.[a-z]+)? file' <<<"$before" | grep '^opt/' | grep -v '/updates/')
	_dkms_ok status
	known=("$(_states_only "$output")") states=("$(grep -v "$BUILD_DIR" <<<"$before")")
	for step in "${BETWEEN[@]}"; do
		# shellcheck disable=SC2086
		_dkms_ok $step
		_dkms_ok status
		known+=("$(_states_only "$output")") states+=("$(crash_digest | grep -v "$BUILD_DIR")")
	done
	crash_back before
	run_cmd "$TOOLS/syscall-fault" -c "$C/count" ${LOOKS:+-r "$C/now"} count 0 "$DKMS" "${command[@]}"
	[ "$status" = 0 ] || _fail "dkms ${command[*]} should work" || return 1
	count=$(<"$C/count")
	after=$(crash_digest)
	_dkms_ok status
	known+=("$(_states_only "$output")") states+=("$(grep -v "$BUILD_DIR" <<<"$after")")
	run_dkms "${command[@]}"
	status_after=$status
	assert_same "$(crash_digest)" "$after" "the state after, and that after a second time" || return 1
	while read -r fault n; do
		_one "$fault" "$n"
		runs=$((runs + 1))
		[ "$complaints" -lt "$COMPLAINTS_MAX" ] || break
	done < <(_runs)
	echo "# points: $count in 'dkms ${command[*]}', $runs runs, $unfinished left for the next dkms to finish" >&3
	[ "$complaints" = 0 ]
}
