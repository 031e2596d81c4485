#!/usr/bin/env bats
# A disk that cannot be read, at every point at which dkms looks at its trees: an error that says so, never a guess.
# What cannot be seen is not "not there".
load ../lib/dkms
load ../lib/crash

setup() {
	crash_up
	crash_source crash 1.0 "crash1 dummy"
	echo 'DEST_MODULE_LOCATION[0]="/kernel/drivers/net"' >>"$C/now/src/crash-1.0/dkms.conf"
	BETWEEN=()
	FAULTS=EIO LOOKS=1 PART=2
}

@test "add of a directory" {
	mv "$C/now/src/crash-1.0" "$C/elsewhere"
	crash add "$C/elsewhere"
}

@test "build" {
	_dkms_ok add crash/1.0
	crash build crash/1.0 -k "$K1"
}

@test "install" {
	BETWEEN=("add crash/1.0" "build crash/1.0 -k $K1")
	crash install crash/1.0 -k "$K1"
}

@test "another version in place" {
	_dkms_ok install crash/1.0 -k "$K1"
	crash_source crash 2.0 "dummy crash2"
	BETWEEN=("add crash/2.0" "build crash/2.0 -k $K1")
	crash install crash/2.0 -k "$K1"
}

@test "uninstall" {
	_dkms_ok install crash/1.0 -k "$K1"
	crash uninstall crash/1.0 -k "$K1"
}

@test "remove" {
	_dkms_ok install crash/1.0 -k "$K1"
	BETWEEN=("uninstall crash/1.0 -k $K1" "unbuild crash/1.0 -k $K1")
	crash remove crash/1.0 --all
}

@test "ldtarball" {
	_dkms_ok build crash/1.0 -k "$K1"
	_dkms_ok mktarball crash/1.0 -k "$K1" --archive "$C/crash.tar.gz"
	_dkms_ok remove crash/1.0 --all
	rm -r "$C/now/src/crash-1.0"
	crash ldtarball "$C/crash.tar.gz"
}

@test "status: the truth, or an error; a source that cannot be looked at is not a broken one" {
	local how n count want
	_dkms_ok install crash/1.0 -k "$K1"
	_dkms_ok status
	want=$output
	for how in with without; do
		[ "$how" = with ] || find "$C/now/var" -name .manifest -delete
		run_cmd "$TOOLS/syscall-fault" -c "$C/count" -r "$C/now" count 0 "$DKMS" status
		assert_status 0
		count=$(<"$C/count")
		[ "$count" -gt 10 ]
		for ((n = 1; n <= count; n++)); do
			run_cmd "$TOOLS/syscall-fault" -t "$C/struck" -r "$C/now" EIO "$n" "$DKMS" status
			[ "$status" = 0 ] && [ "$output" = "$want" ] && continue
			[ "$status" != 0 ] && [[ $errors == *"Input/output error"* ]] && continue
			sed -n "${n}p" "$C/struck" >&2
			_fail "status with an error at $n of $count" || return 1
		done
	done
}

@test "status: what cannot be looked at of one module hides nothing of the next" {
	local n
	crash_source other 1.0 "other"
	_dkms_ok install crash/1.0 -k "$K1"
	_dkms_ok install other/1.0 -k "$K1"
	find "$C/now/var" -name .manifest -delete
	echo >>"$C/now/opt/lib/modules/$K1/updates/dkms/other.ko"
	_dkms_ok status
	assert_output_has "other/1.0, $K1, $ARCH: installed (Differences between built and installed modules)"
	run_cmd "$TOOLS/syscall-fault" -t "$C/struck" -r "$C/now" count 0 "$DKMS" status
	n=$(grep -n 'updates/dkms/dummy\.ko' "$C/struck" | head -n 1 | cut -d: -f1)
	[ -n "$n" ]
	run_cmd "$TOOLS/syscall-fault" -r "$C/now" EIO "$n" "$DKMS" status
	assert_status 1
	assert_errors_have "Input/output error"
	assert_output_has "other/1.0, $K1, $ARCH: installed (Differences between built and installed modules)"
}
