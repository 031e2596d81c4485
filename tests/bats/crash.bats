#!/usr/bin/env bats
# Killed, or out of luck, at every point: add, build, install. In ./check a sample, in ./check --full all of them.
load ../lib/dkms
load ../lib/crash

setup() {
	crash_up
	crash_source crash 1.0 "crash1 dummy"
	echo 'DEST_MODULE_LOCATION[0]="/kernel/drivers/net"' >>"$C/now/src/crash-1.0/dkms.conf"
	BETWEEN=()
}

@test "add" {
	crash add crash/1.0
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
