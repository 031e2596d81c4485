# SPDX-License-Identifier: LGPL-2.1-or-later
# mkrpm with the real rpmbuild, and what its packages do: dkms(8), "mkrpm". They are installed with rpm, and a database
# of the case's own, on this Debian.

load ../lib/dkms
load ../lib/package

rpm_do() {
	local status=0
	rpm --dbpath "$C/rpmdb" --nodeps "$@" >"$C/rpm.log" 2>&1 </dev/null 3>&- || status=$?
	[ $status = 0 ] || { cat "$C/rpm.log" >&2; return $status; }
}

lint() { # FILE
	# who publishes it signs it
	echo 'Filters = ["no-signature"]' >"$C/rpmlint.toml"
	run_cmd rpmlint -c "$C/rpmlint.toml" "$1"
	assert_status 0
	refute_output_has "E: "
	assert_output_has " 0 errors"
}

@test "mkrpm: source and built modules" {
	hello_source
	run_dkms build hello/0.1 -k "$K1" -k "$K2"
	run_dkms mkrpm hello/0.1
	assert_status 0
	assert_no_errors
	rpm=/var/lib/dkms/hello/0.1/rpm/hello-dkms-0.1-1.noarch.rpm
	assert_output "hello/0.1: package written to '$rpm'"
	assert_same "$(rpm -qp --qf '%{NAME} %{VERSION} %{ARCH}\n' "$rpm")" "hello-dkms 0.1 noarch"
	assert_same "$(rpm -qp --requires "$rpm" | grep -v -e ^rpmlib -e /bin/sh)" "dkms"
	mkdir x
	(cd x && rpm2cpio "$rpm" | cpio -idm --quiet)
	diff -r x/usr/src/hello-0.1 /usr/src/hello-0.1
	assert_same "$(tar -tf x/usr/share/hello-dkms/hello-0.1.dkms.tar.gz | grep -c '/hello.ko$')" 2
	nothing_left
	assert_same "$(rpm -qp --qf '[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]' "$rpm" | sort -u)" root:root
}

@test "mkrpm: two runs make identical bytes; SOURCE_DATE_EPOCH is the time in it" {
	hello_source
	run_dkms build hello/0.1 -k "$K1"
	run_dkms mkrpm hello/0.1
	run_dkms mkrpm hello/0.1 --binaries-only
	assert_status 0
	take hello 0.1
	run_dkms remove hello/0.1 --all
	run_dkms add hello/0.1
	mkdir tmp/other
	TMPDIR=$C/tmp/other
	sleep 1.1
	run_dkms mkrpm hello/0.1 -k "$K1"
	run_dkms mkrpm hello/0.1 --binaries-only
	assert_status 0
	assert_same "$(ls /var/lib/dkms/hello/0.1/rpm)" "hello-dkms-0.1-1.noarch.rpm
hello-modules-$K1-0.1-1.$ARCH.rpm"
	for f in *.rpm; do cmp "$f" "/var/lib/dkms/hello/0.1/rpm/$f"; done
	SOURCE_DATE_EPOCH=1500000000 run_dkms mkrpm hello/0.1
	assert_same "$(rpm -qp --qf '%{BUILDTIME} %{BUILDHOST}' /var/lib/dkms/hello/0.1/rpm/hello-dkms-*.rpm)" \
		"1500000000 localhost"
	assert_same "$(rpm -qp --qf '[%{FILEMTIMES}\n]' /var/lib/dkms/hello/0.1/rpm/hello-dkms-*.rpm | sort -u)" 1500000000
}

