# SPDX-License-Identifier: LGPL-2.1-or-later
# The life of a machine with driver packages, with real apt and dpkg: kernels come and go, drivers come and go, dkms
# itself comes and goes. Two machines to begin with, each with kernel $A and its headers:
#
#   ours      our package, drivers from the archive (acpi-call, bbswitch) and one made with dh_dkms that replaces a
#             module of the kernel; everything is signed
#   debian    the same drivers with Debian's own dkms

load ../../lib/dkms
load ../../lib/root

setup_file() {
	root_begin
	root_lay ours
	machine /debs/dkms.deb
	root_close ours
	root_lay debian
	machine dkms
	root_close debian
}

setup() {
	C=$W/case
	mkdir -p "$C"
	case $BATS_TEST_DESCRIPTION in
	debian:*) root_lay story debian ;;
	*) root_lay story ours ;;
	esac
}

teardown() {
	root_drop story
	forget_below "$C"
}

machine() { # DKMS
	put_debs
	mkdir -p "$ROOT/etc/dkms/framework.conf.d"
	# a chroot it is, but for signing it counts as a machine
	echo 'try_sign_modules="true"' >"$ROOT/etc/dkms/framework.conf.d/tests.conf"
	apt install "$1" "$(image "$A")" "$(headers "$A")"
	apt install acpi-call-dkms bbswitch-dkms /debs/replaced-dkms_1.0_all.deb
}

# What status says when all drivers are installed for these; Debian's dkms words its remarks otherwise, and does not
# put away a module that lies elsewhere.
plain_status() { # LINES
	run_in_root dkms status
	assert_same "$(sed 's/ (.*//' <<<"$output" | sort)" "$(sed 's/ (.*//' <<<"$1" | sort)" "status lines"
}

lines() { # KERNEL...
	local k
	for k in "$@"; do echo "acpi-call/1.2.2, $k, $ARCH: installed"; done
	for k in "$@"; do echo "bbswitch/0.8, $k, $ARCH: installed"; done
	for k in "$@"; do echo "replaced/1.0, $k, $ARCH: installed (Original modules exist)"; done
}

assert_all_for() { # KERNEL...
	local k
	root_status "$(lines "$@")"
	for k in "$@"; do assert_loadable "$k" acpi_call bbswitch dummy || return 1; done
}

assert_signed() { # KERNEL MODULE...
	local k=$1 m
	shift
	for m in "$@"; do
		run_cmd modinfo -F signer "$ROOT/lib/modules/$k/updates/dkms/$m.ko"
		assert_output "DKMS module signing key" || return 1
	done
}

installed_bytes() {
	(cd "$ROOT/lib/modules" && find . -path './*/updates/*' -name '*.ko*' -exec sha256sum {} + | sort -k 2)
}

@test "drivers of the archive and of dh_dkms are installed, signed and in the index" {
	assert_all_for "$A"
	assert_signed "$A" acpi_call bbswitch dummy
	assert_dpkg_clean
}

@test "story 2: a second kernel with its headers: everything is there for it, signed, before a reboot" {
	apt install "$(image "$B")" "$(headers "$B")"
	assert_dpkg_clean
	assert_all_for "$A" "$B"
	assert_signed "$B" acpi_call bbswitch dummy
	refute_exists "$ROOT/lib/modules/$B/kernel/drivers/net/dummy.ko"
}

@test "story 2: the old kernel is removed: nothing of it is left" {
	apt install "$(image "$B")" "$(headers "$B")"
	apt purge "$(image "$A")" "$(headers "$A")"
	assert_dpkg_clean
	assert_all_for "$B"
	refute_exists "$ROOT/lib/modules/$A"
	run_cmd find "$ROOT/var/lib/dkms" -name "*$A*"
	assert_output ""
}

@test "story 2: headers that arrive after the image" {
	apt install "$(image "$B")"
	assert_output_has "headers"
	assert_dpkg_clean
	root_status "$(lines "$A")"
	apt install "$(headers "$B")"
	assert_dpkg_clean
	assert_all_for "$A" "$B"
}

@test "headers that arrive before the image" {
	apt install "$(headers "$B")"
	assert_dpkg_clean
	apt install "$(image "$B")"
	assert_dpkg_clean
	run_in_root dkms status -k "$B"
	assert_output_has "acpi-call/1.2.2, $B, $ARCH: installed"
	assert_output_has "replaced/1.0, $B, $ARCH: installed"
	assert_loadable "$B" acpi_call bbswitch dummy
}

@test "the image is removed, its headers stay: no module of ours is left for it" {
	apt install "$(image "$B")" "$(headers "$B")"
	apt purge "$(image "$B")"
	assert_dpkg_clean
	root_status "$(lines "$A")"
	run_cmd find "$ROOT/lib/modules/$B" -name '*.ko*'
	assert_output ""
	# and back
	apt install "$(image "$B")"
	assert_all_for "$A" "$B"
}

