#!/usr/bin/env bats
# Killed, or out of luck, at every point: further ways to do it.
load ../lib/dkms
load ../lib/crash

setup() {
	crash_up
	crash_source crash 1.0 "crash1 dummy"
	BETWEEN=()
}

@test "build without a sandbox; only the first process is killed" {
	echo 'build_sandbox=off' >>/etc/dkms/framework.conf.d/crash.conf
	FAULTS="kill-main kill"
	_dkms_ok add crash/1.0
	crash build crash/1.0 -k "$K1"
}

@test "install, in the sandbox; only the first process is killed" {
	FAULTS="kill-main"
	BETWEEN=("add crash/1.0" "build crash/1.0 -k $K1")
	crash install crash/1.0 -k "$K1"
}

@test "build, with a store to keep it in" {
	sed -i '$aBUILD_STORE=yes' "$C/now/src/crash-1.0/dkms.conf"
	crash_store
	_dkms_ok add crash/1.0
	crash build crash/1.0 -k "$K1"
}

@test "build, taken from a store" {
	sed -i '$aBUILD_STORE=yes' "$C/now/src/crash-1.0/dkms.conf"
	crash_store
	_dkms_ok build crash/1.0 -k "$K1"
	_dkms_ok unbuild crash/1.0 -k "$K1"
	# as an add leaves it, and what is finished for a killed build
	mkdir "$C/now/var/crash/1.0/build"
	crash build crash/1.0 -k "$K1"
	run_dkms why crash/1.0 -k "$K1"
	assert_output_has "from the build store"
}

@test "killed, and then the one that cleans up is killed" {
	FAULTS="kill2"
	BETWEEN=("add crash/1.0" "build crash/1.0 -k $K1")
	crash install crash/1.0 -k "$K1"
}

@test "the same for another version in place" {
	FAULTS="kill2"
	_dkms_ok install crash/1.0 -k "$K1"
	crash_source crash 2.0 "dummy crash2"
	BETWEEN=("add crash/2.0" "build crash/2.0 -k $K1")
	crash install crash/2.0 -k "$K1"
}

@test "links instead of copies" {
	echo 'symlink_modules=yes' >>/etc/dkms/framework.conf.d/crash.conf
	_dkms_ok build crash/1.0 -k "$K1"
	crash install crash/1.0 -k "$K1"
}

@test "an install tree with another name" {
	mv "$C/now/opt/lib/modules" "$C/now/opt/trees"
	INSTALL_TREE=$C/now/opt/trees
	sed -i "s#^install_tree=.*#install_tree=$INSTALL_TREE#" /etc/dkms/framework.conf.d/crash.conf
	_dkms_ok build crash/1.0 -k "$K1"
	crash install crash/1.0 -k "$K1"
}

@test "add of a directory over a source that is there" {
	cp -a "$C/now/src/crash-1.0" "$C/elsewhere"
	echo '# other' >>"$C/elsewhere/dkms.conf"
	echo new >"$C/elsewhere/new"
	echo old >"$C/now/src/crash-1.0/old"
	crash add "$C/elsewhere"
}

@test "ldtarball --force over what is there" {
	_dkms_ok build crash/1.0 -k "$K1"
	echo new >"$C/now/src/crash-1.0/new"
	_dkms_ok mktarball crash/1.0 -k "$K1" --archive "$C/crash.tar.gz"
	rm "$C/now/src/crash-1.0/new"
	echo old >"$C/now/src/crash-1.0/old"
	crash ldtarball --force "$C/crash.tar.gz"
}

@test "mktarball" {
	_dkms_ok build crash/1.0 -k "$K1"
	crash mktarball crash/1.0 -k "$K1"
}

@test "autoinstall" {
	crash_source other 1.0 other
	_dkms_ok add crash/1.0
	_dkms_ok add other/1.0
	ANY_ORDER=1
	crash autoinstall -k "$K1"
}

@test "kernel_prerm" {
	crash_source other 1.0 other
	_dkms_ok install crash/1.0 -k "$K1"
	_dkms_ok install other/1.0 -k "$K1"
	ANY_ORDER=1
	crash kernel_prerm -k "$K1"
}

@test "install, without memory" {
	! grep -q __asan < <(nm -D "$DKMS") || skip "a sanitizer ends the program itself"
	FAULTS="ENOMEM ENOMEM+" MEMORY=1
	BETWEEN=("add crash/1.0" "build crash/1.0 -k $K1")
	crash install crash/1.0 -k "$K1"
}

@test "install, where the kernel has no memory for what changes something" {
	FAULTS=ENOMEM
	BETWEEN=("add crash/1.0" "build crash/1.0 -k $K1")
	crash install crash/1.0 -k "$K1"
}
