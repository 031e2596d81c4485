#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies of modules in the initramfs: those that are older than what was installed are told, or the image is made anew.
# The images are made by hand here; full/initramfs-images.bats has those of initramfs-tools and dracut.

load ../lib/dkms

setup() {
	only_ours
	world_up
	IMAGE=/boot/initrd.img-$K1
	mkdir "$C/bin" "$C/i"
	PATH=$C/bin:$PATH
	make_module hello 1.0
	make_module hello 2.0
	run_dkms install hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
}

installed() { echo "/lib/modules/$K1/updates/dkms/hello.ko"; }

# put FILE [PATH]: a module into what becomes the image
put() {
	local to=$C/i/usr/lib/modules/$K1/${2:-updates/dkms/hello.ko}
	mkdir -p "${to%/*}"
	cp "$1" "$to"
}

archive() { (cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0); }

# image [COMPRESSOR...]: microcode first, as it is, then the rest
image() {
	mkdir -p "$C/early/kernel/x86/microcode"
	head -c 1234 /dev/zero >"$C/early/kernel/x86/microcode/AuthenticAMD.bin"
	{
		archive "$C/early"
		archive "$C/i" | "${@:-cat}"
	} >"$IMAGE"
}

# update-initramfs of our own: tells what it was called with, and puts the installed module in
update_initramfs() { # STATUS
	cat >"$C/bin/update-initramfs" <<-END
		#!/bin/bash
		echo "\$*" >>$C/called
		echo "something"
		echo "the last words" >&2
		exit $1
	END
	chmod 755 "$C/bin/update-initramfs"
}

warns() { # NAMES
	assert_status 0
	assert_same "$errors" "dkms: warning: '$IMAGE' still has another $1, which is loaded at boot instead of what was installed
  make it anew: update-initramfs -u -k $K1 (initramfs=update in framework.conf does that)"
}

@test "an older copy is told, whatever the image is compressed with" {
	update_initramfs 0
	put "$(installed)"
	for c in cat "gzip -1" "xz -0 --check=crc32" "zstd -q -1" "lz4 -l -q" "bzip2 -1" "lzma -0"; do
		# shellcheck disable=SC2086
		image $c
		run_dkms install --force hello/2.0 -k "$K1"
		warns hello
		run_dkms install --force hello/1.0 -k "$K1"
		assert_no_errors
	done
	refute_exists "$C/called"
}

@test "nothing is said of a current copy, of modules that are not in it, of an image that is not there" {
	update_initramfs 0
	run_dkms install --force hello/2.0 -k "$K1"
	assert_no_errors
	put "$(installed)"
	put "$WORLD/ready/$K1.ko" kernel/drivers/other.ko
	# an older one beside it loses, as the index in the image says
	put "/usr/src/hello-1.0/ko/$K1/hello.ko" kernel/drivers/hello.ko
	image gzip -1
	run_dkms install --force hello/2.0 -k "$K1"
	assert_no_errors
	# of another kernel, and what is no module
	rm -r "$C/i"
	mkdir -p "$C/i/lib/modules/$K2/updates/dkms" "$C/i/etc"
	cp "/usr/src/hello-1.0/ko/$K2/hello.ko" "$C/i/lib/modules/$K2/updates/dkms/"
	cp "/usr/src/hello-1.0/ko/$K1/hello.ko" "$C/i/etc/"
	image gzip -1
	run_dkms install --force hello/2.0 -k "$K1"
	assert_no_errors
	# the kernel's own, where there is no other
	put "/usr/src/hello-1.0/ko/$K1/hello.ko" kernel/drivers/hello.ko
	image gzip -1
	run_dkms install --force hello/2.0 -k "$K1"
	warns hello
}

