#!/usr/bin/env bats
# Rules that are too small for a file of their own.
load ../lib/exits

@test "the default signing key lies in /var/lib/dkms, whatever the dkms tree is" {
	only_ours
	make_module hello 1.0
	echo try_sign_modules=true >/etc/dkms/framework.conf.d/zz.conf
	ends 0 build hello/1.0 -k "$K1" --dkmstree "$C/t"
	assert_same "$(ls -A "$C/t")" hello
	assert_same "$(ls -A /var/lib/dkms)" "mok.key
mok.pub"
	assert_same "$(modinfo -F signer "$C/t/hello/1.0/$K1/$ARCH/module/hello.ko")" "DKMS module signing key"
}

@test "status: the directory of a kernel begins with digits and a dot" {
	make_module hello 1.0
	tree_built hello 1.0 "$K1"
	for d in mainline 6 6x.1 .6 v6.1 6.1 06.; do
		cp -r "/var/lib/dkms/hello/1.0/$K1" "/var/lib/dkms/hello/1.0/$d"
	done
	run_dkms status
	assert_same "$(LC_ALL=C sort <<<"$output")" "hello/1.0, 06., $ARCH: built
hello/1.0, 6.1, $ARCH: built
hello/1.0, $K1, $ARCH: built"
}

@test "a kernel whose name does not begin with digits, built here, is one for every action" {
	only_ours
	make_module hello 1.0
	mv "/lib/modules/$K1" /lib/modules/custom
	ends 0 build hello/1.0 -k custom
	ends 0 build hello/1.0 -k custom
	assert_output "hello/1.0, custom, $ARCH: already built"
	for k in "" "-k custom" "-k cust*"; do
		# shellcheck disable=SC2086 # words
		ends 0 status $k
		assert_output "hello/1.0, custom, $ARCH: built"
	done
	# depmod takes no such name
	ends 6 install hello/1.0 -k custom
	assert_errors_have "Bad version passed custom"
	ends 0 install --no-depmod hello/1.0 -k custom
	assert_dkms_status "hello/1.0, custom, $ARCH: installed"
	ends 0 mktarball hello/1.0 --all --archive "$C/t.tar.gz"
	# what somebody put there is none
	cp -r /var/lib/dkms/hello/1.0/custom /var/lib/dkms/hello/1.0/backup
	ends 0 remove --no-depmod hello/1.0 --all
	refute_exists /var/lib/dkms/hello/1.0/custom /lib/modules/custom/updates
	assert_dkms_status "hello/1.0: added"
	rm -r /var/lib/dkms/hello/1.0/backup
	ends 0 remove hello/1.0 --all
	refute_exists /var/lib/dkms/hello
	ends 0 ldtarball "$C/t.tar.gz"
	assert_dkms_status "hello/1.0, custom, $ARCH: built"
}

@test "status: a source tree as operand is no filter" {
	tree_added hello 1.0
	tree_added other 1.0
	for operand in /usr/src/hello-1.0 /usr/src/hello-1.0/dkms.conf; do
		ends 0 status "$operand"
		assert_output "hello/1.0: added
other/1.0: added"
	done
}

@test "weak modules have no line in status, and do not count as installed" {
	as_distro rhel
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	mkdir -p "/lib/modules/$K2/weak-updates"
	ln -s "/lib/modules/$K1/extra/hello.ko" "/lib/modules/$K2/weak-updates/hello.ko"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	ends 0 autoinstall -k "$K2"
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
	assert_exists "/lib/modules/$K2/extra/hello.ko"
}

@test "names that begin with a dot may be lost: nothing but memories of the past is in them" {
	only_ours
	make_module dummy 1.0
	before=$(tree_digest "/lib/modules/$K1" | grep -v '/modules\.')
	ends 0 install dummy/1.0 -k "$K1"
	find /var/lib/dkms -mindepth 1 -name '.*' -prune -exec rm -rf {} +
	assert_dkms_status "dummy/1.0, $K1, $ARCH: installed (Original modules exist)"
	ends 0 install dummy/1.0 -k "$K1"
	find /var/lib/dkms -mindepth 1 -name '.*' -prune -exec rm -rf {} +
	ends 0 remove dummy/1.0 --all
	assert_same "$(tree_digest "/lib/modules/$K1" | grep -v '/modules\.')" "$before"
	assert_dkms_status
}

