# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the files that prove exit statuses: beside lib/dkms,
#
#	writes                        everything the case has written so far, in all private copies
#	refused N ARGS...             exit status N, something on stderr, and not a byte written
#	refused_as_nobody N ARGS...   the same without root
#	ends N ARGS...                exit status N
#	on_running_kernel ARGS...     dkms, while `uname -r` is $RUNNING, a kernel that is not installed
#	no_leftovers                  no file of a half-done step anywhere
#
# Titles of cases that prove a row of the exit table begin with the status and the row's name in
# src/core/outcome.h: tests/mutate-exits finds them by that.

load "$DKMS_TEST_TOP/tests/lib/dkms.bash"

RUNNING=$(setarch "$ARCH" --uname-2.6 uname -r)

# What lies in the upper directories is what was written, deleted or only touched by name; a file whose inode,
# size and change time are the same has the same bytes.
writes() {
	local dirs=("$C"/.up/{etc,var/lib,usr/src,usr/lib/modules}/upper /boot "$C/tmp")
	find "${dirs[@]}" -path "$C/tmp/gcov*" -prune -o -type d -printf '%p %m %u:%g\n' \
		-o -printf '%p %y %m %u:%g %l %s %i %C@\n' | LC_ALL=C sort
}

_refused() { # RUNNER N ARGS...
	local runner=$1 want=$2 before
	shift 2
	before=$(writes)
	$runner "$@"
	assert_status "$want" || return 1
	[ -n "$errors" ] || _fail "a refusal says why" || return 1
	assert_same "$(writes)" "$before" "what was written before and after a refusal"
}

_dkms_as_nobody() { run_as_nobody "$DKMS" "$@"; }
refused() { _refused run_dkms "$@"; }
refused_as_nobody() { _refused _dkms_as_nobody "$@"; }
on_running_kernel() { run_cmd setarch "$ARCH" --uname-2.6 "$DKMS" "$@"; }
refused_on_running_kernel() { _refused on_running_kernel "$@"; }

ends() {
	local want=$1
	shift
	run_dkms "$@"
	assert_status "$want"
}

no_leftovers() {
	local found
	found=$(find /var/lib/dkms /usr/lib/modules/ \( -name '*.dkms-*' -o -name '.new-*' -o -name '.dkms-gone' \) -print)
	[ -z "$found" ] || _fail "left behind: $found"
}

# conf NAME VERSION LINE...: more lines for the dkms.conf of a source in /usr/src
conf() {
	local f=/usr/src/$1-$2/dkms.conf
	shift 2
	printf '%s\n' "$@" >>"$f"
}

# script FILE LINE...: an executable shell script
script() {
	local f=$1
	shift
	mkdir -p "$(dirname "$f")"
	printf '%s\n' '#!/bin/sh' "$@" >"$f"
	chmod 755 "$f"
}

# stub NAME LINE...: a command of that name, first on PATH
stub() {
	local name=$1
	shift
	script "$C/bin/$name" "$@"
	case $PATH in "$C/bin:"*) ;; *) PATH=$C/bin:$PATH ;; esac
}

# A module of the kernel $K1, or anybody's
original() { # PATH-BELOW-THE-KERNEL NAME VERSION [FIELD=VALUE...]
	local p=/lib/modules/$K1/$1
	shift
	mkdir -p "$(dirname "$p")"
	ready_ko "$p" "$1" "$2" "$K1" "${@:3}"
}

kernel_digest() { # what modprobe sees of the kernel, without the index
	tree_digest "/lib/modules/$K1" | grep -v '/modules\.'
}

refute_grep() { # PATTERN FILE
	if grep -n -e "$1" "$2" >&2; then _fail "$2 should not have: $1"; fi
}
