#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Secure Boot for real: a machine in QEMU with Microsoft's keys in its firmware and Debian's signed shim, GRUB and
# kernel, so locked down. The key is made by generate_mok and enrolled as dkms(8) tells, at MokManager's screens.

load ../../lib/dkms

setup_file() {
	local p
	for p in "linux-image-$K1" shim-signed shim-helpers-amd64-signed grub-efi-amd64-signed; do
		"$DKMS_TEST_TOP/tests/lib/fetch" package "$p"
	done
}

setup() {
	world_up
	M=$C/machine R=$C/root
	echo try_sign_modules=true >/etc/dkms/framework.conf.d/tests.conf
}

machine() { run_cmd "$DKMS_TEST_TOP/tests/lib/secure-machine" "$@"; }

# What the machine has: this dkms, its tree, and the kernel's modules.
fill_root() {
	local f l
	rm -rf "$R"
	mkdir -p "$R/var/lib" "$R/usr/src" "$R/usr/lib/modules" "$R/usr/libexec" "$R/etc" "$R/plain"
	ln -s usr/lib "$R/lib"
	cp -a /var/lib/dkms "$R/var/lib/"
	cp -a /usr/src/{hello-1.2,fresh-1.0} "$R/usr/src/"
	cp -a "/usr/lib/modules/$K1" "$R/usr/lib/modules/"
	rm -f "$R/usr/lib/modules/$K1/build"
	cp -L /etc/os-release "$R/etc/os-release"
	cp -a /usr/libexec/dkms "$R/usr/libexec/"
	for f in "$DKMS" "$(command -v bash)" /usr/libexec/dkms/dkms-sign; do
		install -D "$f" "$R$f"
		ldd "$f" | grep -o '/[^ ]*' | while read -r l; do install -D "$l" "$R/usr/lib/${l#*/lib}"; done
	done
	ln -s usr/lib64 "$R/lib64"
	mkdir -p "$R/usr/lib64"
	cp -L /lib64/ld-linux-x86-64.so.2 "$R/usr/lib64/"
	cp "$WORLD/ready/$K1.ko" "$R/plain/plain.ko"
	cat >"$R/run-this"
}

@test "story 9: unsigned is refused, our own key loads once it is enrolled, a fresh one is told and refused" {
	kbuild_module hello 1.2
	kbuild_module fresh 1.0
	run_dkms generate_mok
	assert_status 0
	run_dkms build hello/1.2 -k "$K1"
	assert_status 0
	"$DKMS_TEST_TOP/tests/lib/secure-machine" new "$M" "$K1"

	# before: dkms says that it will not load, and it does not
	fill_root <<-END
		cat /sys/kernel/security/lockdown
		mokutil --sb-state
		insmod /plain/plain.ko
		dkms install hello/1.2 -k $K1
		modprobe hello
		dkms generate_mok
		printf 'secret12\nsecret12\n' | mokutil --import /var/lib/dkms/mok.pub
		dkms generate_mok
		dkms install --force hello/1.2 -k $K1
	END
	machine boot "$M" "$R"
	assert_status 0
	assert_output_has "[integrity]"
	assert_output_has "SecureBoot enabled"
	assert_output_has "can't insert '/plain/plain.ko': Key was rejected by service"
	assert_output_has "dkms: warning: Secure Boot is on, and the kernel will refuse to load hello/1.2: the certificate of"
	assert_output_has "enrol it before the reboot: mokutil --import /var/lib/dkms/mok.pub"
	assert_output_has "can't load module hello (updates/dkms/hello.ko): Key was rejected by service"
	assert_output_has "Secure Boot: on; lockdown: integrity; the certificate: not enrolled"
	assert_output_has "the certificate: enrolment waits for a reboot"
	assert_output_has "refuse to load hello/1.2 until the certificate's enrolment"
	echo "# secure boot: unsigned: refused; signed, not enrolled: dkms says so, refused" >&3

	# the blue screens; and a module that is signed with another key is installed
	/usr/libexec/dkms/dkms-sign genkey "$C/fresh.key" "$C/fresh.pub"
	printf 'mok_signing_key=%s\nmok_certificate=%s\n' "$C/fresh.key" "$C/fresh.pub" >>/etc/dkms/framework.conf.d/tests.conf
	run_dkms build fresh/1.0 -k "$K1"
	assert_status 0
	fill_root <<-END
		dkms generate_mok
		mokutil --test-key /var/lib/dkms/mok.pub
		dkms install hello/1.2 -k $K1
		modprobe hello && cat /proc/modules
		insmod /plain/plain.ko
		dkms why hello/1.2 -k $K1
		dkms install fresh/1.0 -k $K1
	END
	machine boot "$M" -p secret12 "$R"
	assert_status 0
	assert_output_has "Secure Boot: on; lockdown: integrity; the certificate: enrolled"
	assert_output_has "mok.pub is already enrolled"
	refute_output_has "refuse to load hello"
	grep -q '^hello 16384 0 .* (OE*)$' <<<"$output" || _fail "hello should be loaded"
	assert_output_has "can't insert '/plain/plain.ko': Key was rejected by service"
	grep -q 'hello.ko .*sha256), enrolled' <<<"$output" || _fail "why should say that it is enrolled"
	assert_output_has "refuse to load fresh/1.0: signed with a key whose certificate is not enrolled"
	echo "# secure boot: enrolled at MokManager's screens: loaded" >&3

	# after the next reboot
	fill_root <<-END
		insmod /var/lib/dkms/hello/1.2/$K1/$ARCH/module/hello.ko && echo hello: loaded
		insmod /var/lib/dkms/fresh/1.0/$K1/$ARCH/module/fresh.ko
	END
	machine boot "$M" "$R"
	assert_status 0
	assert_output_has "hello: loaded"
	assert_output_has "module/fresh.ko': Key was rejected by service"
	echo "# secure boot: a fresh key: dkms says so, refused" >&3
}
