#!/usr/bin/env bats
# The kernel's own modules, and others', are not lost: over upgrades of the driver and of the kernel's package.
load ../lib/exits

at() { # DIRECTORY...: a conf's lines for the places of its modules
	local i=0 d
	for d; do
		echo "DEST_MODULE_LOCATION[$((i++))]=\"$d\""
	done
}

@test "upgrade: an original whose module the new version does not bring goes back" {
	original kernel/b.ko b 0.1
	original kernel/a.ko a 0.1
	before=$(kernel_digest)
	make_module -m "a b" two 1.0
	make_module -m "a" two 2.0 'AUTOINSTALL=yes'
	ends 0 install two/1.0 -k "$K1"
	refute_exists "/lib/modules/$K1/kernel/b.ko"
	ends 0 add two/2.0
	ends 0 autoinstall -k "$K1"
	assert_same "$(modinfo -k "$K1" -n b)" "/lib/modules/$K1/kernel/b.ko"
	assert_same "$(ls "/lib/modules/$K1/updates/dkms")" a.ko
	assert_same "$(ls "/var/lib/dkms/two/original_module/$K1/$ARCH")" "a.ko
a.ko.origin"
	ends 0 uninstall two/2.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
	refute_exists /var/lib/dkms/two/original_module
	no_leftovers
}

@test "upgrade: the last original goes back, also from collisions/, to the very place of the old version" {
	as_distro gentoo
	original kernel/one/b.ko b 0.1
	before=$(kernel_digest)
	make_module -m "a b" two 1.0 "$(at /kernel/one /kernel/one)"
	make_module -m "a" two 2.0 "$(at /kernel/one)"
	ends 0 install two/1.0 -k "$K1"
	dir=/var/lib/dkms/two/original_module/$K1/$ARCH
	mkdir "$dir/collisions"
	ready_ko "$dir/collisions/b.ko" b 0.2
	echo "/lib/modules/$K1/kernel/two/b.ko" >"$dir/collisions/b.ko.origin"
	ends 0 install two/2.0 -k "$K1"
	assert_same "$(modinfo -F version "/lib/modules/$K1/kernel/one/b.ko")" 0.1
	assert_same "$(modinfo -F version "/lib/modules/$K1/kernel/two/b.ko")" 0.2
	refute_exists /var/lib/dkms/two/original_module
	ends 0 uninstall two/2.0 -k "$K1"
	rm -r "/lib/modules/$K1/kernel/two"
	assert_same "$(kernel_digest)" "$before"
}

@test "upgrade: the new version brings the module, but not for this kernel: its original goes back" {
	original kernel/b.ko b 0.1
	make_module -m "a b" two 1.0
	make_module -m "a b" two 2.0 'BUILD_EXCLUSIVE_KERNEL[1]="^9[.]"'
	ends 0 install two/1.0 -k "$K1"
	ends 0 install two/2.0 -k "$K1"
	assert_exists "/lib/modules/$K1/kernel/b.ko"
	refute_exists "/lib/modules/$K1/updates/dkms/b.ko"
}

