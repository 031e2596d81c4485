#!/usr/bin/env bats
# Killed, or out of luck, at every point: what changes or takes away what is there.
load ../lib/dkms
load ../lib/crash

setup() {
	crash_up
	crash_source crash 1.0 "crash1 dummy"
	BETWEEN=()
	_dkms_ok install crash/1.0 -k "$K1"
}

@test "another version in place" {
	crash_source crash 2.0 "dummy crash2"
	echo 'DEST_MODULE_LOCATION[0]="/extra"' >>"$C/now/src/crash-2.0/dkms.conf"
	BETWEEN=("add crash/2.0" "build crash/2.0 -k $K1")
	crash install crash/2.0 -k "$K1"
}

@test "another version in place, without a module that has the kernel's own replaced" {
	crash_source crash 2.0 "crash1"
	BETWEEN=("add crash/2.0" "build crash/2.0 -k $K1")
	crash install crash/2.0 -k "$K1"
}

@test "install --force" {
	crash install --force crash/1.0 -k "$K1"
}

@test "uninstall" {
	crash uninstall crash/1.0 -k "$K1"
}

@test "unbuild" {
	BETWEEN=("uninstall crash/1.0 -k $K1")
	crash unbuild crash/1.0 -k "$K1"
}

@test "remove" {
	BETWEEN=("uninstall crash/1.0 -k $K1" "unbuild crash/1.0 -k $K1")
	crash remove crash/1.0 --all
}

@test "ldtarball" {
	_dkms_ok mktarball crash/1.0 -k "$K1" --archive "$C/crash.tar.gz"
	_dkms_ok remove crash/1.0 --all
	rm -r "$C/now/src/crash-1.0"
	crash ldtarball "$C/crash.tar.gz"
}