debug_sections() {
	readelf -S "/var/lib/dkms/two/1.0/$K1/$ARCH/module/$1.ko" | grep -c ' \.debug_info ' || :
}

@test "STRIP: no keeps debug information, another element counts for its module only" {
	mkdir -p /usr/src/two-1.0
	for m in one other; do
		printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\nMODULE_VERSION("1.0");\n' >"/usr/src/two-1.0/$m.c"
	done
	printf 'obj-m := one.o other.o\nccflags-y := -g\n' >/usr/src/two-1.0/Makefile
	printf '%s\n' PACKAGE_NAME=two PACKAGE_VERSION=1.0 'BUILT_MODULE_NAME[0]=one' 'BUILT_MODULE_NAME[1]=other' \
		'DEST_MODULE_LOCATION[0]=/extra' 'DEST_MODULE_LOCATION[1]=/extra' >/usr/src/two-1.0/dkms.conf
	ends 0 build two/1.0 -k "$K1"
	assert_same "$(debug_sections one) $(debug_sections other)" "0 0"
	conf two 1.0 'STRIP[1]=no'
	ends 0 build --force two/1.0 -k "$K1"
	assert_same "$(debug_sections one) $(debug_sections other)" "0 1"
	conf two 1.0 'STRIP[0]=nope' 'unset "STRIP[1]"'
	ends 0 build --force two/1.0 -k "$K1"
	assert_same "$(debug_sections one) $(debug_sections other)" "1 1"
}

@test "BUILD_DEPENDS_REBUILD: the highest version that dkms knows is recorded, not with --force, not of what it does not know" {
	make_module base 1.9
	make_module base 1.10
	make_module top 1.0 'BUILD_DEPENDS="base"
BUILD_DEPENDS_REBUILD=yes
PRE_BUILD="pre"'
	script /usr/src/top-1.0/pre "echo x >>$C/count"
	ends 0 install base/1.9 -k "$K1"
	ends 0 add base/1.10
	ends 0 build top/1.0 -k "$K1"
	assert_same "$(od -An -c "/var/lib/dkms/top/1.0/$K1/$ARCH/.dep_base" | tr -d ' ')" '1.10\n'
	# with --force, of a dependency that is not there, and of one that dkms does not know: no record
	echo 'BUILD_DEPENDS[1]="nobody"' >>/usr/src/top-1.0/dkms.conf
	ends 0 build --force top/1.0 -k "$K1"
	assert_same "$(find "/var/lib/dkms/top/1.0/$K1/$ARCH" -name '.dep_*')" ""
	# no record counts as changed; what dkms does not know is passed over: it is built once and no more
	sed -i '$d' /usr/src/top-1.0/dkms.conf
	rm "$C/count"
	ends 0 install base/1.10 -k "$K1"
	assert_same "$(wc -l <"$C/count")" 1
	ends 0 uninstall base/1.10 -k "$K1"
	ends 0 install base/1.10 -k "$K1"
	assert_same "$(wc -l <"$C/count")" 1
	# --force skips the pass
	rm "/var/lib/dkms/top/1.0/$K1/$ARCH/.dep_base"
	ends 0 install --force base/1.10 -k "$K1"
	assert_same "$(wc -l <"$C/count")" 1
}

@test "a deprecated directive is told once by each command that reads it" {
	make_module hello 1.0 'CLEAN="make clean"
REMAKE_INITRD="no"'
	for args in "add hello/1.0" "build hello/1.0 -k $K1 -k $K2"; do
		# shellcheck disable=SC2086 # words
		ends 0 $args
		assert_same "$(grep -c 'CLEAN is deprecated' <<<"$errors") $(grep -c 'REMAKE_INITRD is deprecated' <<<"$errors")" "1 1"
	done
	ends 0 remove hello/1.0 --all
	ends 0 install hello/1.0 -k "$K1" -k "$K2"
	assert_same "$(grep -c 'CLEAN is deprecated' <<<"$errors")" 1
}

transaction() { # 0|1 ARGS...: post_transaction runs, or not
	local want=$1
	shift
	ends 0 "$@" || return 1
	assert_same "$(grep -c x "$C/ran" 2>/dev/null || :)" "${want#0}" "runs of post_transaction after $*" || return 1
	rm -f "$C/ran"
}

