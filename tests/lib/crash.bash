# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Dying and failing at every point at which dkms changes something on disk (tests/tools/syscall-fault). Load after
# lib/dkms. A scenario is a state to begin with and a command; from that state, for every point:
#
# LOOKS=1: not what changes something is struck, but what looks at the trees (with FAULTS=EIO: a disk that cannot be read).
# MEMORY=1: but what wants memory (with FAULTS=ENOMEM, and ENOMEM+, as malloc tries twice).
#
# Faults are those of syscall-fault, and kill2: the command that comes after a kill is killed too.
#
#   after a kill    `dkms status` says the state before, one between or the one after, and what it says is on the disk;
#                   no original is lost. A verb that takes the lock and then refuses leaves one of those states, to the
#                   byte, with nothing left over, nor in /run, /dev/shm and /tmp. The same command again, after that or at
#                   once (both in turn), leaves the state after, to the byte, and builds nothing that was built.
#   after an error  exit status 0 and the state after, or a message and the state before or one between; then as above.
#
# Points that leave the same on the disk, and said the same, are the same to who comes next: they are followed to the end
# once in each of these two ways.
#
# POST_BUILD_FAILS=1: it may, and then the build directory stays, and what was built.
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
# what is never there at rest
LEFT_OVER='^var/\.dkms[/ ]|^tmp/|\.dkms-|/\.build[/ ]|\.failed[/ ]'

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

# What is there, in $digest; $key is the same for all that is the same to who comes next. A store of builds is part of no
# state, nor are skeletons: nothing in them is believed but what digests and stats say.
_digest() {
	"$TOOLS/tree-state" digest "$C/now" store cache >"$C/.digest"
	{
		read -r key
		IFS= read -rd '' digest
	} <"$C/.digest" || :
	digest=${digest%$'\n'}
}

# with a store of built results, too
crash_store() {
	mkdir -m 700 "$C/now/store"
	echo "build_store=$C/now/store" >>/etc/dkms/framework.conf.d/crash.conf
}

# save NAME; back NAME
crash_save() {
	mkdir -p "$C/states/$1"
	"$TOOLS/tree-state" restore "$C/now" "$C/states/$1" var
}

crash_back() {
	"$TOOLS/tree-state" restore "$C/states/$1" "$C/now" var
}

# The kernel $K1 gets 120 compressed modules, so that skeletons of them are kept (in $C/now/cache); modules are signed.
crash_compressed() {
	local src dir=$C/now/opt/lib/modules/$K1
	src=$("$DKMS_TEST_TOP/tests/lib/fetch" kernel "$K1")/$K1
	(cd "$src" && find kernel/drivers/net kernel/net kernel/fs -name '*.ko' -size -100k | sort | sed -n '1~3p' |
		awk 'NR <= 120' | cpio -pdmu --quiet "$dir")
	find "$dir/kernel" -name '*.ko' -print0 | xargs -0 -P 2 -n 20 xz -0 --check=crc32
	cp "$src"/modules.{order,builtin,builtin.modinfo} "$dir/"
	sed -i 's/\.ko$/.ko.xz/' "$dir/modules.order"
	depmod -b "$C/now/opt" "$K1"
	mkdir -p "$C/now/cache" /var/cache/dkms
	mount --bind "$C/now/cache" /var/cache/dkms
	sed -i 's/^try_sign_modules=.*/try_sign_modules=true/' /etc/dkms/framework.conf.d/crash.conf
	rm -f /etc/dkms/framework.conf.d/tests.conf
}

# as run_cmd, but without a process for each thing that is read
_run() {
	ran="$*"
	status=0
	"$@" >"$C/.stdout" 2>"$C/.stderr" </dev/null 3>&- || status=$?
	IFS= read -rd '' output <"$C/.stdout" || :
	IFS= read -rd '' errors <"$C/.stderr" || :
	output=${output%$'\n'} errors=${errors%$'\n'}
}

_dkms_ok() {
	run_dkms "$@"
	[ "$status" = 0 ] || _fail "dkms $* should work"
}

