#!/usr/bin/env bats
# install and uninstall: which file goes where, what happens to what was there before.
load ../lib/exits

_dest() { echo "/lib/modules/$K1/updates/dkms/${1:-hello}.ko"; }

@test "install: a copy, root's, 0644, where the distribution has its place; the index knows it" {
	make_module hello 1.0
	umask 077
	ends 0 install hello/1.0 -k "$K1"
	assert_same "$(stat -c '%F %a %U:%G' "$(_dest)")" "regular file 644 root:root"
	assert_same "$(stat -c '%a' "/lib/modules/$K1/updates/dkms")" 755
	cmp "$(_dest)" "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
	assert_same "$(modinfo -k "$K1" -n hello)" "$(_dest)"
	assert_same "$(readlink "/var/lib/dkms/hello/kernel-$K1-$ARCH")" "1.0/$K1/$ARCH"
	no_leftovers
}

@test "install --force: again, from what is built" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	echo changed >"$(_dest)"
	ends 0 install hello/1.0 -k "$K1"
	assert_same "$(cat "$(_dest)")" changed
	echo kept >"/var/lib/dkms/hello/1.0/$K1/$ARCH/mark"
	ends 0 install --force hello/1.0 -k "$K1"
	cmp "$(_dest)" "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
	assert_exists "/var/lib/dkms/hello/1.0/$K1/$ARCH/mark"
}

@test "install: where what was built is gone, its link is not what decides" {
	make_module hello 1.0
	echo 'POST_REMOVE="gone"' >>/usr/src/hello-1.0/dkms.conf
	script /usr/src/hello-1.0/gone "touch $C/gone"
	ends 0 install hello/1.0 -k "$K1"
	for verb in "install hello/1.0" "install hello/1.0" autoinstall; do
		rm -r "/var/lib/dkms/hello/1.0/$K1"
		assert_dkms_status "hello/1.0: added"
		# shellcheck disable=SC2086 # words
		ends 0 $verb -k "$K1"
		cmp "$(_dest)" "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
		assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
		ready_ko "/usr/src/hello-1.0/ko/$K1/hello.ko" hello 1.0 "$K1" srcversion=4567
	done
	refute_exists "$C/gone"
	ends 0 remove hello/1.0 --all
	refute_exists "/lib/modules/$K1/updates"
}

@test "build --force: what is installed, and the active link, stay" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	before=$(tree_digest "/lib/modules/$K1/updates")
	ready_ko "/usr/src/hello-1.0/ko/$K1/hello.ko" hello 1.0 "$K1" srcversion=0123
	ends 0 build --force hello/1.0 -k "$K1"
	assert_same "$(tree_digest "/lib/modules/$K1/updates")" "$before"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed (Differences between built and installed modules)"
	ends 0 install --force hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "originals: saved with their path, put back byte for byte" {
	make_module dummy 1.0
	before=$(kernel_digest)
	home=$(find "/lib/modules/$K1/kernel" -name 'dummy.ko*')
	sum=$(sha256sum <"$home")
	ends 0 install dummy/1.0 -k "$K1"
	kept=/var/lib/dkms/dummy/original_module/$K1/$ARCH
	assert_same "$(sha256sum <"$kept/dummy.ko")" "$sum"
	assert_same "$(cat "$kept/dummy.ko.origin")" "$home"
	refute_exists "$home"
	assert_dkms_status "dummy/1.0, $K1, $ARCH: installed (Original modules exist)"
	assert_same "$(modinfo -k "$K1" -n dummy)" "$(_dest dummy)"
	ends 0 uninstall dummy/1.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before" "the kernel before and after"
	refute_exists /var/lib/dkms/dummy/original_module
	assert_same "$(modinfo -k "$K1" -n dummy)" "$home"
	no_leftovers
}

@test "originals: mode, owner and time come back too" {
	make_module dummy 1.0
	home=$(find "/lib/modules/$K1/kernel" -name 'dummy.ko*')
	chmod 600 "$home"
	chown 5:6 "$home"
	touch -d 2020-02-02 "$home"
	before=$(stat -c '%a %u:%g %Y %s' "$home")
	ends 0 install dummy/1.0 -k "$K1"
	ends 0 remove dummy/1.0 --all
	assert_same "$(stat -c '%a %u:%g %Y %s' "$home")" "$before"
}

