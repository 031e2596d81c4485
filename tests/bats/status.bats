#!/usr/bin/env bats
# status: the lines, their order, the suffixes, the filters. On trees made by hand.
load ../lib/dkms

# two modules, two versions, two kernels, every state
some_tree() {
	tree_added alpha 1.0
	tree_built beta 1.9 "$K1"
	tree_installed beta 1.10 "$K1"
	tree_built beta 1.10 "$K2"
}

@test "status of an empty tree prints nothing and is no error" {
	run_dkms status
	assert_status 0
	assert_output ""
	assert_no_errors
}

@test "status of no tree at all prints nothing and makes none" {
	rm -rf /var/lib/dkms
	run_dkms status
	assert_status 0
	assert_output ""
	only_ours
	refute_exists /var/lib/dkms
}

@test "an output that cannot be written is an error" {
	only_ours
	some_tree
	status=0
	"$DKMS" status >/dev/full 2>"$C/err" || status=$?
	[ "$status" = 1 ]
	grep -q "cannot write to stdout" "$C/err"
	# nobody listens: no matter of ours
	"$DKMS" status >&-
	# what was done is done
	make_module hello 1.0
	"$DKMS" add hello/1.0 >/dev/full 2>"$C/err"
	grep -q "cannot write to stdout" "$C/err"
}

@test "an added module has a line without kernel" {
	tree_added alpha 1.0
	assert_dkms_status "alpha/1.0: added"
}

@test "a built and an installed one name kernel and arch" {
	tree_built alpha 1.0 "$K1"
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
	tree_installed alpha 1.0 "$K1"
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
}

@test "lines are sorted by module, version as directories sort, kernel, arch" {
	some_tree
	assert_dkms_status \
		"alpha/1.0: added" \
		"beta/1.10, $K2, $ARCH: built" \
		"beta/1.10, $K1, $ARCH: installed" \
		"beta/1.9, $K1, $ARCH: built"
}

@test "only the version the link names is installed" {
	tree_installed alpha 1.0 "$K1"
	tree_built alpha 2.0 "$K1"
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed" "alpha/2.0, $K1, $ARCH: built"
}

@test "two architectures of one kernel" {
	tree_built alpha 1.0 "$K1"
	cp -r "/var/lib/dkms/alpha/1.0/$K1/$ARCH" "/var/lib/dkms/alpha/1.0/$K1/aarch64"
	assert_dkms_status "alpha/1.0, $K1, aarch64: built" "alpha/1.0, $K1, $ARCH: built"
}

@test "a module operand, with and without version, in every way to write it" {
	some_tree
	for words in "beta" "-m beta" "--module beta" "--module=beta"; do
		# shellcheck disable=SC2086 # words
		run_dkms status $words
		assert_status 0
		assert_output "beta/1.10, $K2, $ARCH: built
beta/1.10, $K1, $ARCH: installed
beta/1.9, $K1, $ARCH: built"
	done
	for words in "beta/1.9" "-m beta/1.9" "-m beta -v 1.9" "beta -v 1.9"; do
		# shellcheck disable=SC2086 # words
		run_dkms status $words
		assert_output "beta/1.9, $K1, $ARCH: built"
	done
}

@test "-k shows that kernel only, and what is not built there is added" {
	some_tree
	run_dkms status -k "$K2"
	assert_status 0
	assert_output "alpha/1.0: added
beta/1.10, $K2, $ARCH: built
beta/1.9: added"
}

@test "-k KERNEL/ARCH and -a" {
	only_ours
	some_tree
	run_dkms status -k "$K1/$ARCH" beta
	assert_output "beta/1.10, $K1, $ARCH: installed
beta/1.9, $K1, $ARCH: built"
	run_dkms status -k "$K1/aarch64" beta/1.9
	assert_output "beta/1.9: added"
	run_dkms status -k "$K1" -a aarch64 beta/1.9
	assert_output "beta/1.9: added"
}

@test "several -k: the answer comes per kernel, in their order" {
	only_ours
	some_tree
	run_dkms status beta/1.10 -k "$K1" -k "$K2"
	assert_output "beta/1.10, $K1, $ARCH: installed
beta/1.10, $K2, $ARCH: built"
	run_dkms status beta/1.10 -k "$K2" -k "$K1"
	assert_output "beta/1.10, $K2, $ARCH: built
beta/1.10, $K1, $ARCH: installed"
}