_complain() { # TEXT [MORE]
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

# What is in brackets is true or not by what is on the disk just now ("agrees"): in the middle of an uninstall there may
# be differences, and the originals at home already.
_states_only() { # STATUS_TEXT: in $text
	local line
	text=''
	while IFS= read -r line; do text+=${line%% (*}$'\n'; done <<<"$1"
	text=${text%$'\n'}
}

_known_state() { # STATUS_TEXT: one of those between before and after
	local s
	for s in "${known[@]}"; do [ "$1" = "$s" ] && return; done
	[ -n "${ANY_ORDER:-}" ] && ! grep -vE ': (added|built|installed)$|^$' <<<"$1"
}

_look() { # what status says now, in $text
	local told wrong
	_run "$DKMS" status
	told=$output
	_states_only "$told"
	[ "$status" = 0 ] || _complain "status: exit status $status" "$errors"
	_known_state "$text" || _complain "status tells a state that never was" "$told"
	wrong=$("$TOOLS/tree-state" agrees "$C/now/var" "$INSTALL_TREE" <"$C/.stdout") ||
		_complain "status does not tell the truth" "$wrong"
	# what is remembered of builds never makes a difference
	_run "$TOOLS/tree-state" without-manifests "$C/now/var" "$DKMS" status
	[ "$output" = "$told" ] || _complain "status with manifests (<) and without (>)" \
		"$(diff <(echo "$told") <(echo "$output"))"
}

_is_state() { # WHAT_WAS_SAID: is $digest one that may be?
	local s
	for s in "${states[@]}"; do [ "$digest" = "$s" ] && return; done
	[ "$1" != killed ] || return
	for s in "${states_but_build[@]}"; do [ "$digest" = "$s" ] && return; done
	return 1
}

# A verb that changes nothing: who takes the lock finishes what was left, and there is nothing of it then.
_neutral() { # WHAT_WAS_SAID
	local s
	_run "$DKMS" uninstall no-such-module/1 -k "$K1"
	[ "$status" != 0 ] || _complain "neutral: exit status $status" "$output"$'\n'"$errors"
	_digest
	# a failed build leaves its record, and its directory to those who want to know why
	[ "$1" = killed ] || _without "$digest" '/\.failed[/ ]' "$BUILD_DIR"
	if _is_state "$1" || { [ "$1" != killed ] && _is_as_told; }; then return 0; fi
	if [ -n "${ANY_ORDER:-}" ]; then
		! grep -E "$LEFT_OVER" <<<"$digest" >"$C/left" || _complain "neutral: left over" "$(<"$C/left")"
		return 0
	fi
	_complain "neutral: not the state before (<), one between, or the one after" \
		"$(diff <(echo "$before") <(echo "$digest"))"$'\n'"$output"$'\n'"$errors"
}

# Does what was said before explain $digest? Where POST_BUILD fails the build directory stays, and what is built; a module
# that could not be signed is installed without a signature.
_is_as_told() {
	local digest=$digest
	if [ -n "${POST_BUILD_FAILS:-}" ] && [[ $first == 1* ]]; then
		_without "$digest" "$BUILD_DIR"
		[ "$digest" != "${states_but_build[-1]}" ] || return 0
	fi
	[[ $first == *"is not signed: "* ]] &&
		[ "$(_but_modules <<<"$digest")" = "$(_but_modules <<<"${states_but_build[-1]}")" ]
}

_but_modules() {
	sed 's/^\([^ ]*\.ko[^ ]* file [0-7]*\) .*/\1/'
}

# The command again: it ends well, or as it does in the state after; and the state after it is.
_again() {
	local text=$1 module kernel line
	_run "$DKMS" "${command[@]}"
	[ "$status" = 0 ] || [ "$status" = "$status_after" ] ||
		_complain "again: exit status $status" "$output"$'\n'"$errors"
	_digest
	[ "$digest" = "$after" ] || _is_as_told ||
		_complain "again: not the state after; wanted (<), got (>)" \
			"$(diff <(echo "$after") <(echo "$digest"))"$'\n'"$output"$'\n'"$errors"$'\n'"first: $first"
	while IFS= read -r line; do
		[[ $line == *': built' || $line == *': installed' ]] || continue
		IFS=', ' read -r module kernel _ <<<"$line"
		[[ $output != *"building $module for $kernel"* ]] || _complain "again: built what was built" "$text"
	done <<<"$text"
}

_no_scratch() { # WHO
	_find_scratch
	[ -z "$scratch" ] || _complain "$1: left over: $scratch"
}

_end() { # WAY WHAT_WAS_SAID
	ends=$((ends + 1))
	_look
	if [ "$1" != 0 ]; then
		_neutral "$2"
		_no_scratch neutral
	fi
	_again "$text"
	_no_scratch again
}

# Is a directory being replaced? What is done of that is told by inodes, of which a copy has others.
_is_exchanging() { grep -qs '^X' "$C"/now/var/.dkms/journal/*; }

# What is where module indexes are made, in $scratch. /run and /dev/shm are this run's own (lib/inside); what others have in
# /tmp has no links to modules of ours.
_find_scratch() {
	local d
	scratch=''
	for d in {/run,/dev/shm,/tmp}/dkms-tmp.*; do
		[ -d "$d" ] || continue
		[[ $d != /tmp/* ]] || [ -n "$(find "$d" -lname "$C/*" -print -quit 2>/dev/null)" ] || continue
		scratch+=" $d"
	done
}

# What comes after it, in two ways: one now and the other when the same is met again, or both now. The digest is that of
# now.
_follow() { # N WHAT_WAS_SAID
	local way scratch key=$key
	_find_scratch
	[ -z "$scratch" ] || key+=.scratch
	way=${followed[$2.$key]:-}
	_no_original_lost "$digest"
	case $way in
	'')
		way=$(($1 % 2))
		followed[$2.$key]=$((1 - way))
		;;
	both) return ;;
	*) followed[$2.$key]=both ;;
	esac
	if [ "$2" = killed ] && [ "${POINTS:-40}" = all ] && [ "${followed[$2.$key]}" != both ] && ! _is_exchanging; then
		followed[$2.$key]=both
		crash_save killed
		_end $((1 - way)) "$2"
		crash_back killed
	fi
	_end "$way" "$2"
}

declare -A ERROR_TEXT=([ENOSPC]='No space left' [EIO]='Input/output error' [EROFS]='Read-only file system'
	[ENOMEM]=memory)

_without() { # DIGEST PATTERN...: in $digest
	local line p all=$1
	shift
	digest=''
	while IFS= read -r line; do
		for p in "$@"; do [[ $line =~ $p ]] && continue 2; done
		digest+=$line$'\n'
	done <<<"$all"
	digest=${digest%$'\n'}
}

_failed() { # FAULT: is what was said true? The digest is that of now.
	local ok='' said=$errors told digest=$digest
	told=${ERROR_TEXT[${1%+}]}
	if [ "$status" = 0 ]; then
		# on a file system that can only be read the lock stays, temporary files, and what was replaced
		[[ $1 != E@(NOSPC|ROFS)+ ]] || _without "$digest" '^var/\.dkms[/ ]' '^tmp/' '/\.[^/]*\.dkms-old '
		[ "$digest" = "$after" ] || [[ $1 == E@(NOSPC|ROFS)+ && -n $said ]] || _is_as_told || _complain "exit status 0, but not the state after" \
			"$said"$'\n'"$(diff <(echo "$after") <(echo "$digest"))"
		return
	fi
	[[ $said == *"$told"* ]] || _complain "exit status $status, but no '$told' on stderr" "$said"
	_without "$digest" '/\.failed[/ ]' "$BUILD_DIR"
	if _is_state "$said" || [ -n "${ANY_ORDER:-}" ]; then ok=1; fi
	if [ -z "$ok" ] && [[ $digest == */.dkms/journal/[0-9]* ]]; then
		unfinished=$((unfinished + 1))
	elif [ -z "$ok" ] && [[ $1 != E@(NOSPC|ROFS)+ ]]; then
		_complain "not the state before, nor one between" "$said"$'\n'"$(diff <(echo "$before") <(echo "$digest"))"
	fi
}

