#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Older modules in images that initramfs-tools and dracut have made, as they are installed on this machine.

load ../../lib/dkms

setup() {
	world_up
	kbuild_module hello 1.0
	kbuild_module hello 2.0
	kbuild_module other 1.0
	# what is not stripped by dkms is by dracut
	echo 'STRIP[0]=no' >/etc/dkms/hello.conf
	run_dkms install hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
}

# What one does for a driver that is needed at boot, and the image.
initramfs_tools() { # COMPRESS
	IMAGE=/boot/initrd.img-$K1
	cp "/usr/src/linux-headers-$K1/.config" "/boot/config-$K1"
	echo hello >>/etc/initramfs-tools/modules
	printf 'MODULES=most\nCOMPRESS=%s\n' "$1" >/etc/initramfs-tools/conf.d/tests
	rm -rf /var/lib/initramfs-tools
	mkdir /var/lib/initramfs-tools
	update-initramfs -c -k "$K1"
	lsinitramfs "$IMAGE" | grep -q '/hello\.ko$'
}

dracut_image() { # OPTIONS: for dracut.conf
	IMAGE=/boot/initramfs-$K1.img
	mkdir -p /etc/dracut.conf.d
	printf '%s\n' 'hostonly=no' 'add_drivers+=" hello "' 'dracutmodules="base kernel-modules"' "$@" >/etc/dracut.conf.d/tests.conf
	dracut --force "$IMAGE" "$K1"
	lsinitrd "$IMAGE" | grep -q '/hello\.ko$'
}

older_is_told_and_made_anew() { # COMMAND
	run_dkms install --force hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	run_dkms install other/1.0 -k "$K1"
	assert_no_errors
	run_dkms install --force hello/2.0 -k "$K1"
	assert_status 0
	assert_errors_have "dkms: warning: '$IMAGE' still has another hello, which is loaded at boot"
	assert_errors_have "  make it anew: $1 ("
	# as it is told
	$1
	run_dkms install --force hello/2.0 -k "$K1"
	assert_no_errors
	echo initramfs=update >/etc/dkms/framework.conf.d/initramfs.conf
	run_dkms install --force hello/1.0 -k "$K1"
	assert_no_errors
	assert_output_has "the initramfs of kernel $K1 was made anew"
	run_dkms install --force hello/1.0 -k "$K1"
	refute_output_has anew
}

@test "initramfs-tools: an older module in its image is told, and updated" {
	initramfs_tools zstd
	older_is_told_and_made_anew "update-initramfs -u -k $K1"
}

@test "initramfs-tools: the kernel's package makes the image after dkms has built: nothing is said, nothing done twice" {
	initramfs_tools gzip
	run_dkms remove hello/1.0 --all
	run_dkms add hello/2.0
	echo initramfs=update >/etc/dkms/framework.conf.d/initramfs.conf
	# as the package does: by name, one after the other
	run_cmd run-parts --regex '^(dkms|initramfs-tools)$' --arg="$K1" --arg="/boot/vmlinuz-$K1" /etc/kernel/postinst.d
	assert_status 0
	refute_output_has anew
	assert_output_has "hello/2.0, $K1, $ARCH: installed"
	rm /etc/dkms/framework.conf.d/initramfs.conf
	run_dkms install --force hello/2.0 -k "$K1"
	assert_no_errors
}

@test "dracut: an older module in its image is told, and updated" {
	dracut_image 'compress="gzip"' 'do_strip=yes'
	older_is_told_and_made_anew "dracut --force $IMAGE $K1"
}

@test "dracut: microcode in front, xz" {
	dracut_image 'compress="xz"' 'early_microcode=yes'
	run_dkms install --force hello/1.0 -k "$K1"
	assert_no_errors
	run_dkms install --force hello/2.0 -k "$K1"
	assert_errors_have "'$IMAGE' still has another hello"
}
