#!/usr/bin/env bats
# Exit statuses of install, autoinstall, match, kernel_* and remove, and what each leaves behind.
load ../lib/exits

@test "6 NO_KERNEL: install on a kernel that does not exist" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k 6.1.0-none --kernelsourcedir "/usr/src/linux-headers-$K1" --force
	before=$(writes)
	ends 6 install hello/1.0 -k 6.1.0-none
	assert_errors_have 6.1.0-none
	assert_same "$(writes)" "$before" "what was written"
	ends 6 install hello/1.0 -k 6.1.0-none --force
	ends 6 install hello/1.0 -k "$K1/$ARCH" --installtree "$C/none" --kernelsourcedir "/usr/src/linux-headers-$K1"
}

@test "6 NOTHING_INSTALLED: every module was skipped" {
	make_module hello 1.0
	ready_ko "/lib/modules/$K1/kernel/hello.ko" hello 2.0
	ends 0 build hello/1.0 -k "$K1"
	before=$(writes)
	ends 6 install hello/1.0 -k "$K1"
	assert_errors_have "newer"
	assert_same "$(writes)" "$before" "what was written"
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "6 MODULE_MISSING: a built module is not there any more" {
	make_module -m "first second" two 1.0
	ends 0 build two/1.0 -k "$K1"
	rm "/var/lib/dkms/two/1.0/$K1/$ARCH/module/second.ko"
	before=$(writes)
	ends 6 install two/1.0 -k "$K1"
	assert_errors_have second
	assert_same "$(writes)" "$before" "what was written"
	ends 6 install two/1.0 -k "$K1" --force
}

@test "6 DEPMOD_FAILED: what was installed is rolled back to built, originals are where they were" {
	make_module -m "dummy hello" hello 1.0
	ends 0 build hello/1.0 -k "$K1"
	before=$(tree_digest "/lib/modules/$K1/kernel")
	stub depmod 'echo "depmod: ERROR: no" >&2; exit 1'
	ends 6 install hello/1.0 -k "$K1"
	assert_errors_have depmod
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
	refute_exists "/lib/modules/$K1/updates" /var/lib/dkms/hello/original_module "/var/lib/dkms/hello/kernel-$K1-$ARCH"
	assert_same "$(tree_digest "/lib/modules/$K1/kernel")" "$before" "the kernel's own modules"
	no_leftovers
	# one that is not there at all, and one that is killed
	stub depmod 'kill -9 $$'
	ends 6 install hello/1.0 -k "$K1"
	rm "$C/bin/depmod"
	ends 0 install hello/1.0 -k "$K1"
}

@test "--no-depmod: depmod is not run, and nothing is rolled back" {
	make_module hello 1.0
	stub depmod "touch $C/ran; exit 1"
	ends 0 install hello/1.0 -k "$K1" --no-depmod
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	ends 0 uninstall hello/1.0 -k "$K1" --no-depmod
	ends 0 remove hello/1.0 --all --no-depmod
	refute_exists "$C/ran"
}

@test "11 SOME_FAILED: autoinstall, kernel_postinst: a module failed; the others are installed" {
	make_module bad 1.0 'MAKE[0]="false"'
	make_module good 1.0
	tree_added bad 1.0
	tree_added good 1.0
	ends 11 autoinstall -k "$K1"
	assert_output_has "failed: bad/1.0"
	assert_output_has "succeeded: good/1.0"
	assert_dkms_status "bad/1.0: added" "good/1.0, $K1, $ARCH: installed"
	ends 11 kernel_postinst -k "$K2"
	assert_dkms_status "bad/1.0: added" "good/1.0, $K2, $ARCH: installed" "good/1.0, $K1, $ARCH: installed"
}

@test "11 SOME_FAILED: a module waits for one that dkms knows and could not install" {
	make_module bad 1.0 'MAKE[0]="false"'
	make_module waits 1.0 'BUILD_DEPENDS="bad"'
	tree_added bad 1.0
	tree_added waits 1.0
	ends 11 autoinstall -k "$K1"
	assert_output_has "waits/1.0"
	assert_dkms_status "bad/1.0: added" "waits/1.0: added"
	refute_exists "/lib/modules/$K1/updates"
}

@test "14 NOT_REMOVED: kernel_prerm and kernel_preinst: a module could not be removed" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	make_module other 1.0
	ends 0 install other/1.0 -k "$K1"
	# a place that even root cannot write to
	mount -o bind "/lib/modules/$K1/updates/dkms" "/lib/modules/$K1/updates/dkms"
	mount -o remount,bind,ro "/lib/modules/$K1/updates/dkms"
	run_dkms kernel_prerm -k "$K1"
	one=$status
	run_dkms kernel_preinst -k "$K1"
	umount "/lib/modules/$K1/updates/dkms"
	assert_same "$one $status" "14 14"
	ends 0 kernel_prerm -k "$K1"
	assert_dkms_status "hello/1.0: added" "other/1.0: added"
}

