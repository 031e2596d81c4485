#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The pages of docs/ that a new user follows, word for word, with the real drivers (as the kernel's source has them), on
# the standard kernel with all its modules.

load ../../lib/dkms
load ../../lib/page

driver() { "$DKMS_TEST_TOP/tests/lib/fetch" driver "$(cut -d. -f1-2 <<<"$K2")" "$1"; }

setup_file() {
	"$DKMS_TEST_TOP/tests/lib/fetch" package "linux-image-$K2"
	export DKMS_TEST_CACHE
	driver drivers/net/ethernet/intel/ixgbe
	driver drivers/hwmon/it87.c
}

setup() {
	WORLD_MODULES=$DKMS_TEST_CACHE/kernel
	world_up
	only_ours
	mkdir "$C/bin" "$C/place"
	printf '#!/bin/sh\nexit 0\n' >"$C/bin/modprobe"
	chmod 755 "$C/bin/modprobe"
	PATH=$C/bin:$PATH
	cd "$C/place" || return
}

# the vendor's archive: the driver, with a Makefile that a person can call too, and a version
make_archive() {
	local dir=ixgbe-4.3.15
	mkdir "$dir"
	cp -r "$(driver drivers/net/ethernet/intel/ixgbe)/ixgbe" "$dir/src"
	echo 'MODULE_VERSION("4.3.15");' >>"$dir/src/ixgbe_main.c"
	sed '/^obj-m/,/^ixgbe-y/d' "$DKMS_TEST_TOP/tests/data/howto/$dir/src/Makefile" >"$C/Makefile"
	sed "/^# read by the kernel's/r $dir/src/Makefile" "$C/Makefile" >"$dir/src/Makefile.new"
	mv "$dir/src/Makefile.new" "$dir/src/Makefile"
	tar -czf "$dir.tar.gz" "$dir"
	rm -r "$dir"
}

@test "story 1: the real ixgbe from an archive, both ways, by docs/howto-archive.md; the kernel loads it" {
	make_archive
	own=/lib/modules/$K2/kernel/drivers/net/ethernet/intel/ixgbe/ixgbe.ko
	before=$(sha256sum "$own")
	(
		running_on "$K2"
		do_page docs/howto-archive.md
	)
	assert_same "$(modinfo -k "$K2" -F version ixgbe)" 4.3.15
	refute_exists "$own"
	tree=$C/modules/lib/modules/$K2
	/usr/sbin/modprobe -S "$K2" --show-depends ixgbe | sed -n 's|^insmod /lib/modules/[^/]*/\([^ ]*\).*|\1|p' >"$C/files"
	grep -qx updates/dkms/ixgbe.ko "$C/files"
	mkdir -p "$tree"
	tar -C "/lib/modules/$K2" -c -T "$C/files" modules.order modules.builtin modules.builtin.modinfo | tar -C "$tree" -x
	depmod -b "$C/modules" "$K2"
	echo 'modprobe -v ixgbe && cat /sys/module/ixgbe/version' >"$C/script"
	run_cmd "$DKMS_TEST_TOP/tests/lib/qemu-run" -m "$tree" -p "$(realpath "$(command -v kmod)")" "$K2" "$C/script"
	assert_status 0
	assert_same "$(tail -n 1 <<<"$output")" 4.3.15
	run_dkms uninstall ixgbe/4.3.15 -k "$K2"
	assert_status 0
	assert_same "$(sha256sum "$own")" "$before" "the kernel's own driver"
}

@test "story 1: the real it87 from a git tree, by docs/howto-git.md" {
	export GIT_CONFIG_GLOBAL=$C/gitconfig
	git config --global user.name nobody
	git config --global user.email nobody@localhost
	git config --global safe.directory '*'
	git config --global init.defaultBranch main
	cp -r "$DKMS_TEST_TOP/tests/data/howto/it87" it87
	cp "$(driver drivers/hwmon/it87.c)/it87.c" it87/
	git -C it87 init -q
	git -C it87 add .
	git -C it87 commit -q -m 'the driver'
	git clone -q --bare it87 it87.git
	own=/lib/modules/$K2/kernel/drivers/hwmon/it87.ko
	before=$(sha256sum "$own")
	(
		# nobody has written more; the page's last promise is of what happens if somebody has
		running_on "$K2"
		printf '#!/bin/sh\ncase $3 in pull) echo "MODULE_VERSION(\\"2\\");" >>/usr/src/it87-eol/it87.c ;; *) exec /usr/bin/git "$@" ;; esac\n' \
			>"$C/bin/git"
		chmod 755 "$C/bin/git"
		do_page docs/howto-git.md
	)
	assert_same "$(modinfo -k "$K2" -F version it87) $(modinfo -k "$K2" -F description it87)" \
		"2 $(modinfo -F description "/var/lib/dkms/it87/original_module/$K2/$ARCH/it87.ko")"
	run_dkms remove it87/eol --all
	assert_status 0
	assert_same "$(sha256sum "$own")" "$before" "the kernel's own driver"
}
