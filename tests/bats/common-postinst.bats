# SPDX-License-Identifier: LGPL-2.1-or-later
# /usr/lib/dkms/common.postinst, what the postinst of every driver package calls. Which kernels it takes depends on
# `uname -r` (a stub on PATH here) and on /boot/config-*. K1 sorts after K2 in dpkg's order.

load ../lib/dkms

POSTINST=/usr/lib/dkms/common.postinst
if [ "${DKMS_TEST_SIDE:-ours}" = peer ]; then POSTINST=$PEER/usr/lib/dkms/common.postinst; fi

setup() {
	world_up
	mkdir -p "$C/bin"
	running "$K1"
	touch "/boot/config-$K1" "/boot/config-$K2"
	make_module hello 1.0
}

running() { # KERNEL: what uname -r says
	printf '#!/bin/sh\ncase $1 in -r) echo %s ;; *) exec /usr/bin/uname "$@" ;; esac\n' "$1" >"$C/bin/uname"
	chmod 755 "$C/bin/uname"
}

postinst() {
	PATH=$C/bin:$PATH run_cmd "$POSTINST" "$@"
}

# The same where /proc/1 is of this system, as outside of a chroot.
postinst_no_chroot() {
	PATH=$C/bin:$PATH run_cmd unshare -p -f --mount-proc "$POSTINST" "$@"
}

# with_stub CASE COMMAND...: runs the command where dkms does something else for one action
with_stub() {
	mkdir -p "$C/stub"
	printf '#!/bin/sh\ncase $1 in\n%s\n*) exec /usr/sbin/dkms.real "$@" ;;\nesac\n' "$1" >"$C/stub/dkms"
	chmod 755 "$C/stub/dkms"
	cp /usr/sbin/dkms /usr/sbin/dkms.real
	mount --bind "$C/stub/dkms" /usr/sbin/dkms
	"${@:2}"
	umount /usr/sbin/dkms
	rm /usr/sbin/dkms.real
}

setting() {
	echo "$1" >/etc/dkms/framework.conf.d/case.conf
}

@test "name or version missing: 1" {
	postinst
	assert_status 1
	postinst hello
	assert_status 1
	postinst '' 1.0
	assert_status 1
	assert_dkms_status
}

