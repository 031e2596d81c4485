#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A wrapper repository's module on a machine of its own: a real kernel in QEMU, with udev.

load ../../lib/dkms

setup_file() {
	"$DKMS_TEST_TOP/tests/lib/fetch" package "linux-image-$K1"
}

@test "story 7: setup loads the site's module and its device is everybody's; setup_clean takes it back" {
	only_ours
	site="$C/the site/wrapper"
	mkdir "${site%/*}"
	cp -r "$DKMS_TEST_TOP/examples/site" "$site"
	uio=/lib/modules/$K1/kernel/drivers/uio
	mkdir -p "$uio"
	cp "$DKMS_TEST_CACHE/kernel/$K1/kernel/drivers/uio/uio.ko" "$uio/"
	run_cmd make -C "$site" dkms_add dkms_install DKMS_ARGS="-k $K1"
	assert_status 0
	assert_dkms_status "site-timing/1.2, $K1, $ARCH: installed"
	cat >"$C/script" <<'END'
set -eu
state() {
	find /etc/udev /etc/modules-load.d -type f
	[ ! -d /sys/module/uio_timing ] || echo "loaded"
	[ ! -e /dev/uio0 ] || stat -c '%n %a' /dev/uio0
}
mkdir -p /etc/udev/rules.d /etc/modules-load.d
for p in depmod modprobe; do ln -sf kmod "$(dirname "$(command -v kmod)")/$p"; done
ln -s "$(command -v udevadm)" /root/systemd-udevd
/root/systemd-udevd --daemon
cd "/root/the site/wrapper"
modprobe uio_timing
udevadm settle
echo "-- before"; state
modprobe -r uio_timing
for i in 1 2; do
	make setup
	echo "-- setup $i"; state
done
udevadm test /sys/class/uio/uio0 2>&1 | grep -o '/etc/udev/rules.d/99-uio_timing.rules:.* MODE.*' || echo none
for i in 1 2; do
	make setup_clean
	echo "-- setup_clean $i"; state
done
END
	run_cmd "$DKMS_TEST_TOP/tests/lib/qemu-run" -m "/lib/modules/$K1" -p "$(realpath "$(command -v make)")" \
		-p "$(realpath "$(command -v kmod)")" -p "$(realpath "$(command -v udevadm)")" -p /usr/libexec/dkms/dkms-expand \
		-f /usr/share/dkms/dkms.mk -f /usr/lib/udev/rules.d/50-udev-default.rules -f "$site=/root/the site/wrapper" \
		"$K1" "$C/script"
	assert_status 0
	files=$'/etc/udev/rules.d/99-uio_timing.rules\n/etc/modules-load.d/uio_timing.conf'
	assert_output_has $'-- before\nloaded\n/dev/uio0 600\n'
	for i in 1 2; do
		assert_output_has "-- setup $i"$'\n'"$files"$'\nloaded\n/dev/uio0 666\n'
	done
	assert_same "$(grep -c '^crw-rw-rw-.* /dev/uio0$' <<<"$output")" 2
	assert_output_has "/etc/udev/rules.d/99-uio_timing.rules:1 MODE 0666"
	assert_output_has $'-- setup_clean 1\nremoved '
	[[ $output == *$'\n-- setup_clean 2' ]]
}
