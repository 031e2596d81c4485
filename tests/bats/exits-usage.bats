#!/usr/bin/env bats
# Exit statuses that the command line alone, or the state of the dkms tree, decides.
load ../lib/exits

ROOT_VERBS="autoinstall match kernel_preinst kernel_postinst kernel_prerm"

@test "0 nothing to do: already built, installed; not built, not installed" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1"
	before=$(writes)
	for words in "uninstall hello/1.0 -k $K1" "unbuild hello/1.0 -k $K2" "build hello/1.0 -k $K1"; do
		# shellcheck disable=SC2086 # words
		ends 0 $words
		assert_same "$(writes)" "$before" "what was written by: $words"
	done
	ends 0 install hello/1.0 -k "$K1"
	before=$(writes)
	ends 0 install hello/1.0 -k "$K1"
	assert_output_has "already installed"
	ends 0 build hello/1.0 -k "$K1"
	assert_output_has "already built"
	assert_same "$(writes)" "$before" "what was written"
	ends 0 unbuild hello/1.0 -k "$K1"
	ends 0 unbuild hello/1.0 -k "$K1"
	assert_output_has "not built"
}

@test "1 NOT_ROOT: install, uninstall, autoinstall, match, kernel_*" {
	make_module other 1.0
	tree_installed hello 1.0 "$K1"
	refused_as_nobody 1 install hello/1.0 -k "$K2"
	refused_as_nobody 1 install other/1.0 -k "$K2"
	refused_as_nobody 1 uninstall hello/1.0 -k "$K1"
	refused_as_nobody 1 match --templatekernel "$K1" -k "$K2"
	for verb in $ROOT_VERBS; do
		refused_as_nobody 1 "$verb" -k "$K1"
		assert_errors_have root
	done
	# write access makes no root
	refused_as_nobody 1 install hello/1.0 -k "$K2" --dkmstree "$C/tmp/tree"
}

@test "1 NOT_ROOT: add of a source tree outside the source tree directory" {
	make_module hello 1.0
	cp -r /usr/src/hello-1.0 "$C/hello"
	refused_as_nobody 1 add "$C/hello" --dkmstree "$C/tmp/tree"
	assert_errors_have root
}

@test "1 NO_ACCESS: add, build, unbuild, remove without write access to the dkms tree" {
	make_module hello 1.0
	refused_as_nobody 1 add hello/1.0
	assert_errors_have "no write access"
	refused_as_nobody 1 build hello/1.0 -k "$K1"
	tree_built hello 1.0 "$K1"
	refused_as_nobody 1 build hello/1.0 -k "$K2"
	refused_as_nobody 1 unbuild hello/1.0 -k "$K1"
	refused_as_nobody 1 remove hello/1.0 --all
}

@test "1 NO_ACCESS: a dkms tree that cannot be made" {
	make_module hello 1.0
	echo plain >"$C/plain"
	refused 1 add hello/1.0 --dkmstree "$C/plain"
	refused 1 add hello/1.0 --dkmstree "$C/plain/tree"
	refused_as_nobody 1 add hello/1.0 --dkmstree /var/lib/mine
}

@test "add, build and status without root in a tree of one's own" {
	make_module hello 1.0
	run_as_nobody "$DKMS" build hello/1.0 -k "$K1" --dkmstree "$C/tmp/tree"
	assert_status 0
	run_as_nobody "$DKMS" status --dkmstree "$C/tmp/tree"
	assert_output "hello/1.0, $K1, $ARCH: built"
	run_as_nobody "$DKMS" remove hello/1.0 --all --dkmstree "$C/tmp/tree"
	assert_status 0
	run_as_nobody "$DKMS" status --dkmstree "$C/tmp/tree"
	assert_output ""
}

@test "actions that write make a missing tree" {
	make_module hello 1.0
	rm -rf /var/lib/dkms
	ends 0 add hello/1.0
	assert_dkms_status "hello/1.0: added"
	rm -rf /var/lib/dkms
	ends 0 install hello/1.0 -k "$K1" --dkmstree "$C/a/b"
	assert_exists "$C/a/b/hello/1.0/$K1/$ARCH/module/hello.ko"
	refute_exists /var/lib/dkms
}

@test "1 NO_NAME: module or version missing" {
	make_module hello 1.0
	tree_built hello 1.0 "$K1"
	for verb in add build install remove unbuild uninstall; do
		for words in "" hello hello/ "-m hello" "-v 1.0"; do
			# shellcheck disable=SC2086 # words
			refused 1 "$verb" $words
			assert_errors_have "needs a module and its version"
		done
	done
}

@test "1 NO_NAME: a word that was meant as a path is told to be none" {
	mkdir empty
	for word in empty empty/ driver.tar.gz; do
		refused 1 add "$word"
		assert_errors_have "'${word%/}' was taken for a module: it is no file, and no directory with a dkms.conf"
	done
	refused 1 add
	refute_errors_have "was taken for a module"
}

