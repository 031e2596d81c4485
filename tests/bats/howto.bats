#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The pages of docs/ that a new user follows, word for word, with small drivers of the same shape as the real ones.
# full/howto-drivers.bats has the real ones.

load ../lib/dkms
load ../lib/page

setup() {
	world_up
	only_ours
	mkdir "$C/bin" "$C/place"
	printf '#!/bin/sh\necho "modprobe $*" >>%s\n' "$C/loaded" >"$C/bin/modprobe"
	chmod 755 "$C/bin/modprobe"
	PATH=$C/bin:$PATH
	running_on "$K1"
	cd "$C/place" || return
}

@test "story 1: a driver from a source archive, both ways, as docs/howto-archive.md says" {
	own=/lib/modules/$K1/kernel/drivers/net/ethernet/intel/ixgbe
	mkdir -p "$own"
	ready_ko "$own/ixgbe.ko" ixgbe -
	depmod "$K1"
	before=$(tree_digest "$own")
	tar -C "$DKMS_TEST_TOP/tests/data/howto" -czf ixgbe-4.3.15.tar.gz ixgbe-4.3.15
	do_page docs/howto-archive.md
	assert_same "$(cat "$C/loaded")" $'modprobe -r ixgbe\nmodprobe ixgbe'
	# as it was left, the second way
	assert_same "$(modinfo -F vermagic ixgbe)" "$(modinfo -F vermagic "$WORLD/ready/$K1.ko")"
	run_dkms uninstall ixgbe/4.3.15
	assert_status 0
	assert_same "$(tree_digest "$own")" "$before" "the kernel's own driver"
}

@test "story 1: a driver from a git tree, as docs/howto-git.md says" {
	export GIT_CONFIG_GLOBAL=$C/gitconfig
	git config --global user.name nobody
	git config --global user.email nobody@localhost
	git config --global safe.directory '*'
	git config --global init.defaultBranch main
	cp -r "$DKMS_TEST_TOP/tests/data/howto/it87" it87
	git -C it87 init -q
	git -C it87 add .
	git -C it87 commit -q -m 'the driver'
	git clone -q --bare it87 it87.git
	# somebody has written more by the time of the pull
	cat >"$C/bin/git" <<-END
		#!/bin/bash
		if [ "\$3" = pull ]; then
			cd $C/place/it87 && echo 'MODULE_VERSION("2");' >>it87.c && /usr/bin/git commit -qam more &&
				/usr/bin/git push -q $C/place/it87.git main
			cd - || exit
		fi
		exec /usr/bin/git "\$@"
	END
	chmod 755 "$C/bin/git"
	do_page docs/howto-git.md
	assert_same "$(modinfo -F version it87)" 2
	assert_dkms_status "it87/eol, $K1, $ARCH: installed"
}