@test "adds the source and installs it for the running kernel" {
	postinst hello 1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "while autoinstall is off nothing is done, not even add" {
	touch /etc/dkms/no-autoinstall
	postinst hello 1.0
	assert_status 0
	assert_dkms_status
	rm /etc/dkms/no-autoinstall
	postinst hello 1.0
	touch /etc/dkms/no-autoinstall
	before=$(digest_world)
	postinst hello 1.0
	assert_status 0
	assert_same "$(digest_world)" "$before"
}

@test "the same version that is there is removed from all kernels first" {
	run_dkms install hello/1.0 -k "$K1"
	run_dkms install hello/1.0 -k "$K2"
	echo '# new' >>/usr/src/hello-1.0/dkms.conf
	postinst hello 1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	refute_exists "/usr/lib/modules/$K2/updates/dkms/hello.ko"
}

@test "another version that is there stays" {
	make_module hello 0.9
	run_dkms install hello/0.9 -k "$K2"
	postinst hello 1.0 /nowhere '' 0.9
	assert_status 0
	assert_dkms_status "hello/0.9, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
}

@test "a version whose source was gone is replaced" {
	only_ours
	run_dkms install hello/1.0 -k "$K1"
	rm /var/lib/dkms/hello/1.0/source
	postinst hello 1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "remove fails: its status, at once" {
	only_ours
	run_dkms install hello/1.0 -k "$K1"
	with_stub 'remove) exit 5 ;;' postinst hello 1.0
	assert_status 5
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "add fails: its status, at once" {
	only_ours
	echo 'PACKAGE_NAME=' >>/usr/src/hello-1.0/dkms.conf
	postinst hello 1.0
	assert_status 8
	assert_dkms_status
}

@test "neither tarball nor source: a message, 0" {
	only_ours
	postinst nothing 1.0 "$C"
	assert_status 0
	assert_output_has nothing-1.0
	assert_dkms_status
}

@test "a module that does not ask for AUTOINSTALL is added only" {
	only_ours
	make_module byhand 1.0 'AUTOINSTALL=""'
	postinst byhand 1.0
	assert_status 0
	assert_dkms_status "byhand/1.0: added"
}

@test "the running kernel and a newer one are taken" {
	running "$K2"
	postinst hello 1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
}

@test "a newest kernel that is not in the install tree does not count" {
	running "$K2"
	touch /boot/config-6.9.9-none
	postinst hello 1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
}

@test "the newest is found in dpkg's order" {
	running "$K2"
	cp -a "/usr/lib/modules/$K1" /usr/lib/modules/6.10.0-1-test
	cp -a "/usr/lib/modules/$K1" /usr/lib/modules/6.9.0-1-test
	touch /boot/config-6.10.0-1-test /boot/config-6.9.0-1-test
	postinst hello 1.0
	assert_status 0
	run_dkms status
	assert_output_has "hello/1.0, 6.10.0-1-test, $ARCH: installed"
	refute_output_has 6.9.0-1-test
}

@test "autoinstall_all_kernels takes all that have a build link" {
	setting 'autoinstall_all_kernels=yes'
	running 9.9.9
	cp -a "/usr/lib/modules/$K1" /usr/lib/modules/6.1.0-1-nolink
	rm /usr/lib/modules/6.1.0-1-nolink/build
	postinst hello 1.0
	assert_status 0
	refute_output_has 6.1.0-1-nolink
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
}

@test "in a chroot, the running kernel not installed: all kernels of a new installation" {
	running 5.0.0
	postinst hello 1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
}

@test "in a chroot, the running kernel not installed: the newest on an upgrade" {
	running 5.0.0
	FAKECHROOT=true postinst hello 1.0 '' '' 0.9
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "in a chroot on an upgrade, the newest older than the running one: all" {
	running 9.9.9
	postinst hello 1.0 '' '' 0.9
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
}

@test "no chroot, the running kernel not installed: the newest, if it is not older" {
	running 5.0.0
	postinst_no_chroot hello 1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "no kernel to build for: a warning, 0" {
	only_ours
	running 9.9.9
	postinst_no_chroot hello 1.0
	assert_status 0
	assert_errors_have "no kernel"
	assert_dkms_status "hello/1.0: added"
}

@test "a kernel without headers is passed over with a message" {
	rm "/usr/lib/modules/$K1/build"
	running "$K1"
	postinst hello 1.0
	assert_status 0
	assert_output_has headers
	assert_dkms_status "hello/1.0: added"
}

@test "a kernel named BOOT is passed over" {
	cp -a "/usr/lib/modules/$K1" /usr/lib/modules/5.0-BOOT
	running 5.0-BOOT
	rm "/boot/config-$K1"
	postinst hello 1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
}

@test "a build that excludes the kernel is no failure" {
	make_module picky 1.0 'BUILD_EXCLUSIVE_KERNEL="^9"'
	postinst picky 1.0
	assert_status 0
	assert_dkms_status "picky/1.0: added"
}

fails_on_k2() { # NAME: builds for K1 only
	# shellcheck disable=SC2016
	make_module "$1" 1.0 'MAKE[0]="test $kernelver != '"$K2"' && sh ./mk $kernelver"'
}

@test "a build that fails: the next kernel is tried, the failure's status comes at the end" {
	only_ours
	fails_on_k2 half
	running "$K2"
	postinst half 1.0
	assert_status 10
	assert_dkms_status "half/1.0, $K1, $ARCH: installed"
}

@test "a build that fails ends it where continue_on_error is off" {
	fails_on_k2 half
	running "$K2"
	setting 'continue_on_error=false'
	postinst half 1.0
	assert_status 10
	assert_dkms_status "half/1.0: added"
}

@test "a failed install ends it at once, with its status" {
	make_module guarded 1.0 'PRE_INSTALL="no.sh"'
	printf '#!/bin/sh\nexit 1\n' >/usr/src/guarded-1.0/no.sh
	chmod 755 /usr/src/guarded-1.0/no.sh
	running "$K2"
	postinst guarded 1.0
	assert_status 101
	assert_dkms_status "guarded/1.0, $K2, $ARCH: built"
}

@test "the arch is handed on" {
	running "$K1"
	postinst hello 1.0 '' myarch
	assert_status 0
	assert_exists "/var/lib/dkms/hello/1.0/$K1/myarch"
}

@test "a source that is no link (binaries only) is passed over with a message" {
	only_ours
	touch "$C/hello-1.0.dkms.tar.gz"
	# as ldtarball of 3.x leaves it
	with_stub 'ldtarball)
		/usr/sbin/dkms.real add -m hello -v 1.0 &&
			rm /var/lib/dkms/hello/1.0/source && cp -r /usr/src/hello-1.0 /var/lib/dkms/hello/1.0/source
		;;' postinst hello 1.0 "$C"
	assert_status 0
	assert_output_has "binaries only"
	refute_exists "/var/lib/dkms/hello/1.0/$K1"
}

@test "a tarball is loaded before the source is looked at; what is built in it is installed" {
	run_dkms build hello/1.0 -k "$K1"
	run_dkms mktarball hello/1.0 -k "$K1" --archive "$C/hello-1.0.dkms.tar.gz"
	assert_status 0
	run_dkms remove hello/1.0 --all
	rm -r /usr/src/hello-1.0 "/usr/lib/modules/$K1/build"
	postinst hello 1.0 "$C"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "a tarball that cannot be loaded: 2" {
	echo "no archive" >"$C/hello-1.0.dkms.tar.gz"
	postinst hello 1.0 "$C"
	assert_status 2
}