# Runs the command with a fault at N. False: that point was not reached this time.
_strike() { # FAULT N
	local struck
	_run "$TOOLS/syscall-fault" -s "$C/times" -t "$C/struck" ${LOOKS:+-r "$C/now"} ${MEMORY:+-m} "$1" "$2" "$DKMS" "${command[@]}"
	read -r struck <"$C/times"
	[ "$struck" -gt 0 ] || return
	[[ $1 != kill* ]] || [ "$status" = 137 ] || _complain "not killed: exit status $status" "$output"$'\n'"$errors"
}

_one() { # FAULT N
	local room
	what="$1 at $2 of $count" at=$2
	crash_back before
	_strike "${1%2}" "$2" || {
		missed=$((missed + 1))
		return 0
	}
	first=$status$'\n'$output$'\n'$errors
	if [ "$1" = kill2 ]; then
		# anywhere in the first half, where the cleaning up is
		room=$((count - $2 + 4 < count / 2 ? count - $2 + 4 : count / 2))
		at=$((1 + $2 * 7 % room))
		_strike kill "$at" || missed=$((missed + 1))
	fi
	_digest
	case $1 in
	kill*) _follow "$2" killed ;;
	*)
		# without memory it dies as if killed, with the lock; when that was a worker, it is a failed build
		if [[ $status != 0 && $errors == *"out of memory"* && $digest == *"var/.dkms dir "* ]]; then
			_follow "$2" killed
		else
			_failed "$1"
			_follow "$2" "$first"
		fi
		;;
	esac
}

