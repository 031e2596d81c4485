#!/usr/bin/env bats
# Killed, or out of luck, while two kernels are built side by side.
#
# Known not to hold at every point: a log's temporary file, or a private build directory after a lasting
# error, can stay until the version is removed. Nothing that is used is wrong then.
load ../../lib/dkms
load ../../lib/crash

setup() {
	crash_up
	crash_source crash 1.0 "crash1 dummy"
	BETWEEN=()
}

@test "two kernels side by side" {
	ANY_ORDER=1
	crash install crash/1.0 -k "$K1" -k "$K2"
}
