# SPDX-License-Identifier: LGPL-2.1-or-later
# The short form of bats/full/upgrade-story: our package in a Debian, a driver package, a kernel with its headers.

load ../lib/dkms
load ../lib/root

setup_file() { root_begin; }
setup() { root_lay story; }
teardown() { root_drop story; }

@test "story 2: our package, a driver package and a kernel come and go through apt" {
	put_debs
	apt install /debs/dkms.deb /debs/replaced-dkms_1.0_all.deb
	root_status "replaced/1.0: added"
	in_root getent passwd dkms >/dev/null

	apt install "$(image "$B")" "$(headers "$B")"
	assert_dpkg_clean
	root_status "replaced/1.0, $B, $ARCH: installed (Original modules exist)"
	assert_loadable "$B" dummy
	refute_exists "$ROOT/lib/modules/$B/kernel/drivers/net/dummy.ko"

	apt purge replaced-dkms
	root_status
	assert_exists "$ROOT/lib/modules/$B/kernel/drivers/net/dummy.ko"
	refute_exists "$ROOT/lib/modules/$B/updates"

	apt purge dkms
	assert_dpkg_clean
	refute_exists "$ROOT/etc/dkms" "$ROOT/var/lib/dkms" "$ROOT/etc/kernel/postinst.d/dkms"
}