# Which runs: "FAULT N" in $list.
_runs() {
	local fault n i=0 runs all=()
	for fault in $FAULTS; do
		for ((n = 1; n <= count; n++)); do all+=("$fault $n"); done
	done
	list=("${all[@]}")
	[ "${POINTS:-40}" != all ] && [ ${#all[@]} -gt "${POINTS:-40}" ] || return 0
	runs=$(((${POINTS:-40} + ${PART:-1} - 1) / ${PART:-1}))
	list=()
	for ((i = 0; i < runs; i++)); do
		list+=("${all[i * ${#all[@]} / runs]}")
	done
}

# remembers the state that is there as one that may be
_may_be() {
	_dkms_ok status
	_states_only "$output"
	_digest
	known+=("$text") states+=("$digest")
	_without "$digest" "$BUILD_DIR"
	states_but_build+=("$digest")
}

# crash COMMAND...: from the state that is there now. BETWEEN=(COMMAND...): what the command does in steps;
# ANY_ORDER=1: they have no order.
crash() {
	local - # what bats does after every command takes longer than all else
	set +T
	_crash "$@"
}

_crash() {
	local before after known=() states=() states_but_build=() originals=() count status_after list=()
	local scratch complaints=0 unfinished=0 missed=0 runs=0 ends=0 command=("$@") step run digest key text what at first
	local -A followed=()
	crash_save before
	_may_be
	before=${states[0]}
	mapfile -t originals < <(grep -E '\.ko(\.[a-z]+)? file' <<<"$before" | grep '^opt/' | grep -v '/updates/')
	for step in "${BETWEEN[@]}"; do
		# shellcheck disable=SC2086
		_dkms_ok $step
		_may_be
	done
	# what another case left in /run would be removed in the run that counts, and only there
	_run "$DKMS" uninstall no-such-module/1 -k "$K1"
	crash_back before
	run_cmd "$TOOLS/syscall-fault" -c "$C/count" ${LOOKS:+-r "$C/now"} ${MEMORY:+-m} count 0 "$DKMS" "${command[@]}"
	[ "$status" = 0 ] || _fail "dkms ${command[*]} should work" || return 1
	count=$(<"$C/count")
	_may_be
	after=${states[-1]}
	run_dkms "${command[@]}"
	status_after=$status
	_digest
	assert_same "$digest" "$after" "the state after, and that after a second time" || return 1
	_runs
	for run in "${list[@]}"; do
		# shellcheck disable=SC2086
		_one $run
		runs=$((runs + 1))
		[ "$complaints" -lt "$COMPLAINTS_MAX" ] || break
	done
	echo "# points: $count in 'dkms ${command[*]}', $runs runs, $missed not reached, $ends followed to the end," \
		"$unfinished left for the next dkms to finish" >&3
	# what runs side by side does not come in the same order each time
	[ "$missed" -le $((2 + runs / 20)) ] || _complain "$missed points of $runs were not reached"
	[ "$complaints" = 0 ]
}