attributes() { getfattr --absolute-names -d -m '^(user|trusted|security)\.test' "$1" | grep -v '^#'; }

@test "originals: extended attributes come back too" {
	make_module dummy 1.0
	home=$(find "/lib/modules/$K1/kernel" -name 'dummy.ko*')
	setfattr -n trusted.test -v trust "$home"
	setfattr -n security.test -v 0sAAEC "$home"
	setfattr -n user.test "$home" || true # kernels before 6.6 have none on a tmpfs
	before=$(attributes "$home")
	ends 0 install dummy/1.0 -k "$K1"
	assert_same "$(attributes "/var/lib/dkms/dummy/original_module/$K1/$ARCH/dummy.ko")" "$before"
	ends 0 remove dummy/1.0 --all
	assert_no_errors
	assert_same "$(attributes "$home")" "$before"
}

@test "originals: a signature of IMA that a file system does not take is told of, anything else is not" {
	make_module dummy 1.0
	mkdir -p /var/lib/dkms
	mount -t ramfs none /var/lib/dkms
	home=$(find "/lib/modules/$K1/kernel" -name 'dummy.ko*')
	setfattr -n trusted.test -v trust "$home"
	setfattr -n security.test -v value "$home"
	ends 0 install dummy/1.0 -k "$K1"
	assert_errors_have "'$home' is kept without its security.test: Operation not supported"
	refute_errors_have trusted.test
	ends 0 remove dummy/1.0 --all
	refute_errors_have security.test
	assert_exists "$home"
	umount /var/lib/dkms
}

@test "originals: one at the very place where ours goes" {
	make_module hello 2.0
	original updates/dkms/hello.ko hello 1.0
	before=$(kernel_digest)
	ends 0 install hello/2.0 -k "$K1"
	assert_same "$(modinfo -F version "$(_dest)")" 2.0
	ends 0 uninstall hello/2.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
}