@test "101 PRE_INSTALL_FAILED: nothing is installed; --force goes on" {
	make_module hello 1.0 'PRE_INSTALL="pre"'
	script /usr/src/hello-1.0/pre 'exit 5'
	ends 0 build hello/1.0 -k "$K1"
	before=$(writes)
	ends 101 install hello/1.0 -k "$K1"
	assert_same "$(writes)" "$before" "what was written"
	ends 0 install hello/1.0 -k "$K1" --force
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "101 PRE_INSTALL_FAILED: over another version that one stays" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	make_module hello 2.0 'PRE_INSTALL="pre"'
	script /usr/src/hello-2.0/pre 'exit 5'
	ends 101 install hello/2.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed" "hello/2.0, $K1, $ARCH: built"
	assert_same "$(modinfo -F version "/lib/modules/$K1/updates/dkms/hello.ko")" 1.0
}

@test "POST_INSTALL and POST_REMOVE that fail are warnings" {
	make_module hello 1.0 'POST_INSTALL="post"
POST_REMOVE="post"'
	script /usr/src/hello-1.0/post 'exit 7'
	ends 0 install hello/1.0 -k "$K1"
	assert_errors_have post
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	ends 0 uninstall hello/1.0 -k "$K1"
	assert_errors_have post
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "install: several kernels, each tried, the first failure's status" {
	make_module hello 1.0 'PRE_INSTALL="pre"'
	script /usr/src/hello-1.0/pre '[ "$kernelver" != '"$K1"' ]'
	ends 101 install hello/1.0 -k "$K1" -k "$K2" -k 6.1.0-none
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: built"
	ends 21 install hello/1.0 -k 6.1.0-none -k "$K1"
}

@test "match: after a failure the others are tried, the first failure's status is returned" {
	make_module bad 1.0 'PRE_BUILD="pre"'
	make_module bad2 1.0 'PRE_BUILD="pre"'
	script /usr/src/bad-1.0/pre 'exit 33'
	script /usr/src/bad2-1.0/pre 'exit 34'
	tree_installed bad 1.0 "$K1"
	tree_installed bad2 1.0 "$K1"
	tree_installed good 1.0 "$K1"
	ends 33 match --templatekernel "$K1" -k "$K2"
	run_dkms status -k "$K2"
	assert_output "bad/1.0: added
bad2/1.0: added
good/1.0, $K2, $ARCH: installed"
	ends 34 match bad2 --templatekernel "$K1" -k "$K2"
}

@test "match: nothing to do is 0, even without headers" {
	make_module hello 1.0
	tree_built hello 1.0 "$K1"
	rm "/lib/modules/$K2/build"
	refused_ok=$(writes)
	ends 0 match --templatekernel "$K1" -k "$K2"
	assert_same "$(writes)" "$refused_ok"
	tree_installed other 1.0 "$K1"
	tree_installed other 1.0 "$K2"
	ends 0 match --templatekernel "$K1" -k "$K2"
}

@test "match: what is installed on the template is built and installed, only the module that was named" {
	tree_installed one 1.0 "$K1"
	tree_installed one 0.9 "$K2"
	tree_installed two 1.0 "$K1"
	tree_built three 1.0 "$K1"
	ends 0 match two --templatekernel "$K1" -k "$K2"
	run_dkms status -k "$K2"
	assert_output "one/0.9, $K2, $ARCH: installed
one/1.0: added
three/1.0: added
two/1.0, $K2, $ARCH: installed"
	ends 0 match --templatekernel "$K1" -k "$K2"
	run_dkms status one -k "$K2"
	assert_output "one/0.9, $K2, $ARCH: built
one/1.0, $K2, $ARCH: installed"
}

@test "match: a broken version is reported and passed over" {
	tree_installed one 1.0 "$K1"
	tree_installed two 1.0 "$K1"
	rm -r /usr/src/one-1.0
	ends 0 match --templatekernel "$K1" -k "$K2"
	assert_errors_have one/1.0
	run_dkms status two -k "$K2"
	assert_output "two/1.0, $K2, $ARCH: installed"
}
