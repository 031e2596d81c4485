# SPDX-License-Identifier: LGPL-2.1-or-later
# A package that mkdeb makes on one machine, on others, with real apt and dpkg:
#
#   builder   our dkms, a compiler, the headers of kernels $A and $B
#   client    our dkms, kernel $A, neither compiler nor headers
#   debian    Debian's own dkms, kernel $A with headers, a compiler

load ../../lib/dkms
load ../../lib/root

setup_file() {
	root_begin
	mkdir -p "$W/made"
	root_lay builder
	put_debs
	apt install /debs/dkms.deb "$(headers "$A")" "$(headers "$B")"
	hello_in_root
	in_root dkms add hello/0.1
	in_root dkms build hello/0.1 -k "$A" -k "$B"
	in_root dkms mkdeb hello/0.1
	in_root dkms mkbmdeb hello/0.1 -k "$A"
	cp "$ROOT"/var/lib/dkms/hello/0.1/deb/*.deb "$W/made/"
	root_close builder
	root_lay client
	put_debs
	in_root dpkg --purge --force-depends gcc gcc-12 cpp cpp-12 make dpkg-dev >/dev/null 2>&1
	in_root apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install -f >&2
	apt install /debs/dkms.deb "$(image "$A")"
	root_close client
}

setup() {
	C=$W/case
	mkdir -p "$C"
}

teardown() {
	root_drop story
	forget_below "$C"
}

hello_in_root() {
	local dir=$ROOT/usr/src/hello-0.1
	mkdir -p "$dir"
	cat >"$dir/hello.c" <<-C
		#include <linux/module.h>
		MODULE_LICENSE("GPL");
		MODULE_VERSION("0.1");
		static int hello_init(void) { pr_info("hello\\n"); return 0; }
		static void hello_exit(void) { }
		module_init(hello_init);
		module_exit(hello_exit);
	C
	# shellcheck disable=SC2016
	printf '%s\n' 'KVERSION ?= $(shell uname -r)' 'obj-m := hello.o' 'all:' \
		'	$(MAKE) -C /lib/modules/$(KVERSION)/build M=$(CURDIR) modules' >"$dir/Makefile"
	# shellcheck disable=SC2016
	printf '%s\n' 'PACKAGE_NAME=hello' 'PACKAGE_VERSION=0.1' 'BUILT_MODULE_NAME=hello' \
		'DEST_MODULE_LOCATION=/updates/dkms' 'MAKE="make KVERSION=$kernelver"' 'AUTOINSTALL=yes' >"$dir/dkms.conf"
}

traces() {
	(cd "$ROOT" && find var/lib/dkms usr/src lib/modules/ usr/share/hello-dkms \( -name '*hello*' -o -path '*dkms*' \) \
		! -path 'var/lib/dkms' 2>/dev/null | grep -v -e linux-headers -e var/lib/dkms/mok) || :
}

@test "story 3: a package made on one machine, on another with the same kernel and no compiler" {
	root_lay story client
	cp "$W"/made/* "$ROOT/debs/"
	run_in_root sh -c 'command -v gcc || command -v cc || command -v make'
	assert_output ""
	apt install /debs/hello-dkms_0.1_all.deb
	root_status "hello/0.1, $A, $ARCH: installed" "hello/0.1, $B, $ARCH: built"
	assert_loadable "$A" hello
	# a kernel that comes later gets what came built for it
	apt install "$(image "$B")"
	root_status "hello/0.1, $A, $ARCH: installed" "hello/0.1, $B, $ARCH: installed"
	assert_loadable "$B" hello
	assert_dpkg_clean
	# dkms's own part of an install
	in_root dkms remove hello/0.1 --all
	TIMEFORMAT='%U + %S'
	{ time in_root /usr/lib/dkms/common.postinst hello 0.1 /usr/share/hello-dkms '' '' >/dev/null 2>&1; } 2>"$C/took"
	echo "# common.postinst took $(cat "$C/took") seconds of CPU" >&3
	run_in_root dpkg -P hello-dkms
	assert_status 0
	assert_same "$(traces)" ""
	assert_dpkg_clean
}

@test "the modules alone install without dkms, and go without a trace" {
	root_lay story client
	cp "$W"/made/* "$ROOT/debs/"
	apt purge dkms
	run_in_root sh -c 'command -v dkms'
	assert_status 127
	apt install "/debs/hello-modules-${A}_0.1_$(dpkg --print-architecture).deb"
	assert_loadable "$A" hello
	run_in_root dpkg -P "hello-modules-$A"
	assert_status 0
	assert_same "$(traces)" ""
	assert_dpkg_clean
}

@test "Debian's own dkms compiles from the same package" {
	root_lay story
	mkdir -p "$ROOT/debs"
	cp "$W"/made/* "$ROOT/debs/"
	apt install dkms "$(image "$A")" "$(headers "$A")"
	apt install /debs/hello-dkms_0.1_all.deb
	root_status "hello/0.1, $A, $ARCH: installed"
	assert_loadable "$A" hello
	grep -q '# command\|make' "$ROOT/var/lib/dkms/hello/0.1/$A/$ARCH/log/make.log"
	run_in_root dpkg -P hello-dkms
	assert_status 0
	assert_same "$(traces)" ""
	assert_dpkg_clean
}