@test "filters are shell patterns" {
	only_ours
	some_tree
	run_dkms status 'b*'
	assert_output "beta/1.10, $K2, $ARCH: built
beta/1.10, $K1, $ARCH: installed
beta/1.9, $K1, $ARCH: built"
	run_dkms status 'beta/1.?'
	assert_output "beta/1.9, $K1, $ARCH: built"
	run_dkms status -m '[a-b]*' -v '1.[09]'
	assert_output "alpha/1.0: added
beta/1.9, $K1, $ARCH: built"
	run_dkms status beta/1.10 -k '*-cloud-*'
	assert_output "beta/1.10, $K1, $ARCH: installed"
	run_dkms status beta/1.9 -a 'x86*'
	assert_output "beta/1.9, $K1, $ARCH: built"
}

@test "nothing matches: nothing printed, status 0" {
	some_tree
	for words in "gamma" "beta/7" "gamma/1.0"; do
		run_dkms status "$words"
		assert_status 0
		assert_output ""
	done
}

@test "-q prints nothing" {
	only_ours
	some_tree
	run_dkms status -q
	assert_status 0
	assert_output ""
	assert_no_errors
}

@test "a dangling source link is broken, explained on stderr" {
	only_ours
	tree_built alpha 1.0 "$K1"
	tree_added beta 1.0
	mv /usr/src/alpha-1.0 /usr/src/gone
	run_dkms status
	assert_status 0
	assert_output "alpha/1.0: broken
beta/1.0: added"
	assert_errors_have alpha
	refute_errors_have beta
}

@test "no source link while the source is there is broken" {
	only_ours
	tree_added alpha 1.0
	rm /var/lib/dkms/alpha/1.0/source
	run_dkms status
	assert_status 0
	assert_output "alpha/1.0: broken"
	assert_errors_have alpha
}

@test "original modules are told" {
	only_ours
	make_module dummy 1.0
	tree_installed dummy 1.0 "$K1"
	mkdir -p "/var/lib/dkms/dummy/original_module/$K1/$ARCH"
	mv "/lib/modules/$K1/kernel/drivers/net/dummy.ko" "/var/lib/dkms/dummy/original_module/$K1/$ARCH/"
	assert_dkms_status "dummy/1.0, $K1, $ARCH: installed (Original modules exist)"
}

@test "an installed file that was changed or is gone is told" {
	only_ours
	tree_installed alpha 1.0 "$K1"
	echo >>"/lib/modules/$K1/updates/dkms/alpha.ko"
	assert_dkms_status \
		"alpha/1.0, $K1, $ARCH: installed (Differences between built and installed modules)"
	rm "/lib/modules/$K1/updates/dkms/alpha.ko"
	assert_dkms_status \
		"alpha/1.0, $K1, $ARCH: installed (Differences between built and installed modules)"
}

@test "a change that keeps size and time is told" {
	only_ours
	tree_installed alpha 1.0 "$K1"
	f=/lib/modules/$K1/updates/dkms/alpha.ko
	touch -d 2020-01-01 "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko" "$f"
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
	printf x | dd of="$f" bs=1 seek=100 conv=notrunc status=none
	touch -d 2020-01-01 "$f"
	assert_dkms_status \
		"alpha/1.0, $K1, $ARCH: installed (Differences between built and installed modules)"
}

@test "a file at the conf's own place counts as installed" {
	only_ours
	make_module alpha 1.0 'DEST_MODULE_LOCATION[0]="/kernel/drivers/misc"'
	tree_installed alpha 1.0 "$K1"
	mkdir -p "/lib/modules/$K1/kernel/drivers/misc"
	mv "/lib/modules/$K1/updates/dkms/alpha.ko" "/lib/modules/$K1/kernel/drivers/misc/"
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
}

