#!/usr/bin/env bats
# Real drivers that are older than the newer kernel: of each failed build the line is shown that a maintainer
# would point at. The patterns were judged by reading the logs, not taken from what the program said.
load ../../lib/dkms

# fails_with PACKAGE PATTERN: builds the package's module for $K3; the first error shown matches PATTERN.
fails_with() {
	local dir src first
	[ -n "$K3" ] || skip "no headers of a newer kernel"
	dir=$("$DKMS_TEST_TOP/tests/lib/fetch" package "$1")
	cp -r "$dir"/usr/src/* /usr/src/
	src=$(basename "$dir"/usr/src/*/)
	mkdir -p "/lib/modules/$K3"
	ln -s "/usr/src/linux-headers-$K3" "/lib/modules/$K3/build"
	# one job: with more, two files may fail at once and either is first
	run_dkms build -j 1 "/usr/src/$src" -k "$K3"
	assert_status 10
	first=$(sed -n 's/^  | //p' <<<"$errors" | head -n 1)
	[[ $first =~ $2 ]] || _fail "the first error shown should match: $2"
	assert_errors_have "does not know kernel $K3 yet"
	[[ $errors =~ (/var/lib/dkms/[^ \']*/build/make.log) ]] || _fail "the log should be named"
	grep -qF -- "${first%...}" "${BASH_REMATCH[1]}"
	[ "$(wc -l <<<"$errors")" -le 20 ] || _fail "so much is not read"
}

@test "v4l2loopback" {
	fails_with v4l2loopback-dkms '/v4l2loopback\.c:[0-9]+:[0-9]+: error: implicit declaration of function .*strlcpy'
}

@test "ddcci" {
	fails_with ddcci-dkms '/ddcci\.c:[0-9]+:[0-9]+: error: macro "DEFINE_SEMAPHORE" requires 2 arguments'
	assert_errors_have 'static DEFINE_SEMAPHORE(core_lock);'
	assert_errors_have '#define DEFINE_SEMAPHORE(_name, _n)'
}

@test "evdi" {
	fails_with evdi-dkms '/evdi_platform_drv\.c:[0-9]+:[0-9]+: error: initialization of .* from incompatible pointer type'
	assert_errors_have '.remove = evdi_platform_device_remove'
}

@test "dm-writeboost" {
	fails_with dm-writeboost-dkms '/dm-writeboost-target\.c:[0-9]+:[0-9]+: error: .*struct block_device.* has no member named .*bd_inode'
}

@test "digimend" {
	fails_with digimend-dkms '/hid-[a-z-]*\.c:[0-9]+:[0-9]+: error: initialization of .* from incompatible pointer type'
	assert_errors_have '.report_fixup = '
}

@test "jool" {
	fails_with jool-dkms '/nl_handler\.c:[0-9]+:[0-9]+: error: initialization of .*struct genl_split_ops.* from incompatible pointer type'
}

@test "tp-smapi" {
	fails_with tp-smapi-dkms '/thinkpad_ec\.c:[0-9]+:[0-9]+: error: macro "DEFINE_SEMAPHORE" requires 2 arguments'
}

@test "gost-crypto" {
	fails_with gost-crypto-dkms '/gost28147_[a-z]*\.c:[0-9]+:[0-9]+: fatal error: asm/unaligned\.h: No such file'
}

@test "langford" {
	fails_with langford-dkms '/langford\.c:[0-9]+:[0-9]+: error: .*no_llseek.* undeclared here'
}

@test "vpoll: the error is in a header's macro, the driver's line is shown too" {
	fails_with vpoll-dkms '/init\.h:[0-9]+:[0-9]+: error: passing argument 1 of .*class_create.* from incompatible pointer type'
	assert_errors_have 'vpoll_class = class_create(THIS_MODULE, NAME);'
	assert_errors_have 'class_create(const char *name);'
}

@test "openrazer: what the kernel declares instead is shown" {
	fails_with openrazer-driver-dkms '/razerkbd_driver\.c:[0-9]+:[0-9]+: error: too few arguments to function .*hid_report_raw_event'
	assert_errors_have 'int hid_report_raw_event(struct hid_device *hid, enum hid_report_type type, u8 *data,'
}

@test "rapiddisk" {
	fails_with rapiddisk-dkms '/rapiddisk\.c:[0-9]+:[0-9]+: error: implicit declaration of function .*blk_queue_logical_block_size'
}
