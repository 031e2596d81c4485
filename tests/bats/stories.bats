#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What people do with dkms, from end to end, with real compilers (docs/stories.md has the list; some stories have files
# of their own).

load ../lib/dkms
load ../lib/package

setup() {
	world_up
	only_ours
}

@test "story 3: hello, built for two kernels in one command, goes to another machine in a tarball" {
	hello_source
	run_dkms add hello/0.1
	run_dkms build hello/0.1 -k "$K1" -k "$K2"
	assert_status 0
	one=$(digest_of hello 0.1 "$K1")
	run_dkms mktarball hello/0.1 --all --archive "$C/hello.tar.gz"
	assert_status 0
	other_machine
	hide_compiler
	run_dkms ldtarball "$C/hello.tar.gz"
	assert_status 0
	assert_dkms_status "hello/0.1, $K2, $ARCH: built" "hello/0.1, $K1, $ARCH: built"
	run_dkms install hello/0.1 -k "$K1" -k "$K2"
	assert_status 0
	show_compiler
	assert_same "$(digest_of hello 0.1 "$K1")" "$one" "the module, here and there"
	for k in "$K1" "$K2"; do
		assert_same "$(modinfo -k "$k" -F version hello)" 0.1
		[[ $(modinfo -k "$k" -F vermagic hello) == "$k "* ]]
	done
}

# fails STATUS TEXT ARGS...: the message has TEXT and names a log that is there
fails() {
	run_dkms build "${@:3}"
	assert_status "$1" || return 1
	assert_errors_have "$2"
}

@test "story 4: a build fails, and the message says where the log is and what is wrong" {
	kbuild_module hello 1.0
	log=/var/lib/dkms/hello/1.0/build/make.log
	# the kernel does not have any more what the driver calls
	sed -i 's/return 0;/init_timer(\&__this_module); return 0;/' /usr/src/hello-1.0/hello.c
	fails 10 "hello.c:4:" hello/1.0 -k "$K1"
	assert_errors_have "init_timer"
	assert_errors_have "$log"
	grep -q 'implicit declaration of function .*init_timer' "$log"
	[ "$(wc -l <<<"$errors")" -le 12 ] || _fail "so much is not read"
	# no headers, and which package has them
	mv "/lib/modules/$K2/build" "$C/build"
	fails 21 "linux-headers-$K2" hello/1.0 -k "$K2"
	mv "$C/build" "/lib/modules/$K2/build"
	# a compiler that is not there
	mkdir -p "$C/headers/include/config"
	echo 'CONFIG_CC_VERSION_TEXT="gcc-99 (Debian 99.1.0-1) 99.1.0"' >"$C/headers/include/config/auto.conf"
	fails 10 "was built with gcc-99, which is not installed" hello/1.0 -k "$K1" --kernelsourcedir "$C/headers"
	assert_errors_have "apt install gcc-99"
	# no space
	sed -i 's/init_timer(.*); return/return/' /usr/src/hello-1.0/hello.c
	mkdir "$C/small"
	mount -t tmpfs -o size=300k small "$C/small"
	head -c 1000000 /dev/urandom >/usr/src/hello-1.0/big
	fails 1 "No space left on device" hello/1.0 -k "$K1" --dkmstree "$C/small"
	umount "$C/small"
	rm /usr/src/hello-1.0/big
	# and all is well again
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	refute_exists "$log"
}

file_digest() { stat -c "%a %U %Y %s" "$1" && sha256sum <"$1"; }

@test "story 5: a driver of the kernel is replaced, and is back byte for byte; versions side by side; remove --all" {
	own=/lib/modules/$K1/kernel/drivers/net/dummy.ko
	before=$(file_digest "$own")
	kbuild_module dummy 1.0
	kbuild_module dummy 2.0
	run_dkms install dummy/1.0 -k "$K1"
	assert_status 0
	refute_exists "$own"
	assert_exists "/var/lib/dkms/dummy/original_module/$K1/$ARCH/dummy.ko"
	run_dkms install dummy/2.0 -k "$K1"
	assert_status 0
	assert_dkms_status "dummy/1.0, $K1, $ARCH: built (Original modules exist)" \
		"dummy/2.0, $K1, $ARCH: installed (Original modules exist)"
	assert_same "$(modinfo -k "$K1" -F version dummy)" 2.0
	run_dkms uninstall dummy/2.0 -k "$K1"
	assert_status 0
	assert_same "$(file_digest "$own")" "$before" "the kernel's own driver"
	assert_same "$(modinfo -k "$K1" -n dummy)" "$own"
	run_dkms install dummy/1.0 -k "$K1"
	assert_status 0
	run_dkms remove dummy/2.0 --all
	assert_status 0
	assert_dkms_status "dummy/1.0, $K1, $ARCH: installed (Original modules exist)"
	run_dkms remove dummy/1.0 --all
	assert_status 0
	assert_dkms_status
	assert_same "$(file_digest "$own")" "$before" "the kernel's own driver"
	refute_exists /var/lib/dkms/dummy
}
