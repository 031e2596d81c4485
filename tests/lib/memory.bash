# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What dkms and its helpers take, each process by itself; what they start is not ours. Load after lib/dkms.

KIB_MAX=$((32 << 10))
PEAK=${DKMS_TEST_ROOT%/test-root}/tests/tools/peak

takes_little() { # COMMAND...
	local kib
	run_cmd "$PEAK" -p dkms "$C/kib" "$DKMS" "$@"
	assert_status 0
	kib=$(<"$C/kib")
	echo "# $kib KiB: dkms $*" >&3
	[ "$kib" -gt 0 ] || _fail "nothing was measured"
	# a sanitizer takes as much again for itself
	[ "$kib" -lt "$KIB_MAX" ] || grep -q __asan < <(nm -D "$DKMS") || _fail "took $kib KiB"
}