@test "post_transaction: after every action that changed something, and not after one that did not" {
	make_module hello 1.0
	echo "post_transaction='echo x >>$C/ran'" >/etc/dkms/framework.conf
	transaction 0 add hello/1.0
	transaction 0 build hello/1.0 -k "$K1"
	transaction 1 install hello/1.0 -k "$K1"
	transaction 0 install hello/1.0 -k "$K1"
	transaction 1 install --force hello/1.0 -k "$K1"
	transaction 1 uninstall hello/1.0 -k "$K1"
	transaction 0 uninstall hello/1.0 -k "$K1"
	transaction 1 unbuild hello/1.0 -k "$K1"
	transaction 0 unbuild hello/1.0 -k "$K1"
	transaction 1 autoinstall -k "$K1"
	transaction 0 autoinstall -k "$K1"
	transaction 1 match --templatekernel "$K1" -k "$K2"
	transaction 0 match --templatekernel "$K1" -k "$K2"
	transaction 1 kernel_preinst -k "$K1"
	transaction 0 kernel_preinst -k "$K1"
	transaction 1 kernel_postinst -k "$K1"
	transaction 1 kernel_prerm -k "$K1"
	transaction 0 kernel_prerm -k "$K1"
	transaction 1 remove hello/1.0 -k "$K2"
}

@test "post_transaction sees the kernel and the trees as shell variables" {
	make_module hello 1.0
	echo "post_transaction='echo \\\$kernelver \\\$arch \\\$kernel_source_dir \\\$dkms_tree \\\$source_tree \\\$install_tree >$C/said'" \
		>/etc/dkms/framework.conf.d/zz.conf
	ends 0 install hello/1.0 -k "$K1"
	assert_same "$(cat "$C/said")" "$K1 $ARCH /lib/modules/$K1/build /var/lib/dkms /usr/src /lib/modules"
}

