#!/usr/bin/env bats
# How operands and options are read.
load ../lib/exits

@test "operand rule 1: an action's name is the action, even where a file of that name exists" {
	make_module hello 1.0
	touch add build
	ends 0 add hello/1.0
	assert_dkms_status "hello/1.0: added"
	ends 4 hello/1.0 add build
}

@test "operand rule 1: options and operands in any order" {
	make_module hello 1.0
	ends 0 hello/1.0 -k "$K1" build
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
	ends 0 -k "$K1" install hello/1.0 --no-depmod
	ends 0 --all hello/1.0 remove
	assert_dkms_status
}

@test "operand rule 2: an existing file whose path ends in dkms.conf is its directory's source tree" {
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/src"
	ends 0 add src/dkms.conf
	assert_dkms_status "hello/1.0: added"
	assert_exists /usr/src/hello-1.0/mk
	ends 0 remove hello/1.0 --all
	cd src
	ends 0 build dkms.conf -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "operand rule 2: my-dkms.conf counts too" {
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/src"
	touch src/my-dkms.conf
	ends 0 add "$C/src/my-dkms.conf"
	assert_dkms_status "hello/1.0: added"
}

@test "operand rule 3: an existing directory that holds a dkms.conf is a source tree" {
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/src"
	ends 0 add src
	assert_dkms_status "hello/1.0: added"
	ends 0 remove hello/1.0 --all
	rm -r /usr/src/hello-1.0
	ends 0 install ./src/ -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "operand rule 3: a directory without a dkms.conf is no source tree but a name" {
	make_module hello 1.0
	mkdir hello
	ends 0 add hello -v 1.0
	assert_dkms_status "hello/1.0: added"
}

@test "operand rule 4: any other existing file is an archive" {
	make_module hello 1.0
	echo garbage >hello
	for verb in add build install; do
		refused 3 "$verb" hello -k "$K1"
		assert_errors_have "not a dkms archive"
		refused 3 "$verb" "$C/hello" -k "$K1"
	done
	# named in another way it is the module
	ends 0 add -m hello -v 1.0
}

@test "operand rule 5: otherwise it is module[/version], if no module was named yet" {
	make_module hello 1.0
	for words in "hello/1.0" "hello -v 1.0" "-v 1.0 hello" "-m hello -v 1.0" "-m hello/1.0" "--module hello/1.0" "--module=hello -v 1.0"; do
		# shellcheck disable=SC2086 # words
		ends 0 add $words
		assert_dkms_status "hello/1.0: added"
		ends 0 remove hello/1.0 --all
	done
}

@test "-v is used only when -m carried no version" {
	make_module hello 1.0
	make_module hello 2.0
	ends 0 add -m hello/1.0 -v 2.0
	assert_dkms_status "hello/1.0: added"
	ends 0 remove hello/1.0 --all
	ends 0 add -v 2.0 -m hello/1.0
	assert_dkms_status "hello/1.0: added"
}

@test "-v that is not used is told" {
	only_ours
	make_module hello 1.0
	make_module hello 2.0
	ends 0 add hello/1.0 -v 2.0
	assert_same "$errors" "dkms: warning: '-v 2.0' was ignored: hello/1.0 was named"
	for words in "-v 2.0 -m hello/1.0" "-v 2.0 hello/1.0"; do
		# shellcheck disable=SC2086 # words
		ends 0 build $words -k "$K1"
		assert_errors_have "'-v 2.0' was ignored: hello/1.0 was named"
	done
	for words in "hello/1.0 -v 1.0" "-m hello -v 1.0" "-v 2.0 hello -v 1.0"; do
		# shellcheck disable=SC2086 # words
		ends 0 status $words
		assert_no_errors
		assert_output "hello/1.0, $K1, $ARCH: built"
	done
}

@test "operand rule 6: otherwise it is ignored, with a warning" {
	make_module hello 1.0
	ends 0 add hello/1.0 surplus
	assert_errors_have "warning: 'surplus'"
	ends 0 build -m hello/1.0 -k "$K1" other/2.0
	assert_errors_have other/2.0
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "1 WRONG_PATH: an operand that looks like a path and is none" {
	make_module hello 1.0
	mkdir empty
	for verb in add build install remove unbuild uninstall status; do
		for path in /no/such/path ./nothing ../nothing/here ./empty "$C/empty" /; do
			refused 1 "$verb" "$path" -k "$K1"
			assert_errors_have "'$path'"
			assert_errors_have dkms.conf
			# also where a module was named
			refused 1 "$verb" hello/1.0 "$path" -k "$K1"
		done
	done
	refused 1 autoinstall /no/such/path -k "$K1"
}

@test "2 NO_ARCHIVE: a wrong path for ldtarball" {
	refused 2 ldtarball /no/such/archive.tar.gz
	assert_errors_have /no/such/archive.tar.gz
	refused 2 ./nothing ldtarball
}

@test "a source tree is no name for the other actions" {
	make_module hello 1.0
	tree_built hello 1.0 "$K1"
	for verb in remove unbuild uninstall; do
		refused 1 "$verb" /usr/src/hello-1.0 -k "$K1"
		refused 1 "$verb" /usr/src/hello-1.0/dkms.conf -k "$K1"
	done
}

@test "a source tree is no name for match, nor every module" {
	tree_installed hello 1.0 "$K1"
	refused 1 match /usr/src/hello-1.0 --templatekernel "$K1" -k "$K2"
	assert_errors_have /usr/src/hello-1.0
}

@test "a tree that is named by an empty word is the usual one" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1" --dkmstree "" --sourcetree= --installtree ""
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	assert_same "$(find . -mindepth 1 -maxdepth 1 ! -name '.*' ! -name tmp)" ""
}

@test "a name and a source tree: the name counts, with a warning" {
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/src"
	ends 0 add src -m other -v 7
	assert_errors_have "the name counts"
	assert_dkms_status "other/7: added"
	assert_exists /usr/src/other-7/mk
	ends 0 build other/7 -k "$K1"
}

@test "a module without a version and a source tree: the version comes from its dkms.conf" {
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/src"
	ends 0 add src -m other
	assert_dkms_status "other/1.0: added"
}

@test "the same kernel given twice counts once" {
	make_module hello 1.0 'POST_BUILD="post"'
	script /usr/src/hello-1.0/post "echo x >>$C/count"
	ends 0 build hello/1.0 -k "$K1" --kernelver "$K1" --kernelversion="$K1" --force
	assert_same "$(cat "$C/count")" x
	rm "$C/count"
	ends 0 build hello/1.0 -k "$K1/$ARCH" -k "$K1/$ARCH" --force
	assert_same "$(cat "$C/count")" x
	rm "$C/count"
	ends 0 build hello/1.0 -k "$K1" -k "$K1" -a "$ARCH" --force
	assert_same "$(cat "$C/count")" x
}

@test "-k KERNEL/ARCH, -k and -a one to one, one arch for all kernels" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1/aaa" -k "$K2/bbb"
	assert_dkms_status "hello/1.0, $K2, bbb: built" "hello/1.0, $K1, aaa: built"
	ends 0 remove hello/1.0 --all
	ends 0 build hello/1.0 -k "$K1" -a aaa -k "$K2" -a bbb
	assert_dkms_status "hello/1.0, $K2, bbb: built" "hello/1.0, $K1, aaa: built"
	ends 0 remove hello/1.0 --all
	ends 0 build hello/1.0 -a ccc -k "$K1" -k "$K2"
	assert_dkms_status "hello/1.0, $K2, ccc: built" "hello/1.0, $K1, ccc: built"
}

@test "one kernel twice, for two architectures, is two" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1" -a aaa -k "$K1" -a bbb
	assert_dkms_status "hello/1.0, $K1, aaa: built" "hello/1.0, $K1, bbb: built"
	ends 0 unbuild hello/1.0 -k "$K1/aaa" -k "$K1/bbb"
	assert_dkms_status "hello/1.0: added"
}

