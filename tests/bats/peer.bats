#!/usr/bin/env bats
# Trees that Debian's dkms 3.0.10 wrote are used here, and the reverse.
load ../lib/dkms

same_status() { # the two say the same of the tree
	run_peer status
	assert_status 0
	local theirs=$output
	run_dkms status
	assert_status 0
	assert_same "$(sort <<<"$output")" "$(sort <<<"$theirs")"
}

# A module that the kernel has itself. On Debian 3.0.10 neither keeps an original nor gives one back (it
# deletes original_module at uninstall), so these cases play a distribution without a place of its own.
with_an_original() {
	as_distro gentoo
	make_module dummy 1.0 'DEST_MODULE_LOCATION[0]="/kernel/drivers/net"'
	original=$(sha256sum <"/lib/modules/$K1/kernel/drivers/net/dummy.ko")
}

assert_original_back() {
	assert_same "$(sha256sum <"/lib/modules/$K1/kernel/drivers/net/dummy.ko")" "$original" "the original module"
	refute_exists /var/lib/dkms/dummy/original_module
}

@test "theirs: added, built and installed are listed here" {
	make_module alpha 1.0
	make_module beta 1.0
	make_module gamma 1.0
	run_peer add alpha/1.0
	run_peer build beta/1.0 -k "$K1"
	run_peer install gamma/1.0 -k "$K1"
	assert_status 0
	assert_dkms_status "alpha/1.0: added" "beta/1.0, $K1, $ARCH: built" "gamma/1.0, $K1, $ARCH: installed"
	same_status
}

@test "theirs: an added one is built here" {
	make_module alpha 1.0
	run_peer add alpha/1.0
	run_dkms build alpha/1.0 -k "$K1"
	assert_status 0
	same_status
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
}

@test "theirs: a built one is installed here, and not built again" {
	make_module alpha 1.0
	run_peer build alpha/1.0 -k "$K1"
	assert_status 0
	before=$(tree_digest "/var/lib/dkms/alpha/1.0/$K1" | grep -v '/\.')
	run_dkms install alpha/1.0 -k "$K1"
	assert_status 0
	assert_same "$(tree_digest "/var/lib/dkms/alpha/1.0/$K1" | grep -v '/\.')" "$before"
	cmp "/lib/modules/$K1/updates/dkms/alpha.ko" "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko"
	same_status
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
}

@test "theirs: an installed one is uninstalled here" {
	make_module alpha 1.0
	run_peer install alpha/1.0 -k "$K1"
	run_dkms uninstall alpha/1.0 -k "$K1"
	assert_status 0
	refute_exists "/lib/modules/$K1/updates/dkms/alpha.ko" "/var/lib/dkms/alpha/kernel-$K1-$ARCH"
	same_status
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
}

@test "theirs: an original without .origin goes back where the conf says" {
	with_an_original
	run_peer install dummy/1.0 -k "$K1"
	assert_status 0
	assert_exists "/var/lib/dkms/dummy/original_module/$K1/$ARCH/dummy.ko"
	if [ "$DKMS_TEST_SIDE" = ours ]; then
		assert_dkms_status "dummy/1.0, $K1, $ARCH: installed (Original modules exist)"
	fi
	run_dkms uninstall dummy/1.0 -k "$K1"
	assert_status 0
	assert_original_back
}

@test "theirs: everything is removed here" {
	make_module alpha 1.0
	before=$(tree_digest /usr/lib/modules)
	run_peer install alpha/1.0 -k "$K1"
	run_peer build alpha/1.0 -k "$K2"
	assert_status 0
	run_dkms remove alpha/1.0 --all
	assert_status 0
	refute_exists /var/lib/dkms/alpha "/lib/modules/$K1/updates"
	assert_same "$(tree_digest /usr/lib/modules)" "$before"
}

@test "ours: added, built and installed are listed there" {
	make_module alpha 1.0
	make_module beta 1.0
	make_module gamma 1.0
	run_dkms add alpha/1.0
	assert_status 0
	run_dkms build beta/1.0 -k "$K1"
	assert_status 0
	run_dkms install gamma/1.0 -k "$K1"
	assert_status 0
	run_peer status
	assert_output "alpha/1.0: added
beta/1.0, $K1, $ARCH: built
gamma/1.0, $K1, $ARCH: installed"
}

@test "ours: an added one is built there, a built one is installed there" {
	make_module alpha 1.0
	run_dkms add alpha/1.0
	run_peer build alpha/1.0 -k "$K1"
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
	run_dkms build alpha/1.0 -k "$K2"
	assert_status 0
	run_peer install alpha/1.0 -k "$K2"
	assert_status 0
	cmp "/lib/modules/$K2/updates/dkms/alpha.ko" "/var/lib/dkms/alpha/1.0/$K2/$ARCH/module/alpha.ko"
	same_status
}

@test "ours: an installed one is uninstalled there, the original goes back" {
	with_an_original
	run_dkms install dummy/1.0 -k "$K1"
	assert_status 0
	assert_exists "/var/lib/dkms/dummy/original_module/$K1/$ARCH/dummy.ko"
	run_peer uninstall dummy/1.0 -k "$K1"
	assert_status 0
	assert_original_back
	assert_dkms_status "dummy/1.0, $K1, $ARCH: built"
}

@test "ours: on Debian 3.0.10 loses an original that was saved here, uninstalled here it is back" {
	make_module dummy 1.0
	home=/lib/modules/$K1/kernel/drivers/net/dummy.ko
	sum=$(sha256sum <"$home")
	run_dkms install dummy/1.0 -k "$K1"
	run_dkms uninstall dummy/1.0 -k "$K1"
	assert_same "$(sha256sum <"$home")" "$sum"
	run_dkms install dummy/1.0 -k "$K1"
	run_peer uninstall dummy/1.0 -k "$K1"
	assert_status 0
	refute_exists "$home" /var/lib/dkms/dummy/original_module
}

@test "ours: everything is removed there" {
	make_module alpha 1.0
	run_dkms install alpha/1.0 -k "$K1"
	run_dkms build alpha/1.0 -k "$K2"
	assert_status 0
	run_peer remove alpha/1.0 --all
	assert_status 0
	refute_exists /var/lib/dkms/alpha "/lib/modules/$K1/updates"
	assert_dkms_status
}

@test "taking turns: install here, build another version there, switch back and forth" {
	make_module alpha 1.0
	make_module alpha 2.0
	run_dkms install alpha/1.0 -k "$K1"
	assert_status 0
	run_peer install alpha/2.0 -k "$K1"
	assert_status 0
	assert_same "$(modinfo -F version "/lib/modules/$K1/updates/dkms/alpha.ko")" 2.0
	same_status
	run_dkms uninstall alpha/2.0 -k "$K1"
	assert_status 0
	run_dkms install alpha/1.0 -k "$K1"
	assert_status 0
	assert_same "$(modinfo -F version "/lib/modules/$K1/updates/dkms/alpha.ko")" 1.0
	same_status
}