@test "a promised file that is not in module/ is told, and wins over a difference" {
	only_ours
	tree_installed alpha 1.0 "$K1"
	rm "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko"
	run_dkms status
	assert_status 0
	assert_output "alpha/1.0, $K1, $ARCH: installed (Built modules are missing in the kernel modules folder)"
	tree_built beta 1.0 "$K1"
	rm "/var/lib/dkms/beta/1.0/$K1/$ARCH/module/beta.ko"
	run_dkms status beta
	assert_output "beta/1.0, $K1, $ARCH: built (Built modules are missing in the kernel modules folder)"
}

@test "an excluded module's file is not promised" {
	only_ours
	make_module -m "one two" pair 1.0 'BUILD_EXCLUSIVE_KERNEL[1]="^2\."'
	tree_installed pair 1.0 "$K1"
	rm "/var/lib/dkms/pair/1.0/$K1/$ARCH/module/two.ko" "/lib/modules/$K1/updates/dkms/two.ko"
	assert_dkms_status "pair/1.0, $K1, $ARCH: installed"
}

@test "a compressed file is compared as it is" {
	only_ours
	add_kernel 9.1.0-test .ko.xz
	tree_built alpha 1.0 9.1.0-test
	xz "/var/lib/dkms/alpha/1.0/9.1.0-test/$ARCH/module/alpha.ko"
	tree_installed alpha 1.0 9.1.0-test
	assert_dkms_status "alpha/1.0, 9.1.0-test, $ARCH: installed"
}

@test "a bad conf: the line without a suffix, a complaint on stderr, status 0" {
	only_ours
	tree_installed alpha 1.0 "$K1"
	echo 'AUTOINSTALL=perhaps' >>/usr/src/alpha-1.0/dkms.conf
	rm "/lib/modules/$K1/updates/dkms/alpha.ko"
	run_dkms status
	assert_status 0
	assert_output "alpha/1.0, $K1, $ARCH: installed"
	assert_errors_have AUTOINSTALL
}

@test "status needs no root and writes nothing" {
	some_tree
	before=$(digest_world)
	run_as_nobody "$DKMS" status
	assert_status 0
	assert_output_has "beta/1.10, $K1, $ARCH: installed"
	only_ours
	assert_same "$(digest_world)" "$before"
}

@test "what is no part of the tree's own shape is passed over" {
	some_tree
	touch /var/lib/dkms/post_transaction.log /var/lib/dkms/mok.key /var/lib/dkms/beta/note
	mkdir -p /var/lib/dkms/.journal /var/lib/dkms/beta/1.10/{tarball,deb,.failed,lost+found} \
		"/var/lib/dkms/beta/original_module/$K2"
	run_dkms status beta
	assert_output "beta/1.10, $K2, $ARCH: built
beta/1.10, $K1, $ARCH: installed
beta/1.9, $K1, $ARCH: built"
}

@test "the tree is where --dkmstree, or framework.conf, says" {
	only_ours
	some_tree
	mv /var/lib/dkms "$C/elsewhere"
	mkdir /var/lib/dkms
	run_dkms status --dkmstree "$C/elsewhere" alpha
	assert_output "alpha/1.0: added"
	run_dkms status --dkmstree="$C/elsewhere" alpha
	assert_output "alpha/1.0: added"
	echo "dkms_tree=\"$C/elsewhere\"" >/etc/dkms/framework.conf
	run_dkms status alpha
	assert_output "alpha/1.0: added"
}

@test "status takes no kernel by default, even where the running one is foreign" {
	tree_built alpha 1.0 "$K1"
	refute_exists "/lib/modules/$(uname -r)"
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
}

@test "a source on a machine that does not answer is broken, and the others are what they are" {
	only_ours
	fault="${DKMS_TEST_ROOT%/test-root}/tests/tools/syscall-fault"
	make_module alpha 1.0
	make_module beta 1.0
	run_dkms add alpha/1.0
	run_dkms add beta/1.0
	"$fault" -t "$C/points" -r /var/lib/dkms count 0 "$DKMS" status
	n=$(grep -n -m 1 source "$C/points" | cut -d: -f1)
	[ "$n" ] || _fail "no look at a source: $(cat "$C/points")"
	run_cmd "$fault" -r /var/lib/dkms ESTALE "$n" "$DKMS" status
	assert_status 0
	assert_output "alpha/1.0: broken
beta/1.0: added"
}
