#!/usr/bin/env bats
# Exit statuses of build, and what each leaves behind.
load ../lib/exits

# A refused build leaves nothing but the added module.
refused_build() { # N ARGS...
	local want=$1
	shift
	ends "$want" build "$@"
	[ -n "$errors" ] || _fail "a refusal says why"
	refute_exists "/var/lib/dkms/hello/1.0/$K1"
	assert_same "$(ls -A /var/lib/dkms/hello/1.0 /var/lib/dkms/hello/1.0/build)" "/var/lib/dkms/hello/1.0:
build
source

/var/lib/dkms/hello/1.0/build:" "the added module"
	# and once it is added: not a byte
	refused "$want" build "$@"
	refused "$want" install "$@"
	no_leftovers
}

# A failed build leaves its log, and nothing that is built.
failed_build() { # N ARGS...
	local want=$1
	shift
	ends "$want" build "$@"
	assert_exists /var/lib/dkms/hello/1.0/build/make.log
	refute_exists "/var/lib/dkms/hello/1.0/$K1/$ARCH"
	assert_errors_have make.log
	assert_dkms_status "hello/1.0: added"
	no_leftovers
}

@test "5 PATCH_MISSING: a patch that is not there" {
	make_module hello 1.0 'PATCH[0]="no-such.patch"'
	failed_build 5 hello/1.0 -k "$K1"
	ends 5 install hello/1.0 -k "$K1"
	refute_exists "/lib/modules/$K1/updates"
}

@test "5 PATCH_MISSING: a path with a .. component is refused, whether the file is there or not" {
	make_module hello 1.0 'PATCH[0]="../mk"'
	mkdir /usr/src/hello-1.0/patches
	failed_build 5 hello/1.0 -k "$K1"
}

@test "6 PATCH_FAILED: a patch that does not apply" {
	make_module hello 1.0 'PATCH[0]="bad.patch"'
	mkdir /usr/src/hello-1.0/patches
	printf '%s\n' '--- a/mk' '+++ b/mk' '@@ -1 +1 @@' '-something else' '+else' >/usr/src/hello-1.0/patches/bad.patch
	failed_build 6 hello/1.0 -k "$K1"
	grep -q "^Applying patch bad.patch" /var/lib/dkms/hello/1.0/build/make.log
}

@test "7 NO_RESULT: make ends well, but a promised module is not there" {
	make_module hello 1.0 'MAKE[0]="true"'
	failed_build 7 hello/1.0 -k "$K1"
	make_module -m "a b" two 1.0 'MAKE[0]="cp ko/other/a.ko ."'
	ends 7 build two/1.0 -k "$K1"
	assert_errors_have b.ko
}

@test "7 NO_RESULT: a result that is no regular file, or outside the build directory" {
	make_module hello 1.0 'MAKE[0]="ln -s /etc/passwd hello.ko"'
	failed_build 7 hello/1.0 -k "$K1"
	make_module far 1.0 'BUILT_MODULE_LOCATION[0]="../../../.."' && ready_ko "$C/far.ko" far 1.0
	cp "$C/far.ko" /var/lib/
	ends 7 build far/1.0 -k "$K1"
}

@test "7 WRONG_RESULT: a module that this kernel would refuse" {
	make_module hello 1.0 "MAKE[0]='cp odd/hello.ko .'"
	mkdir /usr/src/hello-1.0/odd
	ready_ko /usr/src/hello-1.0/odd/hello.ko hello 1.0 "$K1" "vermagic=5.10.0-1-amd64 SMP mod_unload "
	ends 7 build hello/1.0 -k "$K1"
	assert_errors_have 5.10.0-1-amd64
	failed_build 7 hello/1.0 -k "$K1"
	# it may be meant: a warning
	ends 0 build --force hello/1.0 -k "$K1"
	assert_errors_have 5.10.0-1-amd64
}

@test "a module whose vermagic differs in the release only is a warning where the kernel has CONFIG_MODVERSIONS" {
	make_module hello 1.0 "MAKE[0]='cp ko/$K2/hello.ko .'"
	ends 0 build hello/1.0 -k "$K1"
	assert_errors_have "$K2"
}