@test "the same kernel again (reinstall): built anew" {
	before=$(stat -c %i "$ROOT/lib/modules/$A/updates/dkms/acpi_call.ko")
	apt install --reinstall "$(image "$A")"
	assert_dpkg_clean
	assert_all_for "$A"
	[ "$(stat -c %i "$ROOT/lib/modules/$A/updates/dkms/acpi_call.ko")" != "$before" ]
	assert_signed "$A" dummy
}

@test "a driver is removed: the kernel's own module is back, byte for byte" {
	mkdir "$C/image"
	dpkg -x "$ROOT/var/cache/apt/archives/$(image "$A")"_*.deb "$C/image"
	refute_exists "$ROOT/lib/modules/$A/kernel/drivers/net/dummy.ko"
	apt purge replaced-dkms
	assert_dpkg_clean
	cmp "$ROOT/lib/modules/$A/kernel/drivers/net/dummy.ko" "$C/image/lib/modules/$A/kernel/drivers/net/dummy.ko"
	grep -q '^kernel/drivers/net/dummy.ko:' "$ROOT/lib/modules/$A/modules.dep"
	refute_exists "$ROOT/lib/modules/$A/updates/dkms/dummy.ko" "$ROOT/var/lib/dkms/replaced"
}

@test "a driver is upgraded: the new version takes the old one's place" {
	apt install /debs/replaced-dkms_2.0_all.deb
	assert_dpkg_clean
	run_in_root dkms status replaced
	assert_output "replaced/2.0, $A, $ARCH: installed (Original modules exist)"
	assert_loadable "$A" dummy
	apt purge replaced-dkms
	assert_exists "$ROOT/lib/modules/$A/kernel/drivers/net/dummy.ko"
}

@test "a driver is reinstalled, removed, purged" {
	apt install --reinstall acpi-call-dkms
	assert_all_for "$A"
	apt remove acpi-call-dkms
	run_in_root dkms status acpi-call
	assert_output ""
	refute_exists "$ROOT/lib/modules/$A/updates/dkms/acpi_call.ko"
	apt purge acpi-call-dkms bbswitch-dkms replaced-dkms
	assert_dpkg_clean
	root_status
	refute_exists "$ROOT/lib/modules/$A/updates"
}

@test "a driver that does not build does not stop the kernel; the others are there" {
	apt install /debs/picky-dkms_1.0_all.deb
	echo "$B" >"$ROOT/etc/picky-hates"
	apt install "$(image "$B")" "$(headers "$B")"
	[[ $output$errors == *"picky/1.0"* ]] || _fail "the failure should be told"
	assert_dpkg_clean
	run_in_root dkms status -k "$B"
	assert_output_has "picky/1.0: added"
	assert_loadable "$B" acpi_call bbswitch dummy
	assert_loadable "$A" picky
}

@test "a required driver that does not build stops the kernel; once mended dpkg goes on" {
	apt install /debs/picky-dkms_1.0_all.deb
	echo "$B" >"$ROOT/etc/picky-hates"
	echo 'required_modules="picky"' >"$ROOT/etc/dkms/framework.conf.d/required.conf"
	run_apt install "$(image "$B")" "$(headers "$B")"
	assert_status 100
	[[ $output$errors == *"required_modules: picky"* ]] || _fail "the reason should be told"
	assert_loadable "$A" picky
	rm "$ROOT/etc/picky-hates"
	run_in_root dpkg --configure -a
	assert_status 0
	assert_dpkg_clean
	assert_loadable "$B" picky acpi_call bbswitch dummy
}

@test "dkms is removed and its hooks are left: kernels come and go" {
	apt remove dkms
	refute_exists "$ROOT/usr/sbin/dkms"
	assert_exists "$ROOT/etc/kernel/postinst.d/dkms" "$ROOT/etc/kernel/prerm.d/dkms"
	# driver packages went with it
	refute_exists "$ROOT/lib/modules/$A/updates"
	assert_exists "$ROOT/lib/modules/$A/kernel/drivers/net/dummy.ko"
	apt install "$(image "$B")" "$(headers "$B")"
	apt purge "$(image "$A")" "$(headers "$A")"
	assert_dpkg_clean
	# and back: the drivers are installed for what is there now
	apt install /debs/dkms.deb acpi-call-dkms
	root_status "acpi-call/1.2.2, $B, $ARCH: installed"
}