@test "-k K/A beside a plain -k K" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1" -k "$K2/$ARCH"
	assert_dkms_status "hello/1.0, $K2, $ARCH: built" "hello/1.0, $K1, $ARCH: built"
}

@test "a long option's value as --opt value and as --opt=value" {
	make_module hello 1.0
	ends 0 build hello/1.0 --kernelver="$K1" --arch=aaa --dkmstree="$C/tree"
	ends 0 build hello/1.0 --kernelver "$K2" --arch aaa --dkmstree "$C/tree"
	run_dkms status --dkmstree "$C/tree"
	assert_output "hello/1.0, $K2, aaa: built
hello/1.0, $K1, aaa: built"
	# an empty value is a value
	ends 0 status --dkmstree "$C/tree" --module=hello
}

@test "-c: the dkms.conf to use instead of the one in the source" {
	make_module hello 1.0 'MAKE[0]="false"'
	sed '/false/d' /usr/src/hello-1.0/dkms.conf >"$C/mine"
	ends 0 build hello/1.0 -k "$K1" -c mine
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "-j: the jobs make gets; 0 is a bare -j; framework.conf's parallel_jobs else" {
	make_module hello 1.0 "MAKE[0]='make show'"
	printf 'show:\n\t@cp ko/other/hello.ko .\n' >/usr/src/hello-1.0/Makefile
	log="/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
	ends 0 build hello/1.0 -k "$K1" -j 3
	grep -qF "# command: make -j3 KERNELRELEASE=$K1 show" "$log"
	ends 0 build hello/1.0 -k "$K1" -j 0 --force
	grep -qF "# command: make -j KERNELRELEASE=$K1 show" "$log"
	echo parallel_jobs=5 >/etc/dkms/framework.conf.d/jobs.conf
	ends 0 build hello/1.0 -k "$K1" --force
	grep -qF "# command: make -j5 KERNELRELEASE=$K1 show" "$log"
	parallel_jobs=7 run_dkms build hello/1.0 -k "$K1" --force
	grep -qF "# command: make -j5 KERNELRELEASE=$K1 show" "$log"
	rm /etc/dkms/framework.conf.d/jobs.conf
	parallel_jobs=7 run_dkms build hello/1.0 -k "$K1" --force
	grep -qF "# command: make -j7 KERNELRELEASE=$K1 show" "$log"
	ends 0 build hello/1.0 -k "$K1" --force
	grep -qF "# command: make -j$(nproc) KERNELRELEASE=$K1 show" "$log"
}

@test "--directive: set after all conf files, in the order given, and exported to what is run" {
	make_module hello 1.0 'PRE_BUILD="pre"'
	script /usr/src/hello-1.0/pre 'echo "seen: $MY_OWN $AUTOINSTALL"'
	echo 'MAKE[0]="false"' >/etc/dkms/hello.conf
	ends 0 build hello/1.0 -k "$K1" --directive 'MAKE[0]=false' --directive 'MAKE=sh ./mk other' \
		--directive=MY_OWN=yes --directive AUTOINSTALL=no
	grep -qx "seen: yes no" "/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
	ends 77 build hello/1.0 -k "$K2" --directive BUILD_EXCLUSIVE_KERNEL=^5
}

@test "--config: another configuration of the kernel, if only one line" {
	make_module hello 1.0 'BUILD_EXCLUSIVE_CONFIG="CONFIG_MINE"'
	ends 77 build hello/1.0 -k "$K1"
	printf 'CONFIG_MINE=y' >"$C/config"
	ends 0 build hello/1.0 -k "$K1" --config config
	assert_no_errors
}

@test "--config: a file that is not there is told" {
	make_module hello 1.0
	for file in none "$C"; do
		ends 0 build hello/1.0 -k "$K1" --config "$file" --force
		assert_errors_have "warning: --config: '"
		assert_errors_have "is no file"
	done
}

@test "--sourcetree, --installtree" {
	make_module hello 1.0
	mkdir -p "$C/s" "$C/l"
	mv /usr/src/hello-1.0 "$C/s"
	cp -a "/lib/modules/$K1" "$C/l/"
	before=$(tree_digest /usr/lib/modules)
	ends 0 install hello/1.0 -k "$K1" --sourcetree s --installtree l
	assert_exists "$C/l/$K1/updates/dkms/hello.ko"
	grep -q '^updates/dkms/hello.ko:' "$C/l/$K1/modules.dep"
	ends 0 uninstall hello/1.0 -k "$K1" --sourcetree "$C/s" --installtree "$C/l"
	refute_exists "$C/l/$K1/updates"
	refute_grep hello "$C/l/$K1/modules.dep"
	assert_same "$(tree_digest /usr/lib/modules)" "$before"
}

@test "--no-initrd and its kin: a deprecation warning each, no effect" {
	make_module hello 1.0
	for o in --no-initrd --no-clean-kernel --no-prepare-kernel; do
		ends 0 build hello/1.0 -k "$K1" "$o"
		assert_errors_have "$o"
		assert_errors_have deprecated
	done
}

@test "--verbose and --debug say more, and change nothing" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	plain=${#output}
	ends 0 remove hello/1.0 --all
	ends 0 install hello/1.0 -k "$K1" --verbose
	[ ${#output} -gt "$plain" ]
	ends 0 remove hello/1.0 --all
	ends 0 install hello/1.0 -k "$K1" --debug
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "results on stdout, warnings and errors on stderr" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	assert_no_errors
	[ -n "$output" ]
	ends 3 add hello/1.0
	assert_output ""
	[ -n "$errors" ]
}