@test "8 BAD_CONF: an invalid dkms.conf, for add, build, install; every problem at once" {
	make_module hello 1.0 'DEST_MODULE_LOCATION[0]="/somewhere"
AUTOINSTALL=perhaps'
	for verb in add build install; do
		refused 8 "$verb" hello/1.0 -k "$K1"
		assert_errors_have /somewhere
		assert_errors_have perhaps
		refused 8 "$verb" /usr/src/hello-1.0 -k "$K1"
		cp -r /usr/src/hello-1.0 "$C/hello-$verb"
		refused 8 "$verb" "$C/hello-$verb" -k "$K1"
	done
}

@test "8 BAD_CONF: a conf that turned bad after it was added" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	conf hello 1.0 'DEST_MODULE_LOCATION[0]="/somewhere"'
	refused 8 build hello/1.0 -k "$K2"
	refused 8 build --force hello/1.0 -k "$K1"
	refused 8 install hello/1.0 -k "$K2"
	refused 8 install --force hello/1.0 -k "$K1"
}

@test "8 NO_SOURCE: a source directory with nothing but its dkms.conf" {
	make_module hello 1.0
	mv /usr/src/hello-1.0/dkms.conf "$C"
	rm -r /usr/src/hello-1.0/*
	mv "$C/dkms.conf" /usr/src/hello-1.0
	refused_build 8 hello/1.0 -k "$K1"
}

@test "10 MAKE_FAILED: make fails" {
	make_module hello 1.0 'MAKE[0]="echo something; exit 3"'
	failed_build 10 hello/1.0 -k "$K1"
	grep -qx "# exit code: 3" /var/lib/dkms/hello/1.0/build/make.log
	ends 10 install hello/1.0 -k "$K1"
	refute_exists "/lib/modules/$K1/updates" "/var/lib/dkms/hello/kernel-$K1-$ARCH"
}

@test "10 MAKE_FAILED: what was built before stays when a build with --force fails" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	before=$(tree_digest "/var/lib/dkms/hello/1.0/$K1" "/lib/modules/$K1/updates")
	conf hello 1.0 'MAKE[0]="false"'
	ends 10 build --force hello/1.0 -k "$K1"
	assert_same "$(tree_digest "/var/lib/dkms/hello/1.0/$K1" "/lib/modules/$K1/updates")" "$before"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "13 DEPENDS_MISSING: a module of BUILD_DEPENDS is not installed for this kernel" {
	make_module base 1.0
	make_module hello 1.0 'BUILD_DEPENDS[0]="base"'
	refused_build 13 hello/1.0 -k "$K1"
	assert_errors_have base
	tree_installed base 1.0 "$K2"
	tree_built base 1.0 "$K1"
	refused 13 build hello/1.0 -k "$K1"
	refused 13 install hello/1.0 -k "$K1"
	ends 0 build hello/1.0 -k "$K2"
	# any version of it will do
	tree_installed base 0.9 "$K1"
	ends 0 build hello/1.0 -k "$K1"
}

@test "13 DEPENDS_MISSING: --force builds all the same, with a warning" {
	make_module hello 1.0 'BUILD_DEPENDS[0]="base"'
	ends 0 build --force hello/1.0 -k "$K1"
	assert_errors_have base
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "15 SCRIPT_DIR: the directory that make runs in is gone" {
	# in a sandbox it cannot go
	make_module hello 1.0 'PRE_BUILD="gone"
BUILD_SANDBOX="off"'
	script /usr/src/hello-1.0/gone 'rm -rf "$PWD"'
	ends 15 build hello/1.0 -k "$K1"
	refute_exists "/var/lib/dkms/hello/1.0/$K1"
}

@test "21 NO_HEADERS: build and install without kernel headers" {
	make_module hello 1.0
	rm "/lib/modules/$K1/build"
	refused_build 21 hello/1.0 -k "$K1"
	assert_errors_have headers
	refused 21 build hello/1.0 -k 9.9.9-none
	refused 21 build hello/1.0 -k "$K2" --kernelsourcedir "$C"
	# they are wherever one says
	ends 0 build hello/1.0 -k "$K1" --kernelsourcedir "/usr/src/linux-headers-$K1"
	# nothing to build: none are needed
	ends 0 install hello/1.0 -k "$K1"
}

@test "21 NO_HEADERS: the message names the package to install" {
	make_module hello 1.0
	rm "/lib/modules/$K1/build"
	as_distro debian
	refused 21 build hello/1.0 -k "$K1" || :
	assert_errors_have "linux-headers-$K1"
}

@test "21 NO_HEADERS: match, autoinstall and kernel_postinst when something has to be built" {
	make_module hello 1.0
	tree_installed hello 1.0 "$K1"
	rm "/lib/modules/$K2/build"
	refused 21 match --templatekernel "$K1" -k "$K2"
	refused 21 autoinstall -k "$K2"
	refused 21 kernel_postinst -k "$K2"
	# nothing to do: none are needed
	rm "/lib/modules/$K1/build"
	ends 0 autoinstall -k "$K1"
	ends 0 kernel_postinst -k "$K1"
}

@test "77 EXCLUDED: BUILD_EXCLUSIVE_KERNEL, _KERNEL_MIN, _KERNEL_MAX, _ARCH, _CONFIG" {
	make_module hello 1.0
	cp /usr/src/hello-1.0/dkms.conf "$C/plain"
	tree_added hello 1.0
	for line in 'BUILD_EXCLUSIVE_KERNEL="^5\."' 'BUILD_EXCLUSIVE_KERNEL_MIN="6.2"' 'BUILD_EXCLUSIVE_KERNEL_MAX="6.1"' \
		'BUILD_EXCLUSIVE_KERNEL_MAX="6.1.0"' 'BUILD_EXCLUSIVE_ARCH="^s390"' 'BUILD_EXCLUSIVE_CONFIG="CONFIG_NO_SUCH"' \
		'BUILD_EXCLUSIVE_CONFIG="CONFIG_MODULES !CONFIG_MODULES"' 'OBSOLETE_BY="6.0"'; do
		cp "$C/plain" /usr/src/hello-1.0/dkms.conf
		conf hello 1.0 "$line"
		refused 77 build hello/1.0 -k "$K1"
		assert_errors_have warning
		refused 77 install hello/1.0 -k "$K1"
	done
}

@test "77 EXCLUDED: a build that is excluded leaves the added module only" {
	make_module hello 1.0 'BUILD_EXCLUSIVE_KERNEL="^5\."'
	refused_build 77 hello/1.0 -k "$K1"
}

@test "the conditions that hold build: KERNEL_MIN and MAX at the edge, CONFIG y and m, !CONFIG" {
	make_module hello 1.0 'BUILD_EXCLUSIVE_KERNEL="^6\.1\..*-(cloud-)?"
BUILD_EXCLUSIVE_KERNEL_MIN="6.1"
BUILD_EXCLUSIVE_KERNEL_MAX="6.2"
BUILD_EXCLUSIVE_ARCH="(x86|aarch64)"
BUILD_EXCLUSIVE_CONFIG="CONFIG_MODULES CONFIG_TUN !CONFIG_NO_SUCH"'
	ends 0 build hello/1.0 -k "$K1"
}

@test "BUILD_EXCLUSIVE_*[i] binds module i: the others are built and installed" {
	make_module -m "first second" two 1.0 'BUILD_EXCLUSIVE_KERNEL[1]="^5\."'
	ends 0 install two/1.0 -k "$K1"
	assert_exists "/lib/modules/$K1/updates/dkms/first.ko"
	refute_exists "/lib/modules/$K1/updates/dkms/second.ko" "/var/lib/dkms/two/1.0/$K1/$ARCH/module/second.ko"
	assert_dkms_status "two/1.0, $K1, $ARCH: installed"
}

@test "exclusion by kernel and arch is told before the headers, by config after, both before 13" {
	make_module hello 1.0 'BUILD_DEPENDS="base"
BUILD_EXCLUSIVE_CONFIG="CONFIG_NO_SUCH"'
	tree_added hello 1.0
	refused 77 build hello/1.0 -k "$K1"
	refused 21 build hello/1.0 -k 6.1.0-none
	conf hello 1.0 'BUILD_EXCLUSIVE_KERNEL="^5\."'
	refused 77 build hello/1.0 -k 6.1.0-none
	conf hello 1.0 'DEST_MODULE_LOCATION="/nowhere"'
	refused 8 build hello/1.0 -k 6.1.0-none
}

@test "build: conf before exclusion before source before headers before BUILD_DEPENDS" {
	make_module hello 1.0 'BUILD_DEPENDS="base"'
	tree_added hello 1.0
	refused 13 build hello/1.0 -k "$K1"
	refused 21 build hello/1.0 -k 6.1.0-none
	rm -r /usr/src/hello-1.0/{ko,mk}
	refused 8 build hello/1.0 -k 6.1.0-none
	assert_errors_have "no source"
	conf hello 1.0 'BUILD_EXCLUSIVE_ARCH="^s390"'
	refused 77 build hello/1.0 -k 6.1.0-none
	conf hello 1.0 'STRIP=x' 'AUTOINSTALL=x'
	refused 8 build hello/1.0 -k 6.1.0-none
	assert_errors_have AUTOINSTALL
}

@test "n PRE_BUILD failed: its own status" {
	make_module hello 1.0 'PRE_BUILD="pre 42"'
	script /usr/src/hello-1.0/pre 'exit $1'
	failed_build 42 hello/1.0 -k "$K1"
	ends 42 install hello/1.0 -k "$K1"
}

@test "n POST_BUILD failed: its own status; the version is built, build directory and log stay" {
	make_module hello 1.0 'POST_BUILD="post 43"'
	script /usr/src/hello-1.0/post 'exit $1'
	ends 43 build hello/1.0 -k "$K1"
	assert_exists /var/lib/dkms/hello/1.0/build/{make.log,post,hello.ko} "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
	ends 0 install hello/1.0 -k "$K1"
}

@test "n POST_ADD failed: its own status; the module stays added; build and install ignore it" {
	make_module hello 1.0 'POST_ADD="post 44"'
	script /usr/src/hello-1.0/post 'exit $1'
	ends 44 add hello/1.0
	assert_dkms_status "hello/1.0: added"
	ends 0 remove hello/1.0 -k "$K1"
	ends 0 build hello/1.0 -k "$K1"
	make_module again 1.0 'POST_ADD="post 44"'
	script /usr/src/again-1.0/post 'exit $1'
	ends 0 install again/1.0 -k "$K1"
}

@test "several kernels: each is tried, the first failure's status counts" {
	add_kernel 6.1.0-a
	add_kernel 6.1.0-b
	make_module hello 1.0 'PRE_BUILD="pre"'
	script /usr/src/hello-1.0/pre 'case $kernelver in 6.1.0-a) exit 41 ;; 6.1.0-b) exit 42 ;; esac'
	ends 42 build hello/1.0 -k "$K1" -k 6.1.0-b -k 6.1.0-a -k "$K2"
	assert_dkms_status "hello/1.0, $K2, $ARCH: built" "hello/1.0, $K1, $ARCH: built"
	ends 0 unbuild hello/1.0 --all
	ends 41 install hello/1.0 -k 6.1.0-a -k "$K1" -k 6.1.0-b -k "$K2"
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
	# a refusal counts like a failure
	ends 21 build hello/1.0 -k 6.1.0-none -k 6.1.0-a
	ends 77 build hello/1.0 -k 6.1.0-a --directive BUILD_EXCLUSIVE_KERNEL=5 -k 6.1.0-none
	# 77 is no failure: one that is counts before it
	ends 42 build hello/1.0 -k 6.1.0-none -k 6.1.0-b --directive BUILD_EXCLUSIVE_KERNEL=6.1.0-b
}

@test "the module stays added whatever comes of a build" {
	make_module hello 1.0 'PRE_BUILD="pre"'
	script /usr/src/hello-1.0/pre 'exit 3'
	ends 3 install hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0: added"
}
