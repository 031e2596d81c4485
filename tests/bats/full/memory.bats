#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What dkms and its helpers take on real kernels, with real images (resources.bats has small ones).
load ../../lib/dkms
load ../../lib/memory

setup() {
	local k
	only_ours
	for k in "$K1" $K3; do "$DKMS_TEST_TOP/tests/lib/fetch" kernel "$k" >/dev/null; done
	WORLD_MODULES=$DKMS_TEST_CACHE/kernel
	world_up
	# looking for leaks fails under ptrace
	export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
}

@test "memory: the first install on a kernel of four thousand compressed modules, and the next ones" {
	[ -n "$K3" ] || skip "no headers of a newer kernel"
	[ "$(find "/lib/modules/$K3/kernel" -name '*.ko.xz' | wc -l)" -gt 4000 ]
	rm /etc/dkms/framework.conf.d/tests.conf
	rm -rf /var/cache/dkms
	make_module hello 1.0
	takes_little install hello/1.0 -k "$K3"
	# it made skeletons of them all
	[ "$(find "/var/cache/dkms/depmod/$K3"-*/base -name '*.ko.xz' -type f | wc -l)" -gt 4000 ]
	takes_little uninstall hello/1.0 -k "$K3"
	takes_little install hello/1.0 -k "$K3"
	takes_little autoinstall -k "$K3"
	takes_little remove hello/1.0 --all
}

@test "memory: images of 60 MB, whatever they are compressed with" {
	local top=$C/image c
	make_module hello 1.0
	make_module hello 2.0
	run_dkms install hello/1.0 -k "$K1"
	assert_status 0
	mkdir -p "$top/usr/lib/modules/$K1/updates/dkms"
	cp "/lib/modules/$K1/updates/dkms/hello.ko" "$top/usr/lib/modules/$K1/updates/dkms/"
	cp -r "/lib/modules/$K1/kernel" "$top/usr/lib/modules/$K1/"
	# one large file, and what compresses no further
	head -c 50M /dev/urandom >"$top/firmware"
	(cd "$top" && find . | cpio --quiet -o -H newc) >"$C/whole.cpio"
	rm -rf "$top"
	# as initramfs-tools and dracut do; the last has the largest window that zstd takes without being asked
	for c in "zstd -q -9 -T0" "zstd -q -19 -T0" "gzip -1" "xz -0 --check=crc32 -T0" "lz4 -l -q" cat; do
		# shellcheck disable=SC2086
		$c <"$C/whole.cpio" >"/boot/initrd.img-$K1"
		[ "$(stat -c %s "/boot/initrd.img-$K1")" -gt 50000000 ]
		takes_little install --force hello/2.0 -k "$K1"
		assert_errors_have "still has another hello"
		takes_little install --force hello/1.0 -k "$K1"
		assert_no_errors
	done
}
