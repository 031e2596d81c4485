#!/usr/bin/env bats
# What is checked first: for each pair of neighbours two mistakes at once, and the status of the first one.
load ../lib/exits

first() { refused "$@"; }

@test "while reading: unknown option 2 before second action 4" {
	first 2 add build --no-such-option
	first 2 --no-such-option add build
	first 4 add build
}

@test "second action 4 before both -only options 8" {
	first 4 mktarball add --binaries-only --source-only
	first 8 mktarball --binaries-only --source-only
}

@test "both -only options 8 before arch count 1" {
	first 8 mktarball --binaries-only --source-only -k a -a b -a c
	first 1 mktarball m/1 -k a -a b -a c
}

@test "arch count 1 before --all with -k 2" {
	first 1 remove m/1 -k a -a b -a c --all
	first 2 remove m/1 -k a -a b --all
}

@test "--all with -k 2 before --all with -a 3" {
	first 2 remove m/1 --all -k a -a b
	first 3 remove m/1 --all -a b
}

@test "--all with -a 3 before kernel_* with --all 5 or without exactly one kernel 4" {
	first 3 kernel_prerm --all -a b
	first 5 kernel_prerm --all
	first 4 kernel_prerm
	first 2 kernel_prerm --all -k a
}

@test "kernel_* without exactly one kernel 5 or 4 before empty kernel or arch 16" {
	first 4 kernel_prerm -k "" -k a
	first 4 kernel_postinst -a ""
	first 16 kernel_prerm -k ""
	first 16 kernel_postinst -k "$K1" -a ""
}

@test "empty kernel 16 before no os-release file 4" {
	rm -f /etc/os-release
	mv /usr/lib/os-release /usr/lib/os-release.away
	run_dkms remove m/1 -k ""
	one=$status
	run_dkms remove m/1 -k "$K1"
	one="$one $status"
	run_dkms remove -k "$K1"
	one="$one $status"
	run_dkms autoinstall -k "$K1" --all
	one="$one $status"
	mv /usr/lib/os-release.away /usr/lib/os-release
	assert_same "$one" "16 4 4 2"
}

@test "no os-release file 4 before everything else of a verb" {
	rm -f /etc/os-release
	mv /usr/lib/os-release /usr/lib/os-release.away
	got=
	for words in "add --all" "remove" "build m/.." "status" "autoinstall --all" "match"; do
		# shellcheck disable=SC2086 # words
		run_dkms $words
		got="$got $status"
	done
	mv /usr/lib/os-release.away /usr/lib/os-release
	assert_same "$got" " 4 4 4 4 4 4"
}

# module gone/1.0 is broken, here/1.0 is built for $K1
some() {
	tree_built here 1.0 "$K1"
	tree_built gone 1.0 "$K1"
	rm -r /usr/src/gone-1.0
}

@test "remove, unbuild, uninstall: names 1 before broken 4 before not added 3 before root or access 1" {
	some
	for verb in remove unbuild uninstall; do
		first 1 "$verb" gone
		first 1 "$verb" gone -k "$K1"
		first 4 "$verb" gone/1.0 -k "$K1"
		refused_as_nobody 4 "$verb" gone/1.0 -k "$K1"
		first 3 "$verb" here/2.0 -k "$K1"
		refused_as_nobody 3 "$verb" here/2.0 -k "$K1"
		refused_as_nobody 1 "$verb" here/1.0 -k "$K1"
	done
}

@test "add, build, install: --all 5 before broken 4, access 1 and names 1" {
	some
	for verb in add build install; do
		first 5 "$verb" --all
		first 5 "$verb" gone/1.0 --all
		refused_as_nobody 5 "$verb" gone/1.0 --all
	done
}

@test "build, install: broken 4 before root or access 1; add: access 1 before broken" {
	some
	refused_as_nobody 4 build gone/1.0 -k "$K1"
	refused_as_nobody 4 install gone/1.0 -k "$K1"
	refused_as_nobody 1 add gone/1.0
	first 2 add gone/1.0
}

@test "add, build, install: root or access 1 before names 1" {
	for verb in add build install; do
		refused_as_nobody 1 "$verb"
		if [ "$verb" = install ]; then assert_errors_have root; else assert_errors_have access; fi
		first 1 "$verb"
		assert_errors_have "needs a module"
	done
}

