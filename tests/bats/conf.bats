#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Our own reader of conf files against bash: on the files of real packages and on random ones.

load ../lib/dkms

setup() {
	C=$BATS_TEST_TMPDIR
	COMPARE=${DKMS_TEST_ROOT%/test-root}/tests/tools/conf-compare
	DATA=$DKMS_TEST_TOP/tests/data
}

teardown() { :; }

@test "the dkms.conf of every real package says the same to us and to bash" {
	"$DKMS_TEST_TOP/tests/lib/fetch-confs" "$DKMS_TEST_CACHE/confs" 2>"$C/missing"
	cat "$C/missing"
	# the archive drops a package now and then
	[ "$(wc -l <"$C/missing")" -le 3 ]
	cd "$DKMS_TEST_CACHE/confs"
	"$COMPARE" ./*.conf >"$C/said" 2>"$C/why" || { cat "$C/said"; false; }
	cat "$C/said"
	sed -n 's,^\./\(.*\)\.conf: bash$,\1,p' "$C/said" >"$C/by-bash"
	# nothing beside the known ones needs bash, and each that does says why
	run -1 grep -vxFf "$DATA/corpus-bash" "$C/by-bash"
	while read -r package; do
		grep -q "'./$package.conf' is read by bash: ..*" "$C/why"
	done <"$C/by-bash"
	[ "$(grep -c ': native$' "$C/said")" -ge $((30 - $(wc -l <"$C/missing"))) ]
}

@test "random conf files say the same to us and to bash" {
	"$COMPARE" --random "${DKMS_RANDOM_CONFS:-2000}" "${DKMS_RANDOM_SEED:-4343}" >"$C/said" 2>/dev/null || {
		cat "$C/said"
		false
	}
	tail -n 1 "$C/said"
	# worth its time only if we read enough of them ourselves
	read -r all _ native _ < <(tail -n 1 "$C/said")
	[ "$native" -ge $((all / 4)) ]
}
