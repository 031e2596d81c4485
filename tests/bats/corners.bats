#!/usr/bin/env bats
# Corners: odd names, odd surroundings, versions and kernels beside each other.
load ../lib/exits

@test "one depmod for a kernel, also with two architectures" {
	make_module hello 1.0
	stub depmod "echo \"\$*\" >>$C/ran"
	ends 0 install hello/1.0 -k "$K1/aaa" -k "$K1/bbb" -k "$K2/aaa" --force
	assert_same "$(grep -e "^-a" "$C/ran" | sort | uniq -c | awk '{ print $1, $NF }')" "1 $K2
1 $K1"
}

@test "uninstall, unbuild and remove of a version leave the other one that is installed alone" {
	make_module -V 5.0 dummy 1.0
	make_module -V 6.0 dummy 2.0
	ends 0 build dummy/1.0 -k "$K1"
	ends 0 install dummy/2.0 -k "$K1"
	before=$(tree_digest "/lib/modules/$K1" /var/lib/dkms/dummy/original_module /var/lib/dkms/dummy/2.0)
	ends 0 uninstall dummy/1.0 -k "$K1"
	assert_output_has "not installed"
	ends 0 unbuild dummy/1.0 -k "$K1"
	ends 0 remove dummy/1.0 --all
	assert_same "$(tree_digest "/lib/modules/$K1" /var/lib/dkms/dummy/original_module /var/lib/dkms/dummy/2.0)" "$before"
	assert_dkms_status "dummy/2.0, $K1, $ARCH: installed (Original modules exist)"
}

@test "autoinstall puts the newest version over an older one that is installed" {
	make_module one 1.0
	ends 0 install one/1.0 -k "$K1"
	make_module one 1.1
	tree_added one 1.1
	ends 0 autoinstall -k "$K1"
	assert_dkms_status "one/1.0, $K1, $ARCH: built" "one/1.1, $K1, $ARCH: installed"
}

@test "autoinstall: the newest version's AUTOINSTALL counts, not an older one's" {
	make_module one 1.0
	make_module one 1.1 'AUTOINSTALL=no'
	tree_added one 1.0
	tree_added one 1.1
	ends 0 autoinstall -k "$K1"
	assert_dkms_status "one/1.0: added" "one/1.1: added"
}

@test "match keeps to the same architecture" {
	make_module one 1.0
	ends 0 install one/1.0 -k "$K1/aaa"
	ends 0 match --templatekernel "$K1" -k "$K2"
	run_dkms status -k "$K2"
	assert_output "one/1.0: added"
	ends 0 match --templatekernel "$K1" -k "$K2/aaa"
	run_dkms status -k "$K2"
	assert_output "one/1.0, $K2, aaa: installed"
}

@test "status of a version whose conf is bad: its line without a suffix, a complaint, 0" {
	make_module dummy 1.0
	ends 0 install dummy/1.0 -k "$K1"
	rm "/lib/modules/$K1/updates/dkms/dummy.ko"
	conf dummy 1.0 'AUTOINSTALL=perhaps'
	ends 0 status
	[[ $output == "dummy/1.0, $K1, $ARCH: installed"* ]]
	refute_output_has Differences
	assert_errors_have perhaps
}

@test "odd names of modules and versions" {
	for mv in "a+b/1:2.0~x+y" "a.b-c_d/2024.01.01-g0123abc" "x@y/v1,2" "a b/1 0" "ä/ü"; do
		m=${mv%/*} v=${mv#*/}
		make_module -m hello "$m" "$v"
		ends 0 install "$mv" -k "$K1" --force
		assert_dkms_status "$mv, $K1, $ARCH: installed"
		ends 0 uninstall -m "$m" -v "$v" -k "$K1"
		ends 0 remove "$mv" --all
		assert_dkms_status
	done
}

@test "odd names of kernels" {
	make_module hello 1.0
	for k in 6.1.0+ 6.1.0-rc1_x~y 6.1.0-a,b 5.10.0; do
		add_kernel "$k"
		ends 0 install hello/1.0 -k "$k"
		run_dkms status -k "$k"
		assert_output "hello/1.0, $k, $ARCH: installed"
		ends 0 kernel_prerm -k "$k"
	done
	assert_dkms_status "hello/1.0: added"
}