@test "originals: of several copies the first of extra, updates, the place itself, then any; the others stay" {
	make_module hello 5.0
	for p in kernel/drivers/hello.ko updates/dkms/hello.ko updates/hello.ko extra/hello.ko; do
		original "$p" hello 1.0 "author=$p"
	done
	copies="extra/hello.ko updates/hello.ko updates/dkms/hello.ko kernel/drivers/hello.ko"
	for first in $copies; do
		before=$(kernel_digest)
		ends 0 install hello/5.0 -k "$K1"
		[ "$first" = kernel/drivers/hello.ko ] || assert_errors_have "modules are called hello"
		assert_same "$(cat "/var/lib/dkms/hello/original_module/$K1/$ARCH/hello.ko.origin")" "/lib/modules/$K1/$first"
		for p in $copies; do
			[ "$p" = "$first" ] || [ "$p" = updates/dkms/hello.ko ] || assert_exists "/lib/modules/$K1/$p"
		done
		ends 0 uninstall hello/5.0 -k "$K1"
		assert_same "$(kernel_digest)" "$before" "the kernel after an original in $first"
		rm "/lib/modules/$K1/$first"
		rmdir "/lib/modules/$K1/updates/dkms" "/lib/modules/$K1/updates" 2>/dev/null || :
		copies=${copies#* }
	done
}

@test "originals: below extra and updates they are found too, as any match" {
	make_module hello 5.0
	original extra/deep/hello.ko hello 1.0
	before=$(kernel_digest)
	ends 0 install hello/5.0 -k "$K1"
	assert_same "$(cat "/var/lib/dkms/hello/original_module/$K1/$ARCH/hello.ko.origin")" "/lib/modules/$K1/extra/deep/hello.ko"
	ends 0 uninstall hello/5.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
}

@test "originals: a compressed one" {
	add_kernel 6.1.0-x .ko.xz
	make_module dummy 1.0
	home=$(find "/lib/modules/6.1.0-x/kernel" -name 'dummy.ko.xz')
	sum=$(sha256sum <"$home")
	ends 0 install dummy/1.0 -k 6.1.0-x
	refute_exists "$home"
	assert_exists /lib/modules/6.1.0-x/updates/dkms/dummy.ko.xz
	ends 0 uninstall dummy/1.0 -k 6.1.0-x
	assert_same "$(sha256sum <"$home")" "$sum"
}

@test "originals: a .origin that leads out of the kernel's directory is not followed" {
	make_module dummy 1.0
	ends 0 install dummy/1.0 -k "$K1"
	echo "$C/dummy.ko" >"/var/lib/dkms/dummy/original_module/$K1/$ARCH/dummy.ko.origin"
	ends 0 uninstall dummy/1.0 -k "$K1"
	refute_exists "$C/dummy.ko"
	assert_exists "/var/lib/dkms/dummy/original_module/$K1/$ARCH/dummy.ko"
	assert_errors_have origin
}

@test "originals of 3.0 trees without .origin go back to the conf's own DEST_MODULE_LOCATION" {
	make_module hello 1.0 'DEST_MODULE_LOCATION[0]="/kernel/drivers/misc"'
	ends 0 install hello/1.0 -k "$K1"
	mkdir -p "/var/lib/dkms/hello/original_module/$K1/$ARCH"
	ready_ko "/var/lib/dkms/hello/original_module/$K1/$ARCH/hello.ko" hello 0.5
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_same "$(modinfo -F version "/lib/modules/$K1/kernel/drivers/misc/hello.ko")" 0.5
}

@test "originals of old trees in collisions/ go back where their .origin says" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	dir=/var/lib/dkms/hello/original_module/$K1/$ARCH
	mkdir -p "$dir/collisions"
	ready_ko "$dir/hello.ko" hello 0.5
	echo "/lib/modules/$K1/kernel/hello.ko" >"$dir/hello.ko.origin"
	ready_ko "$dir/collisions/hello.ko" hello 0.6
	echo "/lib/modules/$K1/kernel/drivers/hello.ko" >"$dir/collisions/hello.ko.origin"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_same "$(modinfo -F version "/lib/modules/$K1/kernel/hello.ko")" 0.5
	assert_same "$(modinfo -F version "/lib/modules/$K1/kernel/drivers/hello.ko")" 0.6
	refute_exists /var/lib/dkms/hello/original_module
}

@test "versions side by side: one is installed, the others stay built" {
	make_module hello 1.0
	make_module hello 2.0
	ends 0 install hello/1.0 -k "$K1"
	ends 0 install hello/1.0 -k "$K2"
	ends 0 install hello/2.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: built" "hello/2.0, $K1, $ARCH: installed"
	assert_same "$(modinfo -F version "$(_dest)")" 2.0
	ends 0 remove hello/2.0 --all
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: built"
	refute_exists "$(_dest)"
}

@test "upgrade in place: the original of the first stays the original" {
	make_module -V 5.0 dummy 1.0
	make_module -V 6.0 dummy 2.0
	before=$(kernel_digest)
	ends 0 install dummy/1.0 -k "$K1"
	kept=$(tree_digest /var/lib/dkms/dummy/original_module)
	ends 0 install dummy/2.0 -k "$K1"
	assert_same "$(tree_digest /var/lib/dkms/dummy/original_module)" "$kept"
	ends 0 uninstall dummy/2.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
}

@test "upgrade in place: files of the old version that the new does not bring go" {
	make_module -m "hello extra1 extra2" hello 1.0
	make_module -m "hello extra3" hello 2.0
	ends 0 install hello/1.0 -k "$K1"
	ends 0 install hello/2.0 -k "$K1"
	assert_same "$(ls "/lib/modules/$K1/updates/dkms")" "extra3.ko
hello.ko"
	refute_grep extra1 "/lib/modules/$K1/modules.dep"
	ends 0 uninstall hello/2.0 -k "$K1"
	refute_exists "/lib/modules/$K1/updates"
}

