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
