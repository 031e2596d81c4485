#!/usr/bin/env bats
# What differs between distributions: weak-modules, rpm upgrades, lists of modules that always win, the key.
load ../lib/exits

# weak-modules is in no Debian package: a recorder stands in for it and keeps what it was told
weak_modules_at() { # PATH
	only_ours
	mkdir -p "$(dirname "$1")"
	mount -t tmpfs none "$(dirname "$1")"
	cp -a /bin/true "$(dirname "$1")/" 2>/dev/null || :
	cat >"$1" <<-EOS
		#!/bin/sh
		{ echo "\$*"; cat; } >>"$C/weak"
	EOS
	chmod 755 "$1"
}

@test "weak-modules: the SUSE family is told before files go and after they came" {
	only_ours
	as_distro opensuse-leap
	weak_modules_at /usr/lib/module-init-tools/weak-modules2
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	assert_same "$(cat "$C/weak")" "--add-kernel-modules $K1
/lib/modules/$K1/updates/hello.ko"
	rm "$C/weak"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_same "$(cat "$C/weak")" "--remove-kernel-modules $K1
/lib/modules/$K1/updates/hello.ko"
}

@test "weak-modules: off with NO_WEAK_MODULES, in the environment or the conf" {
	only_ours
	as_distro opensuse-leap
	weak_modules_at /usr/lib/module-init-tools/weak-modules2
	make_module hello 1.0
	NO_WEAK_MODULES=1 ends 0 install hello/1.0 -k "$K1"
	make_module other 1.0 'NO_WEAK_MODULES="yes"'
	ends 0 install other/1.0 -k "$K1"
	ends 0 uninstall other/1.0 -k "$K1"
	refute_exists "$C/weak"
}

@test "weak-modules: Debian has none" {
	only_ours
	weak_modules_at /usr/lib/module-init-tools/weak-modules2
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	refute_exists "$C/weak"
}

@test "modules_to_force_install: a listed module is installed over a newer one" {
	only_ours
	mkdir -p "/lib/modules/$K1/kernel/drivers/x"
	ready_ko "/lib/modules/$K1/kernel/drivers/x/hello.ko" hello 2.0 "$K1"
	make_module hello 1.0
	ends 6 install hello/1.0 -k "$K1"
	mount -t tmpfs none /usr/share
	mkdir -p /usr/share/dkms/modules_to_force_install
	echo hello >/usr/share/dkms/modules_to_force_install/vendor
	ends 0 install hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed (Original modules exist)"
	ends 0 uninstall hello/1.0 -k "$K1"
	echo hello_version-override >/usr/share/dkms/modules_to_force_install/vendor
	ends 0 install hello/1.0 -k "$K1"
}

@test "--rpm_safe_upgrade: the remove that follows an add in one rpm process does nothing" {
	only_ours
	make_module hello 1.0
	# dkms's parent is a scriptlet's shell, its parent rpm: both calls have the same grandparent
	TMPDIR=$C run_cmd sh -c 'sh -c "$1 add hello/1.0 --rpm_safe_upgrade; exit \$?" && ls "$TMPDIR" | grep -c "^dkms_rpm_safe_upgrade_lock[.]$$[.]" &&
		sh -c "$1 remove hello/1.0 --all --rpm_safe_upgrade; exit \$?"' sh "$DKMS"
	assert_status 0
	assert_output_has "1"
	assert_dkms_status "hello/1.0: added"
	assert_same "$(find "$C" -maxdepth 1 -name 'dkms_rpm*')" ""
	# another process, or a second time: it is removed
	TMPDIR=$C ends 0 remove hello/1.0 --all --rpm_safe_upgrade
	assert_dkms_status
}

@test "--rpm_safe_upgrade: a note of another version, or of somebody else, is not ours" {
	only_ours
	make_module hello 1.0
	tree_added hello 1.0
	TMPDIR=$C run_cmd sh -c 'echo "hello-1.0" >"$TMPDIR/dkms_rpm_safe_upgrade_lock.$$.AAAAAA"
		sh -c "$1 remove hello/1.0 --all --rpm_safe_upgrade; exit \$?"' sh "$DKMS"
	assert_status 0
	assert_dkms_status
}