@test "mkrpm: rpmlint has no error" {
	hello_source
	run_dkms build hello/0.1 -k "$K1"
	run_dkms mkrpm hello/0.1
	run_dkms mkrpm hello/0.1 --binaries-only
	assert_status 0
	for f in /var/lib/dkms/hello/0.1/rpm/*.rpm; do lint "$f"; done
}

@test "mkrpm: who packs may call himself anything, and is no macro" {
	tree_built alpha 1.0 "$K1"
	DEBFULLNAME='Zoe Z.' DEBEMAIL=zoe@example.org run_dkms mkrpm alpha/1.0
	assert_same "$(rpm -qp --qf '%{PACKAGER}' /var/lib/dkms/alpha/1.0/rpm/*.rpm)" "Zoe Z. <zoe@example.org>"
	DEBFULLNAME='%(touch /tmp/pwned)' DEBEMAIL=zoe@example.org run_dkms mkrpm alpha/1.0
	assert_status 0
	assert_same "$(rpm -qp --qf '%{PACKAGER}' /var/lib/dkms/alpha/1.0/rpm/*.rpm)" \
		"DKMS packages <dkms@packages.invalid>"
	refute_exists /tmp/pwned
}

@test "mkrpm: names and versions as rpm wants them" {
	tree_built My_Driver v1-2 "$K1"
	run_dkms mkrpm My_Driver/v1-2
	assert_status 0
	assert_exists /var/lib/dkms/My_Driver/v1-2/rpm/my-driver-dkms-0~v1_2-1.noarch.rpm
}

@test "story 3: a hello module becomes an rpm, and back" {
	hello_source
	run_dkms build hello/0.1 -k "$K1" -k "$K2"
	before=$(digest_of hello 0.1 "$K1")
	run_dkms mkrpm hello/0.1
	assert_status 0
	take hello 0.1
	other_machine
	clean=$(machine_digest)
	hide_headers
	hide_compiler
	rpm_do -U ./hello-dkms-0.1-1.noarch.rpm
	assert_dkms_status "hello/0.1, $K2, $ARCH: installed" "hello/0.1, $K1, $ARCH: installed"
	assert_same "$(digest_of hello 0.1 "$K1")" "$before" "the module that came built"
	rpm_do -e hello-dkms
	show_compiler
	show_headers
	assert_same "$(machine_digest)" "$clean" "traces"
	mv "/usr/lib/modules/$K2" "$C/k2"
	add_kernel 6.1.0-99-other
	rpm_do -U ./hello-dkms-0.1-1.noarch.rpm
	assert_dkms_status "hello/0.1, $K2, $ARCH: built" "hello/0.1, $K1, $ARCH: installed" \
		"hello/0.1, 6.1.0-99-other, $ARCH: installed"
}

@test "an upgrade of the rpm leaves the new version alone, and so does a reinstall" {
	for v in 1.0 2.0; do
		tree_built alpha $v "$K1"
		run_dkms mkrpm alpha/$v
		take alpha $v
	done
	other_machine
	rpm_do -U ./alpha-dkms-1.0-1.noarch.rpm
	rpm_do -U ./alpha-dkms-2.0-1.noarch.rpm
	assert_dkms_status "alpha/2.0, $K2, $ARCH: installed" "alpha/2.0, $K1, $ARCH: installed"
	refute_exists /usr/src/alpha-1.0
	rpm_do -U --force ./alpha-dkms-2.0-1.noarch.rpm
	assert_dkms_status "alpha/2.0, $K2, $ARCH: installed" "alpha/2.0, $K1, $ARCH: installed"
	rpm_do -e alpha-dkms
	refute_exists /var/lib/dkms/alpha
	assert_same "$(ls -A /var/lib/rpm-state 2>/dev/null)" ""
}

@test "mkrpm: --source-only, and --binaries-only for each kernel" {
	tree_built alpha 1.0 "$K1"
	tree_built alpha 1.0 "$K2"
	run_dkms mkrpm alpha/1.0 --source-only
	assert_status 0
	assert_same "$(rpm -qpl /var/lib/dkms/alpha/1.0/rpm/*.rpm | grep share/alpha)" "/usr/share/alpha-dkms"
	run_dkms mkrpm alpha/1.0 --binaries-only
	assert_status 0
	rpm=/var/lib/dkms/alpha/1.0/rpm/alpha-modules-$K1-1.0-1.$ARCH.rpm
	assert_exists "$rpm" "/var/lib/dkms/alpha/1.0/rpm/alpha-modules-$K2-1.0-1.$ARCH.rpm"
	rpm -qpl "$rpm" | grep -qx "/lib/modules/$K1/updates/dkms/alpha.ko"
	# a kernel of this Debian is none that an rpm could name
	refute_has "$(rpm -qp --requires "$rpm")" kernel-uname-r
	refute_has "$(rpm -qp --requires "$rpm")" dkms
}

@test "mkrpm: modules alone ask for their kernel as rpm distributions name it" {
	add_kernel 6.1.0-99.el9.x86_64
	make_module alpha 1.0
	run_dkms add alpha/1.0
	run_dkms mkrpm alpha/1.0 --binaries-only -k 6.1.0-99.el9.x86_64
	assert_status 0
	rpm -qp --requires /var/lib/dkms/alpha/1.0/rpm/*.rpm | grep -qx "kernel-uname-r = 6.1.0-99.el9.x86_64"
}

@test "mkrpm: modules alone need no dkms and no compiler, and get into the index" {
	tree_built alpha 1.0 "$K1"
	run_dkms mkrpm alpha/1.0 --binaries-only
	take alpha 1.0
	other_machine
	clean=$(machine_digest)
	hide_headers
	hide_compiler
	mount --bind /dev/null /usr/sbin/dkms
	rpm_do -U ./alpha-modules-*.rpm
	grep -q '^updates/dkms/alpha.ko:' "/lib/modules/$K1/modules.dep"
	rpm_do -e "alpha-modules-$K1"
	refute_has "$(cat "/lib/modules/$K1/modules.dep")" alpha
	umount /usr/sbin/dkms
	show_compiler
	show_headers
	assert_same "$(machine_digest)" "$clean" "traces"
}

@test "mkrpm: a spec in /etc/dkms counts; one that fails is 6, with what rpmbuild said" {
	tree_built alpha 1.0 "$K1"
	sed 's/^Release:.*/Release: 7.site/' /usr/share/dkms/template-dkms-mkrpm.spec >/etc/dkms/template-dkms-mkrpm.spec
	run_dkms mkrpm alpha/1.0
	assert_status 0
	assert_exists /var/lib/dkms/alpha/1.0/rpm/alpha-dkms-1.0-7.site.noarch.rpm
	echo 'Requires: (' >/etc/dkms/template-dkms-mkrpm.spec
	run_dkms mkrpm alpha/1.0
	assert_status 6
	assert_errors_have "rpmbuild failed"
	nothing_left
}