@test "a compiler that is missing is told, with its package" {
	make_module hello 1.0
	mkdir "$C/headers"
	ln -s "/usr/src/linux-headers-$K1"/* "$C/headers/"
	echo 'CONFIG_CC_VERSION_TEXT="gcc-99 (Debian 99.1) 99"' >"$C/config"
	ends 0 build hello/1.0 -k "$K1" --config "$C/config" --kernelsourcedir "$C/headers"
	assert_errors_have "gcc-99, which is not installed"
	assert_errors_have "apt install gcc-99"
	# the headers know another one
	echo 'CC := gcc-12' >"$C/headers/.kernelvariables"
	ends 0 build --force hello/1.0 -k "$K1" --config "$C/config" --kernelsourcedir "$C/headers"
	refute_errors_have gcc-99
}

@test "ADDON_MODULES_DIR names the place, whatever the distribution and the conf say" {
	make_module hello 1.0 'DEST_MODULE_LOCATION[0]="/kernel/misc"'
	ADDON_MODULES_DIR=updates/mine ends 0 install hello/1.0 -k "$K1"
	assert_same "$(modinfo -k "$K1" -n hello)" "/lib/modules/$K1/updates/mine/hello.ko"
	ADDON_MODULES_DIR=updates/mine assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	ADDON_MODULES_DIR=updates/mine ends 0 uninstall hello/1.0 -k "$K1"
	refute_exists "/lib/modules/$K1/updates"
	as_distro nobodysown
	mkdir -p /etc/sysconfig
	echo 'ADDON_MODULES_DIR="/extra/theirs"' >/etc/sysconfig/module-init-tools
	ends 0 install hello/1.0 -k "$K1"
	assert_exists "/lib/modules/$K1/extra/theirs/hello.ko"
}

# what each step of an install or uninstall finds: the active link, our file, the kernel's own
watch() { # WORD
	echo "echo $1 \$(readlink /var/lib/dkms/dummy/kernel-$K1-$ARCH) \$(ls /lib/modules/$K1/extra 2>/dev/null) \
\$(cd /lib/modules/$K1 && find kernel -name dummy.ko) >>$C/order"
}

@test "install: files and link, weak-modules, POST_INSTALL, depmod; uninstall: weak-modules, files and link, POST_REMOVE, depmod" {
	as_distro rhel
	make_module dummy 1.0 'PRE_INSTALL="pre"
POST_INSTALL="post"
POST_REMOVE="gone"'
	script /usr/src/dummy-1.0/pre "$(watch pre_install)"
	script /usr/src/dummy-1.0/post "$(watch post_install)"
	script /usr/src/dummy-1.0/gone "$(watch post_remove)"
	stub depmod '[ "$1" != --version ] || exit 1' "$(watch depmod)"
	script "$C/weak-modules" "$(watch weak)"
	cp "$C/weak-modules" /usr/sbin/weak-modules
	link="1.0/$K1/$ARCH"
	own=kernel/drivers/net/dummy.ko
	run_dkms install dummy/1.0 -k "$K1"
	one=$status installed=$(cat "$C/order")
	rm "$C/order"
	run_dkms uninstall dummy/1.0 -k "$K1"
	two=$status
	rm /usr/sbin/weak-modules
	assert_same "$one $two" "0 0"
	assert_same "$installed" "pre_install $own
weak $link dummy.ko
post_install $link dummy.ko
depmod $link dummy.ko"
	assert_same "$(cat "$C/order")" "weak $link dummy.ko
post_remove $own
depmod $own"
}

@test "DEST_MODULE_NAME: the name in the dkms tree, in the kernel, and of the original" {
	make_module -m built hello 1.0 'DEST_MODULE_NAME[0]="dummy"'
	ends 0 install hello/1.0 -k "$K1"
	assert_same "$(find "/var/lib/dkms/hello/1.0/$K1/$ARCH/module" "/lib/modules/$K1/updates" /var/lib/dkms/hello/original_module \
		-type f -printf '%f\n')" "dummy.ko
dummy.ko
dummy.ko
dummy.ko.origin"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed (Original modules exist)"
	ends 0 remove hello/1.0 --all
	refute_exists "/lib/modules/$K1/updates"
	assert_exists "/lib/modules/$K1/kernel/drivers/net/dummy.ko"
}

@test "kernel_prerm: one depmod where the kernel's index is still there, none where it is not" {
	make_module hello 1.0
	make_module other 1.0
	stub depmod "[ \"\$1\" != --version ] || exit 1; echo \"\$*\" >>$C/ran"
	for index in modules.dep gone; do
		ends 0 install hello/1.0 -k "$K1"
		ends 0 install other/1.0 -k "$K1"
		rm "$C/ran"
		[ "$index" = modules.dep ] || rm "/lib/modules/$K1/modules.dep"
		ends 0 kernel_prerm -k "$K1"
		assert_same "$(cat "$C/ran" 2>/dev/null)" "$([ "$index" = gone ] || echo "-a $K1")"
		: >"$C/ran"
	done
}

@test "an index that became empty goes, and the kernel's directory with it; not with --no-depmod" {
	mkdir -p /lib/modules/6.1.0-e
	make_module hello 1.0
	for option in "" --no-depmod; do
		touch /lib/modules/6.1.0-e/modules.dep
		ends 0 install hello/1.0 -k 6.1.0-e --kernelsourcedir "/usr/src/linux-headers-$K1" --force
		assert_exists /lib/modules/6.1.0-e/modules.dep.bin
		# shellcheck disable=SC2086 # words
		ends 0 uninstall hello/1.0 -k 6.1.0-e $option
		if [ -z "$option" ]; then
			refute_exists /lib/modules/6.1.0-e
			mkdir -p /lib/modules/6.1.0-e
		else
			assert_exists /lib/modules/6.1.0-e/modules.dep.bin
			refute_exists /lib/modules/6.1.0-e/updates
		fi
	done
}

@test "files of a time to come, and of 1970" {
	make_module dummy 1.0
	home=/lib/modules/$K1/kernel/drivers/net/dummy.ko
	for when in 2037-12-31 1970-01-01; do
		find /usr/src/dummy-1.0 "/lib/modules/$K1/kernel" /etc/dkms -exec touch -h -d $when {} +
		ends 0 install dummy/1.0 -k "$K1"
		find /var/lib/dkms "/lib/modules/$K1/updates" -exec touch -h -d $when {} +
		assert_dkms_status "dummy/1.0, $K1, $ARCH: installed (Original modules exist)"
		ends 0 autoinstall -k "$K1"
		ends 0 build --force dummy/1.0 -k "$K1"
		ends 0 remove dummy/1.0 --all
		assert_same "$(date -r "$home" +%F)" "$when"
		assert_dkms_status
	done
}