@test "--rpm_safe_upgrade: install acts as with --force" {
	only_ours
	mkdir -p "/lib/modules/$K1/kernel/drivers/x"
	ready_ko "/lib/modules/$K1/kernel/drivers/x/hello.ko" hello 2.0 "$K1"
	make_module hello 1.0
	TMPDIR=$C ends 0 install hello/1.0 -k "$K1" --rpm_safe_upgrade
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed (Original modules exist)"
}

@test "rpm families: a kernel that no rpm owns has the machine's architecture" {
	only_ours
	as_distro fedora
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1"
	assert_exists "/var/lib/dkms/hello/1.0/$K1/$(uname -m)"
}

@test "rpm families: a kernel's architecture is that of the rpm that owns its directory" {
	as_distro fedora
	make_module hello 1.0
	stub rpm "case \"\$*\" in *modules/$K1) echo i686 ;; *modules/$K2) echo ../x ;; *) exit 1 ;; esac"
	ends 0 build hello/1.0 -k "$K1" -k "$K2"
	assert_dkms_status "hello/1.0, $K2, $ARCH: built" "hello/1.0, $K1, i686: built"
}

@test "rpm families: a directory that a package owns stays when an uninstall empties it" {
	as_distro fedora
	make_module hello 1.0
	for owned in /extra nothing; do
		stub rpm 'for p; do :; done' "[ \"\${p%$owned}\" != \"\$p\" ] && echo noarch"
		mkdir -p "/lib/modules/$K1/extra"
		ends 0 install hello/1.0 -k "$K1"
		assert_exists "/lib/modules/$K1/extra/hello.ko"
		ends 0 uninstall hello/1.0 -k "$K1"
		refute_exists "/lib/modules/$K1/extra/hello.ko"
		if [ "$owned" = /extra ]; then
			assert_exists "/lib/modules/$K1/extra"
		else
			refute_exists "/lib/modules/$K1/extra"
		fi
	done
}

@test "rpm families: a kernel has the architecture of the rpm that owns it" {
	only_ours
	as_distro fedora
	make_module hello 1.0
	mkdir "$C/bin"
	cat >"$C/bin/rpm" <<-EOS
		#!/bin/sh
		echo "\$*" >>"$C/rpm.log"
		cat "$C/answer"
	EOS
	chmod 755 "$C/bin/rpm"
	echo i686 >"$C/answer"
	PATH=$C/bin:$PATH ends 0 build hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, i686: built"
	grep -qxF "/lib/modules/$K1" <(tail -n 1 "$C/rpm.log" | sed 's/^ *//')
	PATH=$C/bin:$PATH ends 0 unbuild hello/1.0 -k "$K1"
	# what cannot be one is none; -a wins
	printf '../up\n' >"$C/answer"
	PATH=$C/bin:$PATH ends 0 build hello/1.0 -k "$K1"
	: >"$C/answer"
	PATH=$C/bin:$PATH ends 0 build hello/1.0 -k "$K2"
	echo i686 >"$C/answer"
	PATH=$C/bin:$PATH ends 0 build hello/1.0 -k "$K2" -a aaa
	assert_dkms_status "hello/1.0, $K2, aaa: built" "hello/1.0, $K2, $ARCH: built" "hello/1.0, $K1, $ARCH: built"
}

@test "generate_mok: makes the pair once" {
	only_ours
	mkdir -p /var/lib/dkms
	ends 0 generate_mok
	assert_output_has "mokutil --import /var/lib/dkms/mok.pub"
	assert_same "$(stat -c %a /var/lib/dkms/mok.key)" 600
	before=$(sha256sum /var/lib/dkms/mok.*)
	ends 0 generate_mok
	assert_same "$(sha256sum /var/lib/dkms/mok.*)" "$before"
}

@test "--modprobe-on-install: nothing is loaded for a kernel that does not run" {
	only_ours
	make_module hello 1.0
	printf '#!/bin/sh\ntouch "%s/loaded"\n' "$C" >"$C/modprobe"
	chmod 755 "$C/modprobe"
	PATH=$C:$PATH ends 0 install hello/1.0 -k "$K1" --modprobe-on-install
	refute_exists "$C/loaded"
}