@test "dkms is reinstalled: nothing changes; autoremove takes it with the last driver" {
	before=$(installed_bytes)
	apt install --reinstall /debs/dkms.deb
	assert_all_for "$A"
	assert_same "$(installed_bytes)" "$before"
	in_root apt-mark auto dkms >/dev/null
	apt remove acpi-call-dkms bbswitch-dkms
	apt autoremove
	run_in_root dkms --version
	assert_output "dkms-4.0.0"
	apt remove replaced-dkms
	apt autoremove
	assert_dpkg_clean
	refute_exists "$ROOT/usr/sbin/dkms"
}

@test "dkms is purged: its files are gone, the signing key is not" {
	apt purge dkms
	assert_dpkg_clean
	rm "$ROOT/etc/dkms/framework.conf.d/tests.conf"
	refute_exists "$ROOT/etc/kernel/postinst.d/dkms" "$ROOT/etc/kernel/preinst.d/dkms" \
		"$ROOT/etc/kernel/prerm.d/dkms" "$ROOT/etc/kernel/header_postinst.d/dkms" "$ROOT/etc/dkms/framework.conf"
	run_cmd ls -A "$ROOT/var/lib/dkms"
	assert_output $'mok.key\nmok.pub'
}

@test "dkms-autopkgtest takes a driver through its life" {
	run_in_root /usr/lib/dkms/dkms-autopkgtest acpi-call-dkms
	assert_status 0
	run_in_root dkms status acpi-call
	assert_output ""
	echo "$A" >"$ROOT/etc/picky-hates"
	run_apt install /debs/picky-dkms_1.0_all.deb
	assert_status 100
	run_in_root env AUTOPKGTEST_ARTIFACTS=/tmp /usr/lib/dkms/dkms-autopkgtest picky-dkms
	assert_status 1
}

@test "debian: upgraded to ours: the same modules, nothing is built again, retired conffiles go" {
	plain_status "$(lines "$A")"
	assert_exists "$ROOT/etc/kernel/install.d/dkms" "$ROOT/etc/modprobe.d/dkms.conf"
	before=$(installed_bytes)
	apt install /debs/dkms.deb
	assert_no_errors_but_debconf
	assert_dpkg_clean
	plain_status "$(lines "$A")"
	assert_same "$(installed_bytes)" "$before"
	refute_exists "$ROOT/etc/kernel/install.d" "$ROOT/etc/modprobe.d/dkms.conf"
	run_in_root dpkg-query -W -f '${Conffiles}\n' dkms
	refute_output_has obsolete
	apt install "$(image "$B")" "$(headers "$B")"
	plain_status "$(lines "$A" "$B")"
	assert_loadable "$A" acpi_call bbswitch dummy
	assert_loadable "$B" acpi_call bbswitch dummy
	# whoever put it away, or did not
	apt purge replaced-dkms
	assert_exists "$ROOT/lib/modules/$A/kernel/drivers/net/dummy.ko" \
		"$ROOT/lib/modules/$B/kernel/drivers/net/dummy.ko"
	refute_exists "$ROOT/lib/modules/$A/updates/dkms/dummy.ko" "$ROOT/lib/modules/$B/updates/dkms/dummy.ko"
}

@test "debian: a conffile of Debian's that was changed is kept aside" {
	echo 'options dummy numdummies=3' >>"$ROOT/etc/modprobe.d/dkms.conf"
	apt install /debs/dkms.deb
	assert_dpkg_clean
	refute_exists "$ROOT/etc/modprobe.d/dkms.conf"
	assert_exists "$ROOT/etc/modprobe.d/dkms.conf.dpkg-bak"
}

@test "back to Debian's dkms and forth: each goes on with what the other left" {
	before=$(installed_bytes)
	apt install --allow-downgrades "dkms=$(debians_version)"
	assert_dpkg_clean
	run_in_root dkms --version
	assert_output_has "3.0"
	plain_status "$(lines "$A")"
	apt install "$(image "$B")" "$(headers "$B")"
	assert_dpkg_clean
	plain_status "$(lines "$A" "$B")"
	apt install /debs/dkms.deb
	assert_dpkg_clean
	plain_status "$(lines "$A" "$B")"
	assert_loadable "$B" acpi_call bbswitch dummy
	apt purge "$(image "$B")" "$(headers "$B")"
	assert_all_for "$A"
	assert_same "$(installed_bytes)" "$before"
	apt purge replaced-dkms
	assert_exists "$ROOT/lib/modules/$A/kernel/drivers/net/dummy.ko"
}

debians_version() {
	in_root apt-cache madison dkms | sed -n '1s/^ *dkms | *\([^ ]*\) .*/\1/p'
}

assert_no_errors_but_debconf() {
	errors=$(grep -v -e '^debconf: ' -e 'unable to delete old directory' <<<"$errors") || :
	assert_no_errors
}