@test "an empty environment, a closed stdin and stdout" {
	make_module hello 1.0
	run_cmd env -i "$DKMS" install hello/1.0 -k "$K1"
	assert_status 0
	run_cmd sh -c "$DKMS install --force hello/1.0 -k $K1 <&- >&- 2>&-"
	assert_status 0
	run_cmd sh -c "$DKMS remove hello/1.0 --all <&- >&- 2>&-"
	assert_status 0
	refute_exists /var/lib/dkms/hello "/lib/modules/$K1/updates"
}

@test "started in a directory that is gone" {
	make_module hello 1.0
	mkdir "$C/gone"
	run_cmd sh -c "cd $C/gone && rmdir $C/gone && $DKMS install hello/1.0 -k $K1"
	assert_status 0
}

@test "umask 077 changes no mode of what others read" {
	make_module hello 1.0 'POST_ADD="x"'
	umask 077
	ends 0 install hello/1.0 -k "$K1"
	umask 022
	assert_same "$(find /var/lib/dkms/hello "/lib/modules/$K1/updates" \( -type d ! -perm 755 -o -type f ! -perm 644 \) ! -path '*/.*')" ""
	run_as_nobody "$DKMS" status
	assert_output "hello/1.0, $K1, $ARCH: installed"
}

@test "trees named with doubled and trailing slashes" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1" --dkmstree "//$C//t//" --sourcetree /usr//src/ --installtree /lib//modules/
	assert_same "$(readlink "$C/t/hello/1.0/source")" /usr/src/hello-1.0
	ends 0 remove hello/1.0 --all --dkmstree "$C/t"
	refute_exists "/lib/modules/$K1/updates"
}

@test "a source that is a link, and a dkms.conf that is a link" {
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/real"
	ln -s "$C/real" /usr/src/hello-1.0
	mv "$C/real/dkms.conf" "$C/the.conf"
	ln -s "$C/the.conf" "$C/real/dkms.conf"
	ends 0 install hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	ends 0 remove hello/1.0 --all
	assert_exists "$C/real/mk" /usr/src/hello-1.0
}

@test "uninstall and remove when the kernel is gone" {
	add_kernel 6.1.0-x
	make_module dummy 1.0
	ends 0 install dummy/1.0 -k 6.1.0-x
	rm -r /lib/modules/6.1.0-x
	ends 0 remove dummy/1.0 --all
	assert_dkms_status
	refute_exists /var/lib/dkms/dummy/kernel-6.1.0-x-"$ARCH"
}

@test "a read-only install tree: an error that says so, nothing half done" {
	make_module dummy 1.0
	ends 0 build dummy/1.0 -k "$K1"
	mount -o remount,ro /usr/lib/modules
	before=$(tree_digest /var/lib/dkms/dummy "/lib/modules/$K1")
	run_dkms install dummy/1.0 -k "$K1"
	one=$status
	mount -o remount,rw /usr/lib/modules
	[ "$one" != 0 ]
	assert_errors_have "Read-only"
	assert_same "$(tree_digest /var/lib/dkms/dummy "/lib/modules/$K1")" "$before"
	ends 0 install dummy/1.0 -k "$K1"
	mount -o remount,ro /usr/lib/modules
	before=$(tree_digest /var/lib/dkms/dummy "/lib/modules/$K1")
	run_dkms uninstall dummy/1.0 -k "$K1"
	one=$status
	mount -o remount,rw /usr/lib/modules
	[ "$one" != 0 ]
	assert_same "$(tree_digest /var/lib/dkms/dummy "/lib/modules/$K1")" "$before"
	assert_same "$(find /var/lib/dkms/.dkms/journal -type f)" ""
	ends 0 remove dummy/1.0 --all
}

@test "a kernel whose directory holds next to nothing" {
	mkdir -p /lib/modules/6.1.0-half
	make_module hello 1.0
	ends 0 install hello/1.0 -k 6.1.0-half --kernelsourcedir "/usr/src/linux-headers-$K1" --force
	assert_exists /lib/modules/6.1.0-half/updates/dkms/hello.ko
	refute_exists /lib/modules/6.1.0-half/modules.dep
	ends 0 remove hello/1.0 --all
	refute_exists /lib/modules/6.1.0-half/updates
}

