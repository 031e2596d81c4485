# SPDX-License-Identifier: LGPL-2.1-or-later
# mkdeb, mkbmdeb and mkdsc with the real tools of Debian, and what their packages do on a machine: dkms(8), "mkdeb".
# Another machine is what is left of this one when the module is forgotten, and compiler or headers are hidden.

load ../lib/dkms
load ../lib/package

# --- mkdeb: what is in it ---

@test "mkdeb: source and built modules of all kernels that it is built for" {
	hello_source
	run_dkms build hello/0.1 -k "$K1" -k "$K2"
	assert_status 0
	run_dkms mkdeb hello/0.1
	assert_status 0
	assert_no_errors
	deb=/var/lib/dkms/hello/0.1/deb/hello-dkms_0.1_all.deb
	assert_output "hello/0.1: package written to '$deb'"
	assert_same "$(ls -A "${deb%/*}")" hello-dkms_0.1_all.deb
	assert_same "$(dpkg -f "$deb" Package Version Architecture Recommends)" "Package: hello-dkms
Version: 0.1
Architecture: all
Recommends: gcc | c-compiler, make, linux-headers-generic | linux-headers"
	assert_same "$(dpkg -f "$deb" Depends)" "dkms (>= 2.1.0.0)"
	dpkg-deb -x "$deb" x
	diff -r x/usr/src/hello-0.1 /usr/src/hello-0.1
	assert_same "$(tar -tf x/usr/share/hello-dkms/hello-0.1.dkms.tar.gz | grep -v '/$' | LC_ALL=C sort)" \
		"./dkms_binaries_only/PACKAGE_NAME
./dkms_binaries_only/PACKAGE_VERSION
./dkms_binaries_only/dkms.conf
./dkms_main_tree/$K2/$ARCH/module/Module.symvers
./dkms_main_tree/$K2/$ARCH/module/hello.ko
./dkms_main_tree/$K1/$ARCH/module/Module.symvers
./dkms_main_tree/$K1/$ARCH/module/hello.ko"
	(cd x && md5sum --quiet -c <(dpkg-deb -I "../${deb#"$C"/}" md5sums 2>/dev/null || dpkg-deb -I "$deb" md5sums))
	assert_same "$(dpkg -c "$deb" | awk '$2 != "root/root"')" ""
	nothing_left
}

@test "mkdeb: names are lowered, _ becomes -, a version without a digit in front gets 0~" {
	tree_built My_Driver eol "$K1"
	run_dkms mkdeb My_Driver/eol
	assert_status 0
	deb=/var/lib/dkms/My_Driver/eol/deb/my-driver-dkms_0~eol_all.deb
	assert_exists "$deb"
	assert_same "$(dpkg -f "$deb" Package Version)" "Package: my-driver-dkms
Version: 0~eol"
	dpkg -c "$deb" | grep -q ' ./usr/share/My_Driver-dkms/My_Driver-eol.dkms.tar.gz$'
	dpkg -c "$deb" | grep -q ' ./usr/src/My_Driver-eol/dkms.conf$'
}

@test "mkdeb: -k picks, and builds what is not built" {
	tree_built alpha 1.0 "$K2"
	run_dkms mkdeb alpha/1.0 -k "$K1"
	assert_status 0
	assert_dkms_status "alpha/1.0, $K2, $ARCH: built" "alpha/1.0, $K1, $ARCH: built"
	assert_same "$(kernels_in alpha 1.0)" "$K1"
}

@test "mkdeb: a build that fails makes no package" {
	make_module alpha 1.0 'MAKE[0]="false"'
	run_dkms add alpha/1.0
	run_dkms mkdeb alpha/1.0 -k "$K1"
	assert_status 10
	refute_exists /var/lib/dkms/alpha/1.0/deb
}

@test "mkdeb: --source-only; nothing built is the same" {
	tree_added alpha 1.0
	run_dkms mkdeb alpha/1.0
	assert_status 0
	deb=/var/lib/dkms/alpha/1.0/deb/alpha-dkms_1.0_all.deb
	refute_has "$(dpkg -c "$deb")" usr/share/alpha-dkms
	cp "$deb" one.deb
	tree_built alpha 1.0 "$K1"
	run_dkms mkdeb alpha/1.0 --source-only
	assert_status 0
	cmp "$deb" one.deb
}

@test "mkdeb: --binaries-only has of the source what an install needs" {
	make_module alpha 1.0 'POST_INSTALL="after.sh now"'
	printf '#!/bin/sh\necho "after $1" >%s/after\n' "$C" >/usr/src/alpha-1.0/after.sh
	chmod +x /usr/src/alpha-1.0/after.sh
	run_dkms mkdeb alpha/1.0 --binaries-only
	assert_status 3
	tree_built alpha 1.0 "$K1"
	run_dkms mkdeb alpha/1.0 --binaries-only
	assert_status 0
	take alpha 1.0
	assert_same "$(dpkg -c alpha-dkms_1.0_all.deb | awk '/usr.src.*[^\/]$/ { print $6 }')" "./usr/src/alpha-1.0/after.sh
./usr/src/alpha-1.0/dkms.conf"
	other_machine
	dpkg_install ./alpha-dkms_1.0_all.deb
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
	assert_same "$(cat after)" "after now"
	# and for other kernels there is nothing to be had, which is no failure
	run_dkms autoinstall -k "$K2"
	assert_status 0
	assert_output_has "skipped: alpha/1.0"
	run_dkms build alpha/1.0 -k "$K2"
	assert_status 77
}

@test "mkdeb: --binaries-only of what is not built is 6, with --source-only 8" {
	tree_added alpha 1.0
	assert_refused 6 mkdeb alpha/1.0 --binaries-only
	assert_refused 8 mkdeb alpha/1.0 --binaries-only --source-only
}

# --- reproducible, clean ---

@test "mkdeb: two runs make identical bytes, also when all was built anew elsewhere" {
	hello_source
	run_dkms build hello/0.1 -k "$K1"
	run_dkms mkdeb hello/0.1
	assert_status 0
	take hello 0.1
	run_dkms remove hello/0.1 --all
	mkdir tmp/other
	run_dkms add hello/0.1
	TMPDIR=$C/tmp/other TZ=Asia/Tokyo LC_ALL=C umask 077
	run_dkms mkdeb hello/0.1 -k "$K1"
	umask 022
	assert_status 0
	cmp /var/lib/dkms/hello/0.1/deb/hello-dkms_0.1_all.deb hello-dkms_0.1_all.deb
}

@test "mkdeb: SOURCE_DATE_EPOCH is the latest time in it" {
	tree_built alpha 1.0 "$K1"
	SOURCE_DATE_EPOCH=1500000000 run_dkms mkdeb alpha/1.0
	assert_status 0
	dpkg-deb -x /var/lib/dkms/alpha/1.0/deb/alpha-dkms_1.0_all.deb x
	assert_same "$(dpkg-deb --fsys-tarfile /var/lib/dkms/alpha/1.0/deb/*.deb |
		tar --full-time --utc -tvf - | awk '{ print $4 }' | sort -u)" 2017-07-14
	assert_same "$(tar --full-time --utc -tvf x/usr/share/alpha-dkms/*.gz | awk '{ print $4 }' | sort -u)" 2017-07-14
	zgrep -q 'Fri, 14 Jul 2017 02:40:00 +0000' x/usr/share/doc/alpha-dkms/changelog.gz
}

@test "mkdeb, mkbmdeb: lintian finds no error" {
	hello_source
	run_dkms build hello/0.1 -k "$K1"
	run_dkms mkdeb hello/0.1
	run_dkms mkbmdeb hello/0.1
	assert_status 0
	for f in /var/lib/dkms/hello/0.1/deb/*.deb; do
		dpkg-deb -I "$f" >/dev/null
		run_cmd lintian --fail-on error --no-tag-display-limit "$f"
		assert_status 0
		refute_output_has "E: "
	done
}

# --- what the package does ---

@test "story 3: a hello module becomes a package, and back" {
	hello_source
	run_dkms add hello/0.1
	run_dkms build hello/0.1 -k "$K1" -k "$K2"
	assert_status 0
	before=$(digest_of hello 0.1 "$K1")
	run_dkms mkdeb hello/0.1
	assert_status 0
	take hello 0.1
	other_machine
	clean=$(machine_digest)
	# a machine with the same kernels, and nothing to compile with
	hide_headers
	hide_compiler
	dpkg_install ./hello-dkms_0.1_all.deb
	assert_dkms_status "hello/0.1, $K2, $ARCH: installed" "hello/0.1, $K1, $ARCH: installed"
	assert_same "$(digest_of hello 0.1 "$K1")" "$before" "the module that came built"
	grep -q '^updates/dkms/hello.ko:' "/lib/modules/$K1/modules.dep"
	dpkg_purge hello-dkms
	show_compiler
	show_headers
	assert_same "$(machine_digest)" "$clean" "traces"
	# another kernel: it compiles
	mv "/usr/lib/modules/$K2" "$C/k2"
	add_kernel 6.1.0-99-other
	dpkg_install ./hello-dkms_0.1_all.deb
	assert_dkms_status "hello/0.1, $K2, $ARCH: built" "hello/0.1, $K1, $ARCH: installed" \
		"hello/0.1, 6.1.0-99-other, $ARCH: installed"
	assert_output_lines_of_log hello 0.1 6.1.0-99-other "# command: make"
}

@test "a module that came built waits for its kernel, which needs no headers then" {
	tree_built alpha 1.0 "$K1"
	run_dkms mkdeb alpha/1.0
	take alpha 1.0
	other_machine
	hide_headers
	mv "/usr/lib/modules/$K1" "$C/k1"
	dpkg_install ./alpha-dkms_1.0_all.deb
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
	mv "$C/k1" "/usr/lib/modules/$K1"
	run_cmd /etc/kernel/postinst.d/dkms "$K1"
	assert_status 0
	assert_no_errors
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
}

@test "the same release, another kernel: other symbol versions: it compiles, and says why" {
	hello_source
	run_dkms mkdeb hello/0.1 -k "$K1"
	assert_status 3
	run_dkms add hello/0.1
	run_dkms mkdeb hello/0.1 -k "$K1"
	assert_status 0
	before=$(digest_of hello 0.1 "$K1")
	take hello 0.1
	other_machine
	rm -rf "/usr/lib/modules/$K2"
	other_crc_in_headers "$K1"
	dpkg_install ./hello-dkms_0.1_all.deb
	assert_dkms_status "hello/0.1, $K1, $ARCH: installed"
	grep -q "came built for kernel $K1 ($ARCH), but not for this one: 'hello.ko' was built for another version of the symbol 'module_layout'" dpkg.log
	[ "$(digest_of hello 0.1 "$K1")" != "$before" ] || _fail "it was not compiled"
}

@test "the same release, another kernel, no headers: it says why it cannot, and the package is installed" {
	tree_built alpha 1.0 "$K1"
	run_dkms mkdeb alpha/1.0
	take alpha 1.0
	other_machine
	rm -rf "/usr/lib/modules/$K2"
	hide_headers
	other_crc_in_modules "$K1"
	dpkg_install ./alpha-dkms_1.0_all.deb
	grep -q "another version of the symbol 'module_layout'" dpkg.log
	grep -q "the headers of kernel $K1 ($ARCH) are not there" dpkg.log
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
	refute_exists "/lib/modules/$K1/updates/dkms/alpha.ko"
}

@test "another vermagic does not fit either; --force takes what came" {
	tree_built alpha 1.0 "$K1"
	ready_ko "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko" alpha 1.0 "$K1" "vermagic=6.1.0 other "
	run_dkms mkdeb alpha/1.0
	take alpha 1.0
	other_machine
	rm -rf "/usr/lib/modules/$K2"
	hide_headers
	dpkg_install ./alpha-dkms_1.0_all.deb
	grep -q "it is for another kernel (vermagic '6.1.0 other '" dpkg.log
	run_dkms install alpha/1.0 -k "$K1" --force
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
}

@test "installing a tarball compares, too; what does not fit is built" {
	hello_source
	run_dkms build hello/0.1 -k "$K1"
	run_dkms mktarball hello/0.1 -k "$K1" --archive "$C/hello.tar.gz"
	assert_status 0
	before=$(digest_of hello 0.1 "$K1")
	other_machine
	run_dkms install "$C/hello.tar.gz" -k "$K1"
	assert_status 0
	assert_no_errors
	assert_same "$(digest_of hello 0.1 "$K1")" "$before"
	run_dkms remove hello/0.1 --all
	rm -rf /usr/src/hello-0.1
	other_crc_in_headers "$K1"
	run_dkms install "$C/hello.tar.gz" -k "$K1"
	assert_status 0
	assert_errors_have "another version of the symbol 'module_layout'"
	assert_dkms_status "hello/0.1, $K1, $ARCH: installed"
	[ "$(digest_of hello 0.1 "$K1")" != "$before" ] || _fail "it was not compiled"
}

@test "an upgrade of the package leaves the new version alone" {
	for v in 1.0 2.0; do
		tree_built alpha $v "$K1"
		run_dkms mkdeb alpha/$v
		take alpha $v
	done
	other_machine
	dpkg_install ./alpha-dkms_1.0_all.deb
	dpkg_install ./alpha-dkms_2.0_all.deb
	assert_dkms_status "alpha/2.0, $K2, $ARCH: installed" "alpha/2.0, $K1, $ARCH: installed"
	dpkg_install ./alpha-dkms_2.0_all.deb
	assert_dkms_status "alpha/2.0, $K2, $ARCH: installed" "alpha/2.0, $K1, $ARCH: installed"
	refute_exists /usr/src/alpha-1.0
}

# --- templates ---

@test "mkdeb: a template in /etc/dkms counts, with its words filled" {
	tree_built My_Driver eol "$K1"
	cp -r /usr/share/dkms/template-dkms-mkdeb /etc/dkms/
	cd /etc/dkms/template-dkms-mkdeb/debian
	sed -i 's/^Maintainer:.*/Maintainer: Site <site@example.org>/; s/^Section.*/Section: local\/kernel/' control
	sed -i 's/(DEBIAN_VERSION)/(MODULE_VERSION)/' changelog
	echo 'DEBIAN_PACKAGE MODULE_NAME MODULE_VERSION DEBIAN_BUILD_ARCH DATE_STAMP $(x)' >README.Debian
	chmod -x rules
	cd "$C"
	SOURCE_DATE_EPOCH=1500000000 run_dkms mkdeb My_Driver/eol
	assert_status 0
	deb=/var/lib/dkms/My_Driver/eol/deb/my-driver-dkms_0~eol_all.deb
	assert_same "$(dpkg -f "$deb" Maintainer Section)" "Maintainer: Site <site@example.org>
Section: local/kernel"
	dpkg-deb -x "$deb" x
	assert_same "$(cat x/usr/share/doc/my-driver-dkms/README.Debian)" \
		'my-driver My_Driver eol all Fri, 14 Jul 2017 02:40:00 +0000 $(x)'
}

@test "6 PACKAGE_FAILED: a template that fails, with what the tools said" {
	tree_built alpha 1.0 "$K1"
	cp -r /usr/share/dkms/template-dkms-mkdeb /etc/dkms/
	printf 'binary:\n\techo the reason is here; false\nclean build:\n' >/etc/dkms/template-dkms-mkdeb/debian/rules
	sed -i '1i #!/usr/bin/make -f' /etc/dkms/template-dkms-mkdeb/debian/rules
	run_dkms mkdeb alpha/1.0
	assert_status 6
	assert_errors_have "the reason is here"
	refute_exists /var/lib/dkms/alpha/1.0/deb
	nothing_left
	rm -rf /etc/dkms/template-dkms-mkdeb/*
	run_dkms mkdeb alpha/1.0
	assert_status 6
	nothing_left
}

@test "mkdeb: without Debian's tools it is 6, and says which package has them" {
	tree_built alpha 1.0 "$K1"
	mkdir bin
	ln -s /usr/bin/{bash,sh,ls} bin/
	PATH=$C/bin run_cmd /usr/sbin/dkms mkdeb alpha/1.0
	assert_status 6
	assert_errors_have "there is no 'dpkg-buildpackage' to make a package with"
	assert_errors_have "dpkg-dev"
}

# --- refusals ---

@test "mkdeb: refusals in their order" {
	assert_refused 1 mkdeb
	assert_refused 1 mkdeb alpha
	assert_refused 3 mkdeb alpha/1.0
	tree_added alpha 1.0
	mv /usr/src/alpha-1.0 /usr/src/gone
	assert_refused 4 mkdeb alpha/1.0
	mv /usr/src/gone /usr/src/alpha-1.0
	echo 'BUILT_MODULE_NAME[0]=' >>/usr/src/alpha-1.0/dkms.conf
	echo 'DEST_MODULE_NAME[0]="$(x"' >/usr/src/alpha-1.0/dkms.conf
	run_dkms mkdeb alpha/1.0
	assert_status 8
}

@test "mkdeb: what can be no name of a package is 1, and reaches no shell" {
	v='1;touch${IFS}pwned'
	mkdir -p "/usr/src/alpha-$v"
	printf 'PACKAGE_NAME=alpha\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=alpha\nDEST_MODULE_LOCATION=/extra\n' \
		>"/usr/src/alpha-$v/dkms.conf"
	run_dkms add "alpha/$v"
	assert_status 0
	assert_refused 1 mkdeb "alpha/$v"
	assert_errors_have "there can be no package for the version"
	assert_same "$(find / -xdev -name pwned 2>/dev/null)" ""
	tree_added alpha 1.0
	assert_refused 1 mkdeb alpha/1.0 -k '6.1 $x'
}

@test "mkdeb: a place that cannot be written is 9" {
	tree_built alpha 1.0 "$K1"
	mkdir /var/lib/dkms/alpha/1.0/deb
	mount -t tmpfs -o ro none /var/lib/dkms/alpha/1.0/deb
	run_dkms mkdeb alpha/1.0
	assert_status 9
	nothing_left
	umount /var/lib/dkms/alpha/1.0/deb
}

@test "mkdeb: --dry-run and --json" {
	tree_added alpha 1.0
	before=$(tree_digest /var/lib/dkms)
	run_dkms mkdeb alpha/1.0 -k "$K1" --dry-run
	assert_status 0
	assert_output "1. build alpha/1.0 for kernel $K1 ($ARCH)
2. package alpha/1.0, after 1
nothing was done: this is a dry run"
	assert_same "$(tree_digest /var/lib/dkms)" "$before"
	run_dkms mkdeb alpha/1.0 -k "$K1" --json
	assert_status 0
	assert_same "$(jq -r '.packages[0], .steps[1].step, .steps[1].state' <<<"$output")" \
		"/var/lib/dkms/alpha/1.0/deb/alpha-dkms_1.0_all.deb
package
done"
}

@test "mkdeb: remove forgets the packages too" {
	tree_built alpha 1.0 "$K1"
	run_dkms mkdeb alpha/1.0
	run_dkms remove alpha/1.0 --all
	assert_status 0
	refute_exists /var/lib/dkms/alpha
}

# --- mkbmdeb ---

@test "mkbmdeb: modules of one kernel, one package for each" {
	hello_source
	run_dkms add hello/0.1
	run_dkms mkbmdeb hello/0.1
	assert_status 6
	run_dkms build hello/0.1 -k "$K1" -k "$K2"
	run_dkms mkbmdeb hello/0.1
	assert_status 0
	a=$(dpkg --print-architecture)
	assert_same "$(ls /var/lib/dkms/hello/0.1/deb)" "$(printf 'hello-modules-%s_0.1_%s.deb\n' "$K1" "$a" "$K2" "$a" | LC_ALL=C sort)"
	deb=/var/lib/dkms/hello/0.1/deb/hello-modules-${K1}_0.1_$a.deb
	dpkg-deb -x "$deb" x
	cmp "x/lib/modules/$K1/updates/dkms/hello.ko" "/var/lib/dkms/hello/0.1/$K1/$ARCH/module/hello.ko"
	assert_same "$(dpkg -f "$deb" Architecture)" "$a"
	refute_has "$(dpkg -f "$deb" Depends Recommends)" "Depends: dkms"
	cp "$deb" one.deb
	run_dkms mkbmdeb hello/0.1 -k "$K1"
	cmp "$deb" one.deb
	run_dkms mkbmdeb hello/0.1 --source-only
	assert_status 2
}

@test "mkbmdeb: installs without dkms and compiler, into the index; purge leaves no trace" {
	tree_built alpha 1.0 "$K1"
	run_dkms mkbmdeb alpha/1.0
	assert_status 0
	take alpha 1.0
	other_machine
	clean=$(machine_digest)
	hide_headers
	hide_compiler
	mount --bind /dev/null /usr/sbin/dkms
	dpkg_install ./alpha-modules-*.deb
	grep -q '^updates/dkms/alpha.ko:' "/lib/modules/$K1/modules.dep"
	dpkg_purge "alpha-modules-$K1"
	umount /usr/sbin/dkms
	show_compiler
	show_headers
	assert_same "$(machine_digest)" "$clean" "traces"
}

# --- mkdsc ---

@test "mkdsc: a source package that debhelper makes a package of, with its version" {
	hello_source
	mv /usr/src/hello-0.1 /usr/src/hello-v0.1-2
	sed -i 's/^PACKAGE_VERSION=.*/PACKAGE_VERSION="v0.1-2"/' /usr/src/hello-v0.1-2/dkms.conf
	run_dkms add hello/v0.1-2
	run_dkms mkdsc hello/v0.1-2
	assert_status 0
	assert_no_errors
	dir=/var/lib/dkms/hello/v0.1-2/deb
	assert_same "$(ls "$dir")" "hello-dkms_0~v0.1+2.dsc
hello-dkms_0~v0.1+2.tar.xz"
	cp -r "$dir" first
	run_dkms mkdsc hello/v0.1-2
	diff -r "$dir" first
	mkdir b
	run_cmd dpkg-source -x "$dir"/*.dsc b/src
	assert_status 0
	cd b/src
	run_cmd dpkg-buildpackage -b -us -uc
	assert_status 0
	cd "$C"
	dpkg-deb -x b/hello-dkms_0~v0.1+2_all.deb x
	diff -r x/usr/src/hello-v0.1-2 /usr/src/hello-v0.1-2
	run_cmd lintian --fail-on error --no-tag-display-limit "$dir"/*.dsc b/*.deb
	assert_status 0
	run_dkms mkdsc hello/v0.1-2 --binaries-only
	assert_status 2
}
