# SPDX-License-Identifier: LGPL-2.1-or-later
# Modules for arm64, built here: with Debian's cross compiler, its headers for arm64, and this machine's own
# linux-kbuild, as Debian means it.

load ../../lib/dkms

setup() {
	world_up
	K=${K1%-*}-arm64
	headers=$("$DKMS_TEST_TOP/tests/lib/fetch" foreign arm64 "linux-headers-$K")
	cp -a "$headers/usr/src/linux-headers-$K" /usr/src/
	mkdir -p "/lib/modules/$K"
	ln -s "/usr/src/linux-headers-$K" "/lib/modules/$K/build"
	kbuild_module hello 1.0
	built=/var/lib/dkms/hello/1.0/$K/aarch64/module/hello.ko
}

machine_of() { readelf -h "$1" | sed -n 's/^ *Machine: *//p'; }

@test "cross: -a aarch64 gives a module for arm64: machine, vermagic, signature, stripped" {
	echo 'try_sign_modules=true' >/etc/dkms/framework.conf.d/tests.conf
	# shellcheck disable=SC2016
	echo 'MAKE[0]="make KERNELRELEASE=$kernelver -C $kernel_source_dir M=$dkms_tree/hello/1.0/build; env >env"
POST_BUILD="keep"' >>/usr/src/hello-1.0/dkms.conf
	printf '#!/bin/sh\ncp env %s/env\n' "$C" >/usr/src/hello-1.0/keep
	chmod +x /usr/src/hello-1.0/keep
	run_dkms build hello/1.0 -k "$K" -a aarch64
	assert_status 0
	refute_errors_have warning
	assert_same "$(machine_of "$built")" AArch64
	[[ $(modinfo -F vermagic "$built") == "$K "*" aarch64" ]]
	[ "$(modinfo -F signer "$built")" = "DKMS module signing key" ]
	[ "$(modinfo -F sig_hashalgo "$built")" = sha256 ]
	readelf -SW "$built" >sections
	if grep -q '\.debug_info' sections; then false; fi
	assert_same "$(grep -E '^(ARCH|CROSS_COMPILE|CC)=' env | sort)" "ARCH=arm64
CC=aarch64-linux-gnu-gcc-12
CROSS_COMPILE=aarch64-linux-gnu-"
	assert_dkms_status "hello/1.0, $K, aarch64: built"
	run_dkms why hello/1.0 -k "$K" -a aarch64
	assert_output_has aarch64-linux-gnu-gcc
}

@test "cross: with a build for this machine in one run; installed, packed" {
	run_dkms install hello/1.0 -k "$K/aarch64" -k "$K1/$ARCH"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed" "hello/1.0, $K, aarch64: installed"
	assert_same "$(machine_of "/lib/modules/$K/updates/dkms/hello.ko")" AArch64
	assert_same "$(machine_of "/lib/modules/$K1/updates/dkms/hello.ko")" "Advanced Micro Devices X86-64"
	run_dkms mkbmdeb hello/1.0 -k "$K/aarch64"
	assert_status 0
	deb=/var/lib/dkms/hello/1.0/deb/hello-modules-${K}_1.0_arm64.deb
	assert_same "$(dpkg-deb -f "$deb" Architecture)" arm64
	run_dkms mkrpm --binaries-only hello/1.0 -k "$K/aarch64"
	assert_status 0
	assert_same "$(rpm -qp --qf '%{ARCH}' /var/lib/dkms/hello/1.0/rpm/*.rpm 2>/dev/null)" aarch64
}

@test "cross: as a job of a plan" {
	tree_added hello 1.0
	run_dkms plan --make -k "$K/aarch64"
	echo "$output" >jobs.mk
	run_cmd make -f jobs.mk
	assert_status 0
	tar -xzf "out/hello-1.0-$K-aarch64.dkms.tar.gz"
	assert_same "$(machine_of "dkms_main_tree/$K/aarch64/module/hello.ko")" AArch64
}

@test "cross: CROSS_COMPILE of the environment counts, ARCH does not" {
	mkdir /var/lib/bin
	for f in /usr/bin/aarch64-linux-gnu-*; do ln -s "$f" "/var/lib/bin/mine-${f##*/aarch64-linux-gnu-}"; done
	CROSS_COMPILE=/var/lib/bin/mine- ARCH=x86_64 run_dkms build hello/1.0 -k "$K/aarch64"
	assert_status 0
	assert_same "$(machine_of "$built")" AArch64
	run_dkms why hello/1.0 -k "$K/aarch64"
	assert_output_has aarch64-linux-gnu-gcc-12
}

@test "cross: a module that is not for that machine is refused" {
	gcc -c -o /usr/src/hello-1.0/native.o -x c /dev/null
	# shellcheck disable=SC2016
	echo 'MAKE[0]="make KERNELRELEASE=$kernelver -C $kernel_source_dir M=$dkms_tree/hello/1.0/build; \
objcopy --dump-section .modinfo=info hello.ko /dev/null 2>/dev/null; \
aarch64-linux-gnu-objcopy -O binary --only-section=.modinfo hello.ko info; \
objcopy --add-section .modinfo=info native.o hello.ko"' >>/usr/src/hello-1.0/dkms.conf
	run_dkms build hello/1.0 -k "$K/aarch64"
	assert_status 7
	assert_errors_have "it is for another machine (ELF machine 62; the kernel's is 183)"
}

@test "cross: no cross compiler" {
	mkdir bin
	mv /usr/bin/aarch64-linux-gnu-gcc{,-12} bin/
	run_dkms build hello/1.0 -k "$K/aarch64"
	mv bin/* /usr/bin/
	assert_errors_have "need a cross compiler, aarch64-linux-gnu-gcc, which is not installed"
	assert_errors_have "install gcc-aarch64-linux-gnu"
	assert_status 10
}

@test "cross: headers whose programs are for the other machine" {
	kbuild=$("$DKMS_TEST_TOP/tests/lib/fetch" foreign arm64 linux-kbuild-6.1)
	rm "/usr/src/linux-headers-$K/scripts"
	ln -s "$kbuild/usr/lib/linux-kbuild-6.1/scripts" "/usr/src/linux-headers-$K/scripts"
	for a in aarch64 "$ARCH"; do
		run_dkms build hello/1.0 -k "$K" -a "$a"
		assert_status 21
		assert_errors_have "the headers of kernel $K ($a) cannot be used on this machine"
		assert_errors_have "install linux-kbuild-6.1"
	done
	refute_exists "/var/lib/dkms/hello/1.0/$K"
	# copied away from Debian's place, nobody knows whose they are
	rm "/usr/src/linux-headers-$K/scripts"
	cp -r "$kbuild/usr/lib/linux-kbuild-6.1/scripts" "/usr/src/linux-headers-$K/scripts"
	run_dkms build hello/1.0 -k "$K" -a aarch64
	assert_status 21
	assert_errors_have "take headers whose scripts are for this machine"
}

@test "cross: an architecture that the headers are not for is a name, as ever" {
	run_dkms build hello/1.0 -k "$K1/aarch64"
	assert_status 0
	assert_same "$(machine_of "/var/lib/dkms/hello/1.0/$K1/aarch64/module/hello.ko")" "Advanced Micro Devices X86-64"
}