@test "1 BAD_NAME: what no module, version, kernel or arch can be called" {
	make_module hello 1.0
	tree_built hello 1.0 "$K1"
	for verb in add build install remove unbuild uninstall; do
		for words in "hello/.." "hello/." "hello/1.0/x" "-m .. -v 1.0" "-m . -v 1.0" "-m hello -v ../1.0"; do
			# shellcheck disable=SC2086 # words
			refused 1 $verb $words
		done
		refused 1 "$verb" $'hello/1.0\n'
		refused 1 "$verb" -m $'hel\tlo' -v 1.0
	done
	for verb in build install unbuild uninstall remove; do
		for words in "-k .." "-k ." "-k $K1/.." "-k $K1/a/b" "-k $K1 -a ../x"; do
			# shellcheck disable=SC2086 # words
			refused 1 $verb hello/1.0 $words
		done
		refused 1 "$verb" hello/1.0 -k $'6.1\n'
	done
	# status takes them as patterns
	ends 0 status "hello/.."
	assert_output ""
}

@test "1 ARCH_COUNT: one arch, or as many as kernels" {
	make_module hello 1.0
	refused 1 build hello/1.0 -k "$K1" -a a -a b
	refused 1 build hello/1.0 -k "$K1" -k "$K2" -k 6.1.0-3 -a a -a b
	refused 1 build hello/1.0 -a a -a b
	ends 0 build hello/1.0 -k "$K1" -k "$K2" -a "$ARCH"
}

@test "1 NO_TEMPLATE: match without a template kernel" {
	tree_installed hello 1.0 "$K1"
	refused 1 match -k "$K2"
	refused 1 match -k "$K2" hello
}

@test "2 USAGE: an unknown option; no abbreviations; no = behind a short one" {
	make_module hello 1.0
	for words in --no-such-option --forc --kernelverx -x -kx -k=6.1 --all=yes -qq; do
		refused 2 add hello/1.0 "$words"
	done
	refused 2 --no-such-option
	refused 2 add hello/1.0 --dkmstree
	refused 2 add hello/1.0 -c
	refused 2 add hello/1.0 -j many
	refused 2 add hello/1.0 --directive NOEQUALS
}

@test "2 an action that is missing or unknown prints the usage on stderr" {
	refused 2
	assert_errors_have "usage:"
	refused 2 frobnicate
	assert_errors_have "usage:"
	refused 2 hello/1.0 -k "$K1"
	assert_output ""
}

@test "2 KERNEL_WITH_ALL: -k with --all" {
	tree_installed hello 1.0 "$K1"
	for verb in remove unbuild uninstall; do
		refused 2 "$verb" hello/1.0 -k "$K1" --all
		refused 2 "$verb" hello/1.0 --all -k "$K1"
	done
}

@test "2 NO_SOURCE_DIR: the source directory is missing" {
	for verb in add build install; do
		refused 2 "$verb" hello/1.0
		assert_errors_have /usr/src/hello-1.0
	done
	make_module hello 1.0
	refused 2 add hello/2.0
	refused 2 add hello/1.0 --sourcetree "$C"
	echo >/usr/src/file-1
	refused 2 add file/1
}

@test "2 SAME_TEMPLATE: the template kernel is the target" {
	tree_installed hello 1.0 "$K1"
	refused 2 match --templatekernel "$K1" -k "$K1"
	refused 2 match --templatekernel="$(uname -r)"
}

@test "3 ARCH_WITH_ALL: -a with --all" {
	tree_installed hello 1.0 "$K1"
	for verb in remove unbuild uninstall; do refused 3 "$verb" hello/1.0 --all -a "$ARCH"; done
}

@test "3 ALREADY_ADDED: add of what is added" {
	tree_added hello 1.0
	refused 3 add hello/1.0
	refused 3 add -m hello -v 1.0 --force
	refused 3 add /usr/src/hello-1.0
	refused 3 add /usr/src/hello-1.0/dkms.conf
}

@test "3 ALREADY_ADDED: build or install of a source directory whose module is added" {
	tree_added hello 1.0
	cp -r /usr/src/hello-1.0 "$C/hello"
	for verb in add build install; do
		refused 3 "$verb" "$C/hello" -k "$K1"
		refused 3 "$verb" "$C/hello/dkms.conf" -k "$K1"
	done
}

@test "3 NOT_ADDED: remove, unbuild, uninstall of what is not in the dkms tree" {
	make_module hello 1.0
	tree_installed hello 2.0 "$K1"
	for verb in remove unbuild uninstall; do
		refused 3 "$verb" hello/1.0 -k "$K1"
		refused 3 "$verb" hello/1.0 --all
		refused 3 "$verb" nothing/1.0 -k "$K1"
	done
}

@test "3 UNKNOWN_MODULE: match on a module that dkms does not know" {
	tree_installed hello 1.0 "$K1"
	refused 3 match nothing --templatekernel "$K1" -k "$K2"
}

@test "4 TWO_ACTIONS: a second action" {
	make_module hello 1.0
	refused 4 add build hello/1.0
	refused 4 status status
	refused 4 add hello/1.0 remove
}