@test "a file where a directory should be is an error, not a crash" {
	make_module hello 1.0
	mkdir -p /var/lib/dkms/hello/1.0
	ln -s /usr/src/hello-1.0 /var/lib/dkms/hello/1.0/source
	echo file >"/var/lib/dkms/hello/1.0/$K1"
	echo file >/var/lib/dkms/plain
	run_dkms build hello/1.0 -k "$K1"
	[ "$status" != 0 ] && [ "$status" -lt 126 ]
	ends 0 status
	echo file >"/lib/modules/$K2/updates"
	ends 0 build hello/1.0 -k "$K2"
	run_dkms install hello/1.0 -k "$K2"
	[ "$status" != 0 ] && [ "$status" -lt 126 ]
	assert_same "$(cat "/lib/modules/$K2/updates")" file
}

@test "the module's own name as a directory in the source, a build directory full of leftovers" {
	make_module hello 1.0
	tree_added hello 1.0
	mkdir -p /var/lib/dkms/hello/1.0/build/old/deep
	ln -s /etc/passwd /var/lib/dkms/hello/1.0/build/hello.ko
	ln -s /etc /var/lib/dkms/hello/1.0/build/ko
	chmod 000 /var/lib/dkms/hello/1.0/build/old
	sum=$(sha256sum /etc/passwd)
	ends 0 build hello/1.0 -k "$K1"
	assert_same "$(sha256sum /etc/passwd)" "$sum"
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "names with the characters of shell patterns are names" {
	only_ours
	make_module -m 'a[b]c *2' 'a[b]c' '1[0]'
	make_module -m 'abc a2' abc 10
	run_dkms install abc/10 -k "$K1"
	updates=$(tree_digest "/lib/modules/$K1/updates" /var/lib/dkms)
	# BUILT_MODULE_NAME='*2' is the file of that name, not the first one that fits
	run_dkms install 'a[b]c/1[0]' -k "$K1"
	assert_status 0
	assert_no_errors
	assert_dkms_status "a[b]c/1[0], $K1, $ARCH: installed" "abc/10, $K1, $ARCH: installed"
	cd "/lib/modules/$K1/updates/dkms"
	for name in 'a[b]c' '*2'; do
		assert_same "$(modinfo -F srcversion "./$name.ko")" \
			"$(modinfo -F srcversion "/usr/src/a[b]c-1[0]/ko/$K1/$name.ko")"
	done
	run_dkms status 'a[b]c'
	assert_output "a[b]c/1[0], $K1, $ARCH: installed
abc/10, $K1, $ARCH: installed"
	run_dkms mktarball 'a[b]c/1[0]' -k "$K1"
	assert_status 0
	run_dkms remove 'a[b]c/1[0]' --all
	assert_status 0
	assert_same "$(tree_digest "/lib/modules/$K1/updates" /var/lib/dkms)" "$updates" "what abc has"
	# and where it was not made, one that fits is not taken
	mv '/usr/src/a[b]c-1[0]/ko/'"$K1"'/*2.ko' '/usr/src/a[b]c-1[0]/ko/'"$K1/a2.ko"
	run_dkms build 'a[b]c/1[0]' -k "$K1"
	assert_status 7
	assert_errors_have "'*2.ko', which dkms.conf promises, was not made"
}

@test "errors and warnings say which module, version and kernel they are about" {
	only_ours
	make_module m 1.0 'PRE_BUILD="nothing here"
POST_INSTALL="nothing here"'
	run_dkms install m/1.0 -k "$K1"
	assert_errors_have "dkms: warning: m/1.0: the pre_build script 'nothing here' is not an executable file"
	assert_errors_have "the post_install script 'nothing here' is not an executable file in '/var/lib/dkms/m/1.0/source'"
	# what a disk refuses
	updates=/lib/modules/$K1/updates/dkms
	mount --bind "$updates" "$updates"
	mount -o remount,bind,ro "$updates"
	run_dkms uninstall m/1.0 -k "$K1"
	assert_status 1
	assert_errors_have "dkms: error: m/1.0: cannot remove '$updates/m.ko': Read-only file system"
	ready_ko "/usr/src/m-1.0/ko/$K1/m.ko" m 1.0 "$K1" srcversion=77
	run_dkms build --force m/1.0 -k "$K1"
	run_dkms install --force m/1.0 -k "$K1"
	assert_status 1
	assert_errors_have "dkms: error: m/1.0: "
	assert_errors_have "$K1"
	assert_errors_have "Read-only file system"
	umount "$updates"
	# what a path does not tell
	sed -i '/^MAKE/s/sh/:/' /usr/src/m-1.0/dkms.conf
	run_dkms build --force m/1.0 -k "$K1"
	assert_status 7
	assert_errors_have "dkms: error: m/1.0, $K1, $ARCH: make ended well, but 'm.ko', which dkms.conf promises"
	# and nothing twice
	make_module broken 1.0 'MAKE[0]="false"'
	run_dkms build broken/1.0 -k "$K1"
	assert_status 10
	assert_errors_have "dkms: error: the build of broken/1.0 for kernel $K1 ($ARCH) failed"
}

# exchange_fails ERRNO ARGS...: dkms on a file system that refuses so to exchange two names
exchange_fails() {
	local err=$1
	shift
	run_cmd "${DKMS_TEST_ROOT%/test-root}/tests/tools/no-syscall" "$err" renameat2:2 "$DKMS" "$@"
}

nothing_in_between() {
	assert_same "$(find /var/lib/dkms /usr/src "$C/tmp" -mindepth 1 \( -name '*.dkms-*' -o -name '.dkms' -o -path "$C/tmp/*" \))" \
		"" "what is left"
}

@test "build --force where directories cannot be exchanged, and on a disk that fails" {
	local err
	make_module hello 1.0 'MAKE[0]="sh ./mk $kernelver; cp word Module.symvers"'
	built=/var/lib/dkms/hello/1.0/$K1/$ARCH
	echo first >/usr/src/hello-1.0/word
	ends 0 build hello/1.0 -k "$K1"
	for err in EXDEV EINVAL ENOSYS EPERM; do
		echo "$err" >/usr/src/hello-1.0/word
		exchange_fails "$err" build hello/1.0 -k "$K1" --force
		assert_status 0
		assert_no_errors
		assert_same "$(<"$built/module/Module.symvers")" "$err"
		cmp "$built/module/hello.ko" "/usr/src/hello-1.0/ko/$K1/hello.ko"
		nothing_in_between
		assert_dkms_status "hello/1.0, $K1, $ARCH: built"
	done
	before=$(tree_digest "$built")
	for err in "EIO Input/output error" "ENOSPC No space left on device" "EROFS Read-only file system"; do
		echo "$err" >/usr/src/hello-1.0/word
		exchange_fails "${err%% *}" build hello/1.0 -k "$K1" --force
		assert_status 1
		assert_errors_have "cannot store the result in '$built': ${err#* }"
		assert_same "$(tree_digest "$built")" "$before" "what was built"
		nothing_in_between
		assert_dkms_status "hello/1.0, $K1, $ARCH: built"
	done
	ends 0 build hello/1.0 -k "$K1" --force
	assert_same "$(<"$built/module/Module.symvers")" "$err"
}

@test "ldtarball --force where directories cannot be exchanged, and on a disk that fails" {
	local err
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1"
	ends 0 mktarball hello/1.0 -k "$K1" --archive "$C/hello.tar.gz"
	rm -rf "/var/lib/dkms/hello" /usr/src/hello-1.0
	ends 0 ldtarball "$C/hello.tar.gz"
	loaded=$(tree_digest /var/lib/dkms /usr/src/hello-1.0)
	built=/var/lib/dkms/hello/1.0/$K1/$ARCH
	for err in EXDEV EINVAL ENOSYS EPERM EIO ENOSPC EROFS; do
		echo "$err" | tee /usr/src/hello-1.0/old >"$built/module/hello.ko"
		before=$(tree_digest "$built" /usr/src/hello-1.0)
		exchange_fails "$err" ldtarball "$C/hello.tar.gz" --force
		case $err in
		EXDEV | EINVAL | ENOSYS | EPERM)
			assert_status 0
			assert_no_errors
			;;
		*)
			assert_status 1
			assert_errors_have "cannot move '/usr/src/.hello-1.0.dkms-new' to '/usr/src/hello-1.0': "
			assert_errors_have "cannot store the built modules in '$built': "
			assert_same "$(tree_digest "$built" /usr/src/hello-1.0)" "$before" "what was there"
			nothing_in_between
			ends 0 ldtarball "$C/hello.tar.gz" --force
			;;
		esac
		assert_same "$(tree_digest /var/lib/dkms /usr/src/hello-1.0)" "$loaded" "what the tarball has"
		nothing_in_between
	done
}