@test "names count after a source directory gave them" {
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/src"
	first 1 add -m hello
	ends 0 add "$C/src"
	assert_dkms_status "hello/1.0: added"
}

@test "a broken version is told before kernels are resolved" {
	some
	refused_on_running_kernel 4 build gone/1.0
	assert_no_warning_of_kernels
	refused_on_running_kernel 4 install gone/1.0
	assert_no_warning_of_kernels
	first 4 build gone/1.0 -k ..
}

assert_no_warning_of_kernels() { refute_errors_have "not installed here"; }

@test "add: already added 3 before no directory 2 before no dkms.conf 4 before bad conf 8" {
	# added from elsewhere; the place in the source tree is empty
	mkdir -p /var/lib/dkms/hello/1.0
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/src"
	ln -s "$C/src" /var/lib/dkms/hello/1.0/source
	first 3 add hello/1.0
	rm -r /var/lib/dkms/hello
	first 2 add hello/1.0
	mkdir /usr/src/hello-1.0
	echo x >/usr/src/hello-1.0/x
	first 4 add hello/1.0
	echo 'AUTOINSTALL=perhaps' >/usr/src/hello-1.0/dkms.conf
	first 8 add hello/1.0
	# an added one with a bad conf, or without any
	rm /usr/src/hello-1.0/dkms.conf
	mkdir -p /var/lib/dkms/hello/1.0
	ln -s /usr/src/hello-1.0 /var/lib/dkms/hello/1.0/source
	first 3 add hello/1.0
}

@test "build: refusals of add come before those of the build" {
	first 2 build hello/1.0 -k 6.1.0-none
	make_module hello 1.0 'AUTOINSTALL=perhaps'
	first 8 build hello/1.0 -k 6.1.0-none
}

@test "match: root 1 before kernels 5 or 4 before no template 1 before same 2 before unknown module 3" {
	tree_installed hello 1.0 "$K1"
	refused_as_nobody 1 match --all
	assert_errors_have root
	refused_as_nobody 1 match -k a -k b
	assert_errors_have root
	first 5 match --all
	first 4 match -k "$K1" -k "$K2"
	first 1 match -k "$K1"
	first 1 match nothing -k "$K1"
	first 2 match nothing -k "$K1" --templatekernel "$K1"
	first 3 match nothing -k "$K2" --templatekernel "$K1"
}

@test "match: unknown module 3 before nothing to do 0 before headers 21" {
	tree_installed hello 1.0 "$K1"
	tree_built other 1.0 "$K1"
	rm "/lib/modules/$K2/build"
	first 3 match nothing -k "$K2" --templatekernel "$K1"
	ends 0 match other -k "$K2" --templatekernel "$K1"
	first 21 match hello -k "$K2" --templatekernel "$K1"
}

@test "autoinstall: root 1 before kernels 5 or 4" {
	tree_installed hello 1.0 "$K1"
	refused_as_nobody 1 autoinstall --all
	assert_errors_have root
	refused_as_nobody 1 autoinstall -k "$K1" -k "$K2"
	assert_errors_have root
	first 5 autoinstall --all
	first 4 autoinstall -k "$K1" -k "$K2"
}

@test "kernel_*: kernels 5 or 4 are told before root 1" {
	refused_as_nobody 5 kernel_prerm --all
	refused_as_nobody 4 kernel_postinst
	refused_as_nobody 1 kernel_preinst -k "$K1"
}

@test "mktarball: names 1 before broken 4 before not added 3 before conf 4 or 8 before not built 6 before directory 9" {
	some
	echo plain >"$C/plain"
	out="--archive $C/plain/x.tar.gz"
	# shellcheck disable=SC2086 # words
	{
		first 1 mktarball gone $out
		first 1 mktarball $out
		first 4 mktarball gone/1.0 $out
		first 3 mktarball here/2.0 $out
		tree_added bad 1.0
		conf bad 1.0 'AUTOINSTALL=perhaps'
		first 8 mktarball bad/1.0 -k "$K1" $out
		rm /usr/src/bad-1.0/dkms.conf
		first 4 mktarball bad/1.0 -k "$K1" $out
		first 6 mktarball here/1.0 -k "$K2" $out
		first 9 mktarball here/1.0 -k "$K1" $out
	}
}
