#!/usr/bin/env bats
# Killed, or out of luck, while kernels are built side by side, each in a directory of its own.
load ../lib/dkms
load ../lib/crash

setup() {
	crash_up
	crash_source crash 1.0 "crash1 dummy"
	BETWEEN=()
}

@test "two kernels side by side" {
	ANY_ORDER=1
	crash install crash/1.0 -k "$K1" -k "$K2"
}

@test "two kernels side by side; only the first process is killed" {
	FAULTS="kill-main"
	ANY_ORDER=1
	crash install crash/1.0 -k "$K1" -k "$K2"
}