@test "4 NO_OS_RELEASE: no os-release file, but for --version and --help" {
	make_module hello 1.0
	rm -f /etc/os-release
	mount -t tmpfs none "$C/tmp"
	mv /usr/lib/os-release "$C/os-release.kept"
	for verb in add build install remove status autoinstall; do
		run_dkms "$verb" hello/1.0 -k "$K1"
		if [ "$status" != 4 ]; then mv "$C/os-release.kept" /usr/lib/os-release; fi
		assert_status 4
		assert_errors_have os-release
	done
	run_dkms --version
	[ "$status" = 0 ] && run_dkms --help
	one=$status
	mv "$C/os-release.kept" /usr/lib/os-release
	umount "$C/tmp"
	assert_same "$one" 0
	refute_exists /var/lib/dkms/hello
	ends 0 add hello/1.0
}

@test "4 NO_CONF: no dkms.conf in the source directory" {
	mkdir /usr/src/hello-1.0
	touch /usr/src/hello-1.0/{a,b}
	for verb in add build install; do
		refused 4 "$verb" hello/1.0 -k "$K1"
		assert_errors_have dkms.conf
	done
}

@test "4 ONE_KERNEL: several where one is wanted, none for kernel_*" {
	tree_installed hello 1.0 "$K1"
	refused 4 autoinstall -k "$K1" -k "$K2"
	refused 4 match --templatekernel "$K1" -k "$K1" -k "$K2"
	for verb in kernel_preinst kernel_postinst kernel_prerm; do
		refused 4 "$verb"
		refused 4 "$verb" -k "$K1" -k "$K2"
	done
	# the same one twice is one
	ends 0 autoinstall -k "$K1" -k "$K1"
}

@test "4 BROKEN: the source link dangles" {
	tree_installed hello 1.0 "$K1"
	rm -rf /usr/src/hello-1.0
	for verb in build install remove unbuild uninstall; do
		refused 4 "$verb" hello/1.0 -k "$K1"
		assert_errors_have broken
	done
	refused 4 remove hello/1.0 --all
	refused 2 add hello/1.0
}

@test "4 BROKEN: the source link is missing while the source is there" {
	tree_installed hello 1.0 "$K1"
	rm /var/lib/dkms/hello/1.0/source
	for verb in build install remove unbuild uninstall; do refused 4 "$verb" hello/1.0 -k "$K1"; done
	assert_dkms_status "hello/1.0: broken"
	ends 0 add hello/1.0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "5 ALL_UNSUPPORTED: add, build, install, autoinstall, match, kernel_* do not take --all" {
	tree_installed hello 1.0 "$K1"
	make_module other 1.0
	for verb in add build install; do
		refused 5 "$verb" other/1.0 --all
		refused 5 "$verb" hello/1.0 --all
	done
	refused 5 match --templatekernel "$K1" --all
	for verb in $ROOT_VERBS; do refused 5 "$verb" --all; done
}

@test "8 BOTH_ONLY: --binaries-only with --source-only" {
	tree_added hello 1.0
	refused 8 mktarball hello/1.0 --binaries-only --source-only
	refused 8 add other/1.0 --source-only --binaries-only
}

@test "16 EMPTY_KERNEL: an empty kernel or arch" {
	make_module hello 1.0
	tree_installed other 1.0 "$K1"
	for verb in build install remove unbuild uninstall status; do
		for words in "-k" "--kernelver" "--kernelver=" "-a" "--arch=" "-k $K1/" "-k /$ARCH"; do
			# shellcheck disable=SC2086 # words
			refused 16 $verb other/1.0 $words
		done
		refused 16 "$verb" other/1.0 -k ""
		refused 16 "$verb" other/1.0 -k "$K1" -a ""
	done
	for verb in $ROOT_VERBS; do refused 16 "$verb" -k ""; done
	refused 16 build hello/1.0 -k "$K1" -k ""
}

@test "--quiet: not a byte on stdout and stderr, whatever happens" {
	make_module hello 1.0 'MAKE="false"'
	for words in "--no-such-option" "add build" "remove hello/1.0" "build hello/1.0 -k $K1" "install hello/1.0 -k $K2" \
		"autoinstall -k $K1" "status" "" "match -k $K1" "build hello/1.0 -k $K1 surplus word --no-initrd"; do
		for q in -q --quiet; do
			# shellcheck disable=SC2086 # words
			run_dkms $q $words
			assert_output ""
			assert_no_errors
			# shellcheck disable=SC2086 # words
			run_dkms $words $q
			assert_output ""
			assert_no_errors
		done
	done
}

@test "--version and --help before anything else happens" {
	for words in "-V" "--version" "add --version" "-V --no-such-option"; do
		# shellcheck disable=SC2086 # words
		run_dkms $words
		assert_status 0
		[[ $output =~ ^dkms-[0-9]+\.[0-9]+\.[0-9]+$ ]]
	done
	ends 0 --help
	assert_output_has "usage:"
	assert_no_errors
	ends 0 build -h
}