@test "an image that has none of the modules is read once; one that changed, or has one, again" {
	local kept=/var/cache/dkms/initramfs
	update_initramfs 0
	put "$WORLD/ready/$K1.ko" kernel/drivers/other.ko
	image gzip -1
	touch -d '1 hour ago' "$IMAGE"
	sleep 0.1
	Q='.initramfs[0].state' json install --force hello/2.0 -k "$K1"
	assert_same "$output" '"current"'
	grep -qx other "$kept/initrd.img-$K1"
	# with nothing to read it
	mv /usr/libexec/dkms/dkms-archive "$C/dkms-archive"
	Q='.initramfs[0].state' json install --force hello/1.0 -k "$K1"
	assert_same "$output" '"current"'
	# cut short it is not believed
	cp "$kept/initrd.img-$K1" "$C/kept"
	head -n -1 "$C/kept" >"$kept/initrd.img-$K1"
	Q='.initramfs[0].state' json install --force hello/2.0 -k "$K1"
	assert_same "$output" '"unreadable"'
	cp "$C/kept" "$kept/initrd.img-$K1"
	# nor if the image changed, be it to the same size and time
	cp --preserve=timestamps "$IMAGE" "$C/image"
	cat "$C/image" >"$IMAGE"
	touch -r "$C/image" "$IMAGE"
	Q='.initramfs[0].state' json install --force hello/1.0 -k "$K1"
	assert_same "$output" '"unreadable"'
	mv "$C/dkms-archive" /usr/libexec/dkms/dkms-archive
	# one that has it is read each time
	put "$(installed)"
	image gzip -1
	sleep 0.1
	for v in 1.0 2.0 2.0; do run_dkms install --force "hello/$v" -k "$K1"; done
	warns hello
	# what is known of an image goes with it
	mv "$IMAGE" "/boot/initrd.img-$K2"
	make_module other 1.0
	run_dkms install other/1.0 -k "$K2"
	assert_same "$(ls "$kept")" "initrd.img-$K2"
}

@test "a copy is the same, however it is compressed, and stripped but of the same build" {
	put "$(installed)"
	xz --check=crc32 "$C/i/usr/lib/modules/$K1/updates/dkms/hello.ko"
	image zstd -q -1
	run_dkms install --force hello/1.0 -k "$K1"
	assert_no_errors
	rm "$C/i/usr/lib/modules/$K1/updates/dkms/hello.ko.xz"
	put "$(installed)"
	printf x >>"$C/i/usr/lib/modules/$K1/updates/dkms/hello.ko"
	image
	run_dkms install --force hello/1.0 -k "$K1"
	assert_no_errors
	# of the same build, but signed
	/usr/libexec/dkms/dkms-sign genkey "$C/key" "$C/cert"
	/usr/libexec/dkms/dkms-sign sign sha256 "$C/key" "$C/cert" "$C/i/usr/lib/modules/$K1/updates/dkms/hello.ko"
	image
	update_initramfs 0
	run_dkms install --force hello/1.0 -k "$K1"
	warns hello
}

@test "initramfs=update makes it anew, once for a kernel, and only if it is older" {
	echo initramfs=update >/etc/dkms/framework.conf.d/initramfs.conf
	update_initramfs 0
	make_module more 1.0
	put "$(installed)"
	image gzip -1
	run_dkms install --force hello/1.0 -k "$K1"
	refute_exists "$C/called"
	put "/usr/src/hello-2.0/ko/$K1/hello.ko"
	put "/usr/src/hello-2.0/ko/$K1/hello.ko" kernel/more.ko
	image gzip -1
	run_dkms remove hello/1.0 --all
	run_dkms add hello/1.0
	run_dkms add more/1.0
	run_dkms autoinstall -k "$K1"
	assert_status 0
	assert_no_errors
	assert_output_has "the initramfs of kernel $K1 was made anew"
	assert_same "$(cat "$C/called")" "-u -k $K1"
	# nothing to do
	run_dkms autoinstall -k "$K1"
	assert_same "$(cat "$C/called")" "-u -k $K1"
	# a failure is told, and is none of the installation
	update_initramfs 3
	run_dkms install --force hello/1.0 -k "$K1"
	assert_status 0
	assert_same "$errors" "dkms: warning: 'update-initramfs -u -k $K1' failed with exit status 3: the last words"
	# what cannot be read may be old
	head -c 3000 /dev/urandom >"$IMAGE"
	rm "$C/called"
	update_initramfs 0
	run_dkms install --force hello/1.0 -k "$K1"
	assert_no_errors
	assert_exists "$C/called"
}