@test "upgrade in place, where the conf's own place counts: files of the old version go from its place" {
	as_distro nobodysown
	make_module -m "hello extra1" hello 1.0 'DEST_MODULE_LOCATION[0]="/kernel/one"
DEST_MODULE_LOCATION[1]="/kernel/one"'
	make_module hello 2.0 'DEST_MODULE_LOCATION[0]="/kernel/two"'
	before=$(kernel_digest)
	ends 0 install hello/1.0 -k "$K1"
	assert_exists "/lib/modules/$K1/kernel/one/extra1.ko" "/lib/modules/$K1/kernel/one/hello.ko"
	ends 0 install hello/2.0 -k "$K1"
	assert_exists "/lib/modules/$K1/kernel/two/hello.ko"
	refute_exists "/lib/modules/$K1/kernel/one"
	ends 0 uninstall hello/2.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
}

@test "upgrade in place: a file that was put there by hand is not the old version's" {
	make_module -m "hello extra1" hello 1.0
	make_module hello 2.0
	ends 0 install hello/1.0 -k "$K1"
	original updates/dkms/extra1.ko extra1 77
	original updates/dkms/mine.ko mine 1
	ends 0 install hello/2.0 -k "$K1"
	assert_exists "$(_dest mine)" "$(_dest extra1)"
}

@test "the same name with another suffix at the same place goes" {
	make_module hello 2.0
	ends 0 install hello/2.0 -k "$K1"
	make_module hello 3.0
	cp "$(_dest)" "$C/x.ko"
	xz -k "$C/x.ko" && mv "$C/x.ko.xz" "$(_dest).xz"
	ends 0 install hello/3.0 -k "$K1"
	assert_same "$(ls "/lib/modules/$K1/updates/dkms")" hello.ko
}

@test "sanity: no module of that name there: fine" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	assert_no_errors
}

sanity() { # STATUS THERE_VERSION OUR_VERSION [OPTION...]
	local want=$1 there=$2 ours=$3
	shift 3
	rm -rf /var/lib/dkms/hello /usr/src/hello-1.0 "/lib/modules/$K1/updates"
	original kernel/drivers/hello.ko hello "$there" $there_fields
	make_module -V "$ours" hello 1.0
	[ -z "$our_fields" ] || ready_ko "/usr/src/hello-1.0/ko/$K1/hello.ko" hello "$ours" "$K1" $our_fields
	run_dkms install hello/1.0 -k "$K1" "$@"
	assert_status "$want" || { echo "there: $there, ours: $ours $*" >&2; return 1; }
}

@test "sanity: a newer version there skips the module, an older one not; --force and --force-version-override" {
	there_fields='' our_fields=''
	sanity 6 2.0 1.0
	assert_errors_have "newer"
	sanity 0 2.0 1.0 --force
	sanity 0 2.0 1.0 --force-version-override
	sanity 0 1.0 2.0
	sanity 6 1.10 1.9
	sanity 0 1.9 1.10
	sanity 6 1.0-rc2 1.0
}

@test "sanity: no version is older than any version" {
	there_fields='' our_fields=''
	sanity 0 - 0.1
	sanity 6 0.1 -
}

@test "sanity: the same version: srcversion decides, but is never ordered" {
	there_fields=srcversion=AAAA our_fields=srcversion=AAAA
	sanity 6 1.0 1.0
	assert_errors_have same
	sanity 0 1.0 1.0 --force
	sanity 0 1.0 1.0 --force-version-override
	our_fields=srcversion=BBBB
	sanity 0 1.0 1.0
	our_fields=srcversion=0000
	sanity 0 1.0 1.0
	there_fields=srcversion=AAAA our_fields=srcversion=AAAA
	sanity 6 - -
	our_fields=srcversion=BBBB
	sanity 0 - -
}

@test "sanity: a link, or a directory, of that name is not looked at" {
	make_module hello 1.0
	ready_ko "$C/hello.ko" hello 9.0
	ln -s "$C/hello.ko" "/lib/modules/$K1/kernel/hello.ko"
	mkdir -p "/lib/modules/$K1/extra/hello.ko"
	ends 0 install hello/1.0 -k "$K1"
}