@test "upgrade, and depmod fails: the old version is back, and no original is lost" {
	original kernel/b.ko b 0.1
	before=$(kernel_digest)
	make_module -m "a b" two 1.0
	make_module -m "a" two 2.0
	ends 0 install two/1.0 -k "$K1"
	installed=$(ls "/lib/modules/$K1/updates/dkms")
	stub depmod "exit 1"
	ends 6 install two/2.0 -k "$K1"
	rm "$C/bin/depmod"
	assert_dkms_status "two/1.0, $K1, $ARCH: installed (Original modules exist)" \
		"two/2.0, $K1, $ARCH: built (Original modules exist)"
	assert_same "$(ls "/lib/modules/$K1/updates/dkms")" "$installed"
	assert_exists "/var/lib/dkms/two/original_module/$K1/$ARCH/b.ko"
	ends 0 remove two/1.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "upgrade: one module is the same, and the kernel's suffix another: it is there" {
	make_module -m "hello extra1" -V 3.0 hello 1.0
	make_module -m "hello extra1" -V 3.0 hello 2.0
	ready_ko "/usr/src/hello-2.0/ko/$K1/hello.ko" hello 4.0 "$K1"
	ends 0 install hello/1.0 -k "$K1"
	find "/lib/modules/$K1/kernel" -name '*.ko' -exec xz {} +
	depmod "$K1"
	ends 0 install hello/2.0 -k "$K1"
	assert_same "$(ls "/lib/modules/$K1/updates/dkms")" "extra1.ko.xz
hello.ko.xz"
	ends 0 uninstall hello/2.0 -k "$K1"
	refute_exists "/lib/modules/$K1/updates"
}

@test "upgrade: one module is the same, and its place another: it is there, and goes with the new version" {
	as_distro gentoo
	make_module -m "hello extra1" -V 3.0 hello 1.0 "$(at /kernel/one /kernel/one)"
	make_module -m "hello extra1" -V 3.0 hello 2.0 "$(at /kernel/two /kernel/two)"
	ready_ko "/usr/src/hello-2.0/ko/$K1/hello.ko" hello 4.0 "$K1"
	before=$(kernel_digest)
	ends 0 install hello/1.0 -k "$K1"
	ends 0 install hello/2.0 -k "$K1"
	assert_same "$(ls "/lib/modules/$K1/kernel/two")" "extra1.ko
hello.ko"
	refute_exists "/lib/modules/$K1/kernel/one"
	ends 0 uninstall hello/2.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
}

@test "upgrade: one module is older than the old version's, which has another place: it is there, and the original comes back" {
	as_distro gentoo
	original kernel/one/extra1.ko extra1 0.5
	before=$(kernel_digest)
	make_module -m "hello extra1" -V 3.0 hello 1.0 "$(at /kernel/one /kernel/one)"
	make_module -m "hello extra1" -V 4.0 hello 2.0 "$(at /kernel/two /kernel/two)"
	ready_ko "/usr/src/hello-2.0/ko/$K1/extra1.ko" extra1 2.0 "$K1"
	ends 0 install hello/1.0 -k "$K1"
	ends 0 install hello/2.0 -k "$K1"
	assert_same "$(modinfo -F version "/lib/modules/$K1/kernel/two/extra1.ko")" 2.0
	refute_exists "/lib/modules/$K1/kernel/one"
	ends 0 remove hello/2.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "upgrade: one module is older than the old version's, at the same place: that one stays" {
	make_module -m "hello extra1" -V 3.0 hello 1.0
	make_module -m "hello extra1" -V 4.0 hello 2.0
	ready_ko "/usr/src/hello-2.0/ko/$K1/extra1.ko" extra1 2.0 "$K1"
	ends 0 install hello/1.0 -k "$K1"
	ends 0 install hello/2.0 -k "$K1"
	assert_errors_have "newer than 2.0"
	assert_same "$(modinfo -F version "/lib/modules/$K1/updates/dkms/extra1.ko")" 3.0
}

@test "upgrade: one module is the same, and a link into the old version: it is there when that is removed" {
	make_module -m "hello extra1" -V 3.0 hello 1.0
	make_module -m "hello extra1" -V 3.0 hello 2.0
	ready_ko "/usr/src/hello-2.0/ko/$K1/hello.ko" hello 4.0 "$K1"
	ends 0 install --symlink-modules hello/1.0 -k "$K1"
	ends 0 install hello/2.0 -k "$K1"
	ends 0 remove hello/1.0 --all
	cmp "/lib/modules/$K1/updates/dkms/extra1.ko" "/var/lib/dkms/hello/2.0/$K1/$ARCH/module/extra1.ko"
}

@test "upgrade: the kernel's own of a module that only the new version has is saved where ours replaces it" {
	as_distro gentoo
	original kernel/one/extra1.ko extra1 0.5
	make_module hello 1.0 "$(at /kernel/two)"
	make_module -m "hello extra1" hello 2.0 "$(at /kernel/two /kernel/one)"
	before=$(kernel_digest)
	ends 0 install hello/1.0 -k "$K1"
	ends 0 install hello/2.0 -k "$K1"
	assert_exists "/var/lib/dkms/hello/original_module/$K1/$ARCH/extra1.ko.origin"
	ends 0 remove hello/2.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "a newer one at our place is passed over, then replaced with --force: saved, and put back" {
	as_distro fedora
	original extra/first.ko first 9.0
	make_module -m "first second" two 1.0
	before=$(kernel_digest)
	ends 0 install two/1.0 -k "$K1"
	ends 0 install --force two/1.0 -k "$K1"
	assert_same "$(modinfo -F version "/lib/modules/$K1/extra/first.ko")" 1.0
	ends 0 remove two/1.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "a newer one at our place is passed over, then replaced by a version that is newer still: saved, and put back" {
	as_distro fedora
	original extra/first.ko first 9.0
	make_module -m "first second" two 1.0
	make_module -m "first second" -V 10.0 two 2.0
	before=$(kernel_digest)
	ends 0 install two/1.0 -k "$K1"
	ends 0 install two/2.0 -k "$K1"
	assert_same "$(modinfo -F version "/lib/modules/$K1/extra/first.ko")" 10.0
	ends 0 remove two/2.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "what was built anew with another version text replaces its own file: that is no original" {
	local d
	for d in debian:updates/dkms fedora:extra; do
		rm -rf /var/lib/dkms/two /usr/src/two-1.0
		as_distro "${d%:*}"
		make_module -m "first second" two 1.0
		ends 0 install two/1.0 -k "$K1"
		ready_ko "/usr/src/two-1.0/ko/$K1/first.ko" first 1.1 "$K1"
		ends 0 build --force two/1.0 -k "$K1"
		ends 0 install --force two/1.0 -k "$K1"
		assert_same "$(modinfo -F version "/lib/modules/$K1/${d#*:}/first.ko")" 1.1
		refute_exists /var/lib/dkms/two/original_module
		ends 0 uninstall two/1.0 -k "$K1"
		refute_exists "/lib/modules/$K1/${d#*:}"
	done
}

@test "a file of another version that was passed over stays no original, and what is saved is not saved over" {
	local d
	for d in debian:updates/dkms fedora:extra; do
		rm -rf /var/lib/dkms/hello /usr/src/hello-*
		as_distro "${d%:*}"
		original kernel/extra1.ko extra1 0.5
		before=$(kernel_digest)
		make_module -m "hello extra1" -V 3.0 hello 1.0
		make_module -m "hello extra1" -V 4.0 hello 2.0
		ready_ko "/usr/src/hello-2.0/ko/$K1/extra1.ko" extra1 2.0 "$K1"
		ends 0 install hello/1.0 -k "$K1"
		ends 0 install hello/2.0 -k "$K1"
		ends 0 install --force hello/2.0 -k "$K1"
		assert_same "$(modinfo -F version "/lib/modules/$K1/${d#*:}/extra1.ko")" 2.0
		original "${d#*:}/extra1.ko" extra1 7.0
		ends 0 install --force hello/2.0 -k "$K1"
		ends 0 remove hello/2.0 --all
		ends 0 remove hello/1.0 --all
		assert_same "$(kernel_digest)" "$before"
	done
}

@test "a file of another version, without an original: no original" {
	as_distro fedora
	before=$(kernel_digest)
	make_module -m "hello extra1" -V 3.0 hello 1.0
	make_module -m "hello extra1" -V 4.0 hello 2.0
	ready_ko "/usr/src/hello-2.0/ko/$K1/extra1.ko" extra1 2.0 "$K1"
	ends 0 install hello/1.0 -k "$K1"
	ends 0 install hello/2.0 -k "$K1"
	ends 0 install --force hello/2.0 -k "$K1"
	ends 0 remove hello/2.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "upgrade: an original does not go back over another package's driver" {
	as_distro fedora
	original extra/hello.ko hello 0.5
	before=$(kernel_digest)
	make_module -m "hello other" one 1.0
	make_module -m "other" one 3.0
	make_module -m "hello" two 2.0
	ends 0 install one/1.0 -k "$K1"
	ends 0 install two/2.0 -k "$K1"
	ends 0 install one/3.0 -k "$K1"
	assert_same "$(modinfo -F version "/lib/modules/$K1/extra/hello.ko")" 2.0
}

@test "remove: the kernel's own at the conf's place, which was the same and passed over, stays" {
	original kernel/one/first.ko first - srcversion=AAAA
	make_module -m "first second" -V - two 1.0 "$(at /kernel/one /kernel/one)"
	ready_ko "/usr/src/two-1.0/ko/$K1/first.ko" first - "$K1" srcversion=AAAA
	before=$(kernel_digest)
	ends 0 install two/1.0 -k "$K1"
	assert_same "$(ls "/lib/modules/$K1/updates/dkms")" second.ko
	ends 0 remove two/1.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "remove: a further copy of the kernel, at the conf's place and without a version as ours, stays" {
	original kernel/one/hello.ko hello - srcversion=AAAA
	original extra/hello.ko hello - srcversion=BBBB
	make_module -V - hello 1.0 "$(at /kernel/one)"
	before=$(kernel_digest)
	ends 0 install hello/1.0 -k "$K1"
	ends 0 remove hello/1.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "the kernel's package brought its module again: upgrade, rebuild and remove leave that, and drop the old one" {
	original kernel/one/hello.ko hello 0.5
	make_module hello 1.0 "$(at /kernel/one)"
	make_module hello 2.0 "$(at /kernel/one)"
	ends 0 install hello/1.0 -k "$K1"
	original kernel/one/hello.ko hello 1.0 srcversion=CCCC
	before=$(sha256sum "/lib/modules/$K1/kernel/one/hello.ko")
	ends 0 install hello/2.0 -k "$K1"
	assert_same "$(sha256sum "/lib/modules/$K1/kernel/one/hello.ko")" "$before"
	ends 0 install hello/1.0 -k "$K1"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_output_has "not restored: another module of that name has come there since"
	assert_same "$(sha256sum "/lib/modules/$K1/kernel/one/hello.ko")" "$before"
	refute_exists "/lib/modules/$K1/updates" /var/lib/dkms/hello/original_module
}

@test "the kernel's package brought its module again, with another suffix: upgrade without it leaves that" {
	original kernel/b.ko b 0.1
	make_module -m "a b" two 1.0
	make_module -m "a" two 2.0
	ends 0 install two/1.0 -k "$K1"
	original kernel/b.ko b 0.2
	xz "/lib/modules/$K1/kernel/b.ko"
	ends 0 install two/2.0 -k "$K1"
	assert_same "$(cd "/lib/modules/$K1/kernel" && echo b.ko*)" b.ko.xz
	ends 0 uninstall two/2.0 -k "$K1"
	assert_same "$(modinfo -F version "/lib/modules/$K1/kernel/b.ko.xz")" 0.2
	refute_exists "/lib/modules/$K1/kernel/b.ko" /var/lib/dkms/two/original_module
}

@test "the conf's own place counts, and the conf says another one since: the original goes back all the same" {
	as_distro gentoo
	original kernel/one/hello.ko hello 0.5
	before=$(kernel_digest)
	make_module hello 1.0 "$(at /kernel/one)"
	ends 0 install hello/1.0 -k "$K1"
	sed -i 's,/kernel/one,/kernel/two,' /usr/src/hello-1.0/dkms.conf
	ends 0 install --force hello/1.0 -k "$K1"
	ends 0 remove hello/1.0 --all
	assert_same "$(kernel_digest)" "$before"
}

@test "install --force over the same version leaves what is saved as it is" {
	original kernel/a.ko a 0.1
	original extra/a.ko a 0.2
	before=$(kernel_digest)
	make_module -m "a b" two 1.0
	ends 0 install two/1.0 -k "$K1"
	installed=$(kernel_digest) saved=$(tree_digest /var/lib/dkms/two/original_module)
	ends 0 install --force two/1.0 -k "$K1"
	refute_output_has restored
	assert_same "$(kernel_digest)" "$installed"
	assert_same "$(tree_digest /var/lib/dkms/two/original_module)" "$saved"
	no_leftovers
	ends 0 uninstall two/1.0 -k "$K1"
	assert_same "$(kernel_digest)" "$before"
}