@test "initramfs=off, a kernel package's hook, another install tree: nothing is looked at" {
	put "$(installed)"
	image gzip -1
	update_initramfs 0
	DKMS_INITRAMFS_FOLLOWS=1 run_dkms install --force hello/2.0 -k "$K1"
	assert_status 0
	assert_no_errors
	run_dkms remove hello/2.0 --all
	run_cmd /usr/lib/dkms/kernel-hook postinst "$K1"
	assert_no_errors
	run_dkms install --force hello/2.0 -k "$K1"
	warns hello
	echo initramfs=off >/etc/dkms/framework.conf.d/initramfs.conf
	run_dkms install --force hello/2.0 -k "$K1"
	assert_no_errors
	rm /etc/dkms/framework.conf.d/initramfs.conf
	cp -a /lib/modules "$C/tree"
	run_dkms install --force hello/2.0 -k "$K1" --installtree "$C/tree"
	assert_status 0
	assert_no_errors
}

@test "dracut's image and its command; without a tool there is no advice" {
	put "$(installed)"
	image gzip -1
	mv "$IMAGE" "/boot/initramfs-$K1.img"
	IMAGE=/boot/initramfs-$K1.img
	printf '#!/bin/sh\necho "$*" >%s/called\n' "$C" >"$C/bin/dracut"
	chmod 755 "$C/bin/dracut"
	run_dkms install --force hello/2.0 -k "$K1"
	assert_errors_have "make it anew: dracut --force $IMAGE $K1 ("
	echo initramfs=update >/etc/dkms/framework.conf.d/initramfs.conf
	run_dkms install --force hello/2.0 -k "$K1"
	assert_no_errors
	assert_same "$(cat "$C/called")" "--force $IMAGE $K1"
}

@test "damaged images are no reason to fail, and nothing is said" {
	put "$(installed)"
	image gzip -1
	cp "$IMAGE" "$C/whole"
	n=$(stat -c %s "$C/whole")
	for at in 0 5 50 111 600 1500 2000 $((n / 2)) $((n - 10)); do
		head -c "$at" "$C/whole" >"$IMAGE"
		run_dkms install --force hello/1.0 -k "$K1"
		assert_status 0
		assert_no_errors
	done
	ln -sf /dev/zero "$IMAGE"
	run_dkms install --force hello/1.0 -k "$K1"
	assert_no_errors
	rm "$IMAGE"
	mkdir "$IMAGE"
	run_dkms install --force hello/1.0 -k "$K1"
	assert_no_errors
}

@test "in a document" {
	Q='.initramfs == []' json install --force hello/1.0 -k "$K1"
	assert_status 0
	put "$(installed)"
	image gzip -1
	update_initramfs 0
	Q='.initramfs == [{ kernel: $ENV.K1, image: "/boot/initrd.img-\($ENV.K1)", state: "current", older: [] }]' \
		json install --force hello/1.0 -k "$K1"
	assert_status 0
	Q='.initramfs[0] | .state == "older" and .older == ["hello"]' json install --force hello/2.0 -k "$K1"
	assert_status 0
	echo initramfs=update >/etc/dkms/framework.conf.d/initramfs.conf
	Q='.initramfs[0].state == "updated"' json install --force hello/2.0 -k "$K1"
	assert_status 0
	update_initramfs 1
	Q='.initramfs[0].state == "update-failed"' json install --force hello/2.0 -k "$K1"
	assert_status 0
}