@test "sanity: in a compressed module too" {
	add_kernel 6.1.0-x .ko.xz
	ready_ko "/lib/modules/6.1.0-x/kernel/hello.ko" hello 2.0
	xz "/lib/modules/6.1.0-x/kernel/hello.ko"
	make_module hello 1.0
	ends 6 install hello/1.0 -k 6.1.0-x
}

@test "sanity: several there: a warning, and on" {
	make_module hello 1.0
	original kernel/a/hello.ko hello 7.0
	original kernel/b/hello.ko hello 8.0
	ends 0 install hello/1.0 -k "$K1"
	assert_errors_have warning
}

@test "sanity: one there that is damaged is a warning, is saved and comes back" {
	make_module hello 1.0
	head -c 5000 /dev/urandom >"/lib/modules/$K1/kernel/hello.ko"
	sum=$(sha256sum "/lib/modules/$K1/kernel/hello.ko")
	ends 0 install hello/1.0 -k "$K1" --no-depmod
	assert_errors_have "/lib/modules/$K1/kernel/hello.ko"
	refute_exists "/lib/modules/$K1/kernel/hello.ko"
	ends 0 uninstall hello/1.0 -k "$K1" --no-depmod
	assert_same "$(sha256sum "/lib/modules/$K1/kernel/hello.ko")" "$sum"
}

@test "sanity: of two modules one is skipped, the other installed" {
	make_module -m "first second" two 1.0
	original kernel/first.ko first 2.0
	ends 0 install two/1.0 -k "$K1"
	refute_exists "$(_dest first)"
	assert_exists "$(_dest second)" "/lib/modules/$K1/kernel/first.ko"
	ends 0 uninstall two/1.0 -k "$K1"
	assert_exists "/lib/modules/$K1/kernel/first.ko"
}

