# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# compare_sides PACKAGE KERNEL: takes a real driver package of Debian through its life here and with Debian's
# own dkms, side by side in the same minute, each in a private copy of the system with the kernel's whole
# module tree; what can be seen (exit statuses, status lines, paths, modinfo) must be the same.

load "$DKMS_TEST_TOP/tests/lib/dkms.bash"

setup() {
	[ -n "${W:-}" ] || { echo "run this file with tests/run" >&2; return 1; }
}
teardown() { :; }

compare_sides() {
	local dir side
	dir=$("$DKMS_TEST_TOP/tests/lib/fetch" package "$1")
	"$DKMS_TEST_TOP/tests/lib/fetch" kernel "$2" >/dev/null
	for side in ours peer; do
		unshare -m "$DKMS_TEST_TOP/tests/lib/lifecycle" "$side" "$dir" "$2" "$W/$1.$side" </dev/null 3>&- &
	done
	wait
	if ! diff "$W/$1.peer" "$W/$1.ours" >"$W/diff" || [ ! -s "$W/$1.ours" ]; then
		echo "theirs (<) and ours (>):" >&2
		cat "$W/diff" >&2
		echo "what ours said:" >&2
		tail -n 60 "$W/$1.ours.log" >&2
		return 1
	fi
	# and it is something: both went through
	grep -q '^== remove: exit status 0' "$W/$1.ours"
}
