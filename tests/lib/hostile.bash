# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What becomes of archives that mean harm (tests/tools/hostile). Load after lib/dkms.
#
#	hostile_world            in setup(), after world_up: small limits, a canary that the archives go for
#	hostile_archives FIRST COUNT   makes them, loads each, judges; fails with a list of what went wrong

HOSTILE_SEED=${HOSTILE_SEED:-1}

hostile_world() {
	local tools=${DKMS_TEST_ROOT%/test-root}/tests/tools
	MAKE_HOSTILE=$tools/hostile PEAK=$tools/peak
	printf 'archive_max_size=64\narchive_max_members=5000\n' >>/etc/dkms/framework.conf.d/tests.conf
	mkdir -p "$C/canary/dir" "$C/h" "$C/T" "$C/S"
	echo "the canary lives" >"$C/canary/file"
	echo 'PACKAGE_NAME=canary' >"$C/canary/dkms.conf"
	chmod 666 "$C/canary/file"
	chmod 777 "$C/canary" "$C/canary/dir"
	# with a sanitizer's shadow memory the figures say nothing
	PEAK_MAX=262144
	if grep -q __asan_init /usr/libexec/dkms/dkms-archive; then PEAK_MAX=0; fi
}

# What no archive may change, cheaply: names, sizes, times, owners, links. What they go for, after each of
# them; the rest, after all.
_outside() {
	find "$C/canary" -printf '%p %y %m %u:%g %s %T@ %l\n'
	find "$C" -mindepth 1 -maxdepth 1 ! -name ".std*" ! -name peak -printf '%p %y\n'
}

_far_outside() {
	find /etc /usr/src /usr/lib/modules /var/lib/dkms /boot -path '/usr/src/linux-*' -prune -o \
		-printf '%p %y %m %u:%g %s %T@ %l\n'
	cat "$C/canary/file"
}

_judge() { # FILE STATUS: says what is wrong with what happened
	local wanted=${1##*.} odd
	case $wanted:$2 in
	refused:3 | shape:7 | loaded:0 | any:[0378]) ;;
	*) echo "exit status $2, wanted: $wanted; $errors" ;;
	esac
	[ -z "$(ls -A "$C/tmp")" ] || echo "left in TMPDIR: $(ls -A "$C/tmp")"
	if [ "$2" != 0 ]; then
		odd=$(find "$C/T" "$C/S" -mindepth 1)
		[ -z "$odd" ] || echo "refused, and left: $odd"
	else
		odd=$(find "$C/T" "$C/S" -mindepth 1 ! -type l \( ! -user 0 -o ! -group 0 -o -perm /7022 \
			-o ! -type f ! -type d \))
		[ -z "$odd" ] || echo "odd owner, mode or kind: $odd"
		odd=$(find "$C/T" -mindepth 1 -type l ! -name source)
		[ -z "$odd" ] || echo "a link in the dkms tree: $odd"
	fi
	if [ "$PEAK_MAX" != 0 ] && [ "$(cat "$C/peak")" -ge "$PEAK_MAX" ]; then
		echo "took $(cat "$C/peak") KiB"
	fi
}

hostile_archives() {
	local first=$1 count=$2 f before after far wrong bad=0 top=0 n=0 loaded=0
	"$MAKE_HOSTILE" "$HOSTILE_SEED" "$first" "$count" "$C/h" "$C/canary"
	before=$(_outside)
	far=$(_far_outside)
	for f in "$C/h"/*; do
		run_cmd "$PEAK" "$C/peak" "$DKMS" ldtarball "$f" --dkmstree "$C/T" --sourcetree "$C/S"
		wrong=$(_judge "$f" "$status")
		after=$(_outside)
		if [ "$after" != "$before" ]; then
			wrong+=$'\n'"outside:"$'\n'$(diff <(echo "$before") <(echo "$after") || :)
			before=$after
		fi
		if [ -n "$wrong" ]; then
			bad=$((bad + 1))
			echo "${f##*/} (seed $HOSTILE_SEED): $wrong" >&2
		fi
		[ "$(cat "$C/peak")" -le "$top" ] || top=$(cat "$C/peak")
		[ "$status" != 0 ] || loaded=$((loaded + 1))
		n=$((n + 1))
		rm -rf "$C/T" "$C/S"
		mkdir "$C/T" "$C/S"
	done
	assert_same "$(_far_outside)" "$far" "the world outside" || return 1
	echo "# $n archives, $loaded loaded, at most $top KiB" >&3
	[ "$n" = "$count" ] && [ "$bad" = 0 ]
}