@test "a version without modules builds and gets its link" {
	make_module hello 1.0
	sed -i '/MODULE/d' /usr/src/hello-1.0/dkms.conf
	ends 0 install hello/1.0 -k "$K1"
	assert_errors_have warning
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "--symlink-modules: a link into the dkms tree, also over an original and back" {
	make_module -m "hello dummy" hello 1.0
	before=$(kernel_digest)
	ends 0 install hello/1.0 -k "$K1" --symlink-modules
	assert_same "$(readlink "$(_dest)")" "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed (Original modules exist)"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
}

@test "symlink_modules in framework.conf does the same" {
	echo 'symlink_modules="yes"' >/etc/dkms/framework.conf
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	[ -L "$(_dest)" ]
	ends 0 remove hello/1.0 --all
	refute_exists "/lib/modules/$K1/updates"
}

@test "depmod fails over another active version: that one is not lost" {
	make_module hello 1.0
	make_module hello 2.0
	ends 0 install hello/1.0 -k "$K1"
	before=$(kernel_digest)
	stub depmod 'exit 1'
	ends 6 install hello/2.0 -k "$K1"
	rm "$C/bin/depmod"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed
hello/2.0, $K1, $ARCH: built"
	assert_same "$(kernel_digest)" "$before"
	no_leftovers
}

@test "depmod fails over the same version: its files are those that were there" {
	local how
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	before=$(kernel_digest)
	for how in "install --force" "install --force --symlink-modules"; do
		stub depmod 'exit 1'
		# shellcheck disable=SC2086
		ends 6 $how hello/1.0 -k "$K1"
		rm "$C/bin/depmod"
		assert_same "$(kernel_digest)" "$before"
		assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
		no_leftovers
	done
	ready_ko "/usr/src/hello-1.0/ko/$K1/hello.ko" hello 1.0 "$K1" srcversion=4567
	ends 0 build --force hello/1.0 -k "$K1"
	stub depmod 'exit 1'
	ends 6 install --force hello/1.0 -k "$K1"
	assert_output_has "hello/1.0 for kernel $K1 is back to what was installed"
	rm "$C/bin/depmod"
	assert_same "$(kernel_digest)" "$before"
	no_leftovers
	ends 0 install --force hello/1.0 -k "$K1"
	cmp "$(_dest)" "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
	no_leftovers
}
@test "depmod fails over the same version and something stands where a file was: the next dkms puts it back" {
	make_module -m "hello world" hello 1.0 'POST_INSTALL="post"'
	script /usr/src/hello-1.0/post true
	ends 0 install hello/1.0 -k "$K1"
	before=$(kernel_digest)
	script /usr/src/hello-1.0/post "rm $(_dest world) && mkdir $(_dest world) && touch $(_dest world)/x"
	stub depmod 'exit 1'
	ends 6 install --force hello/1.0 -k "$K1"
	rm "$C/bin/depmod"
	rm -r "$(_dest world)"
	script /usr/src/hello-1.0/post true
	run_dkms uninstall no-such-module/1 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	no_leftovers
}

@test "no modules.dep: depmod is not run, which is said" {
	make_module hello 1.0
	rm "/lib/modules/$K1/modules.dep"
	stub depmod "touch $C/ran"
	ends 0 install hello/1.0 -k "$K1"
	assert_output_has modules.dep
	refute_exists "$C/ran"
}

@test "depmod gets -F /boot/System.map-K where that exists, and runs once for a plan" {
	make_module hello 1.0
	stub depmod "[ \"\$1\" != --version ] || exit 1; echo \"\$*\" >>$C/ran"
	ends 0 install hello/1.0 -k "$K1"
	assert_same "$(cat "$C/ran")" "-a $K1"
	touch "/boot/System.map-$K1"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_same "$(tail -n 1 "$C/ran")" "-a -F /boot/System.map-$K1 $K1"
	rm "$C/ran"
	tree_added other 1.0
	ends 0 autoinstall -k "$K1"
	assert_same "$(wc -l <"$C/ran")" 1
}

@test "uninstall: the version stays built; emptied directories go up to the kernel's, others stay" {
	make_module hello 1.0
	original updates/other.ko other 1
	before=$(kernel_digest)
	ends 0 install hello/1.0 -k "$K1"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
	assert_same "$(kernel_digest)" "$before"
	refute_exists "/var/lib/dkms/hello/kernel-$K1-$ARCH"
	refute_grep hello "/lib/modules/$K1/modules.dep"
}

@test "uninstall: a file of another version there is not ours and stays; any suffix of ours goes" {
	make_module -m "hello other" hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	original updates/dkms/other.ko other 9.0
	xz "$(_dest)"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_same "$(ls "/lib/modules/$K1/updates/dkms")" other.ko
}

@test "uninstall: modules without a version count as the same" {
	make_module -V - hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	ready_ko "$(_dest)" hello - "$K1" srcversion=77
	ends 0 uninstall hello/1.0 -k "$K1"
	refute_exists "$(_dest)"
}

@test "uninstall: what was installed to the conf's own place by another dkms goes too" {
	make_module hello 1.0 'DEST_MODULE_LOCATION[0]="/kernel/drivers/misc"'
	ends 0 build hello/1.0 -k "$K1"
	mkdir -p "/lib/modules/$K1/kernel/drivers/misc"
	cp "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko" "/lib/modules/$K1/kernel/drivers/misc/"
	ln -s "1.0/$K1/$ARCH" "/var/lib/dkms/hello/kernel-$K1-$ARCH"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	ends 0 uninstall hello/1.0 -k "$K1"
	refute_exists "/lib/modules/$K1/kernel/drivers/misc"
}

@test "uninstall without root in a tree of one's own is refused" {
	make_module hello 1.0
	run_as_nobody "$DKMS" build hello/1.0 -k "$K1" --dkmstree "$C/tmp/t"
	assert_status 0
	run_as_nobody "$DKMS" uninstall hello/1.0 -k "$K1" --dkmstree "$C/tmp/t"
	assert_status 1
}

@test "OBSOLETE_BY stops an install on a kernel at or past it; not with --force" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1"
	conf hello 1.0 'OBSOLETE_BY="6.1.0-1"'
	before=$(writes)
	run_dkms install hello/1.0 -k "$K1"
	[ "$status" != 0 ]
	assert_same "$(writes)" "$before"
	ends 0 install hello/1.0 -k "$K1" --force
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}
