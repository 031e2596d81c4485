# SPDX-License-Identifier: LGPL-2.1-or-later
# A real driver's source, packaged anew: with Debian's dh_dkms (the source package is of dkms mkdsc), and by dkms mkdeb.
# The packages are used by our dkms and by Debian's, in a Debian of their own.

load ../../lib/dkms
load ../../lib/root

M=acpi-call V=1.2.2

setup_file() {
	root_begin
	MADE=$BATS_FILE_TMPDIR
	export MADE
	WORLD_CASE=made world_up
	make_packages >"$MADE/log" 2>&1 || { cat "$MADE/log" && false; }
	WORLD_CASE=made world_down
	lay_machine ours /debs/dkms.deb
	lay_machine debian dkms
}

make_packages() {
	set -e
	cp -r "$("$DKMS_TEST_TOP/tests/lib/fetch" package $M-dkms)/usr/src/$M-$V" /usr/src/
	"$DKMS" add $M/$V
	"$DKMS" mkdsc $M/$V
	cp -t "$MADE" /var/lib/dkms/$M/$V/deb/*
	mkdir "$MADE/dh"
	dpkg-source --no-check -x "$MADE"/*.dsc "$MADE/dh/source"
	(cd "$MADE/dh/source" && dpkg-buildpackage -b -us -uc)
	"$DKMS" mkdeb $M/$V -k "$K2"
	mkdir "$MADE/mkdeb"
	cp -t "$MADE/mkdeb" /var/lib/dkms/$M/$V/deb/*.deb
}

lay_machine() { # NAME DKMS
	root_lay "$1"
	put_debs
	cp "$MADE/dh"/*.deb "$ROOT/debs/dh.deb"
	cp "$MADE/mkdeb"/*.deb "$ROOT/debs/mkdeb.deb"
	apt install "$2" "$(image "$A")" "$(headers "$A")"
	root_close "$1"
}

teardown() {
	local name
	for name in ours-case debian-case; do root_drop "$name"; done
}

# What a user of the module can tell, whoever built it.
facts() {
	modinfo -F srcversion "$ROOT/lib/modules/$A/updates/dkms/acpi_call.ko"
	modinfo -F vermagic "$ROOT/lib/modules/$A/updates/dkms/acpi_call.ko"
	cut -d: -f1 "$ROOT/lib/modules/$A/modules.dep" | grep acpi_call
	find "$ROOT/var/lib/dkms/$M" -name '*.ko' -printf '%P\n' | sort
}

install_and_purge() { # DEB
	apt install "/debs/$1.deb"
	assert_dpkg_clean
	run_in_root dkms status $M -k "$A"
	assert_output_has "$M/$V, $A, $ARCH: installed"
	assert_loadable "$A" acpi_call
	facts >"$MADE/$1.facts"
	apt purge $M-dkms
	run_in_root dkms status
	assert_output ""
	refute_exists "$ROOT/lib/modules/$A/updates/dkms/acpi_call.ko" "$ROOT/var/lib/dkms/$M" "$ROOT/usr/src/$M-$V"
}

@test "a real driver packaged with dh_dkms: our dkms and Debian's install the same" {
	root_lay ours-case ours
	install_and_purge dh
	mv "$MADE/dh.facts" "$MADE/ours"
	root_lay debian-case debian
	install_and_purge dh
	assert_same "$(<"$MADE/ours")" "$(<"$MADE/dh.facts")" "what was installed"
}

@test "a package of dkms mkdeb, with a kernel's built modules in it: used by our dkms; Debian's compiles" {
	root_lay ours-case ours
	install_and_purge mkdeb
	grep -q "^$V/$K2/" "$MADE/mkdeb.facts"
	mv "$MADE/mkdeb.facts" "$MADE/ours"
	root_lay debian-case debian
	install_and_purge mkdeb
	# it would take what came built without a look at the kernel
	assert_same "$(<"$MADE/mkdeb.facts")" "$(grep -v "^$V/$K2/" "$MADE/ours")" "what was installed"
}

@test "dh_dkms works beside our package: a driver is packaged and installed on one machine" {
	root_lay ours-case ours
	apt install debhelper dh-dkms dpkg-dev make
	run_in_root dpkg-query -W -f '${Version}' dkms
	[[ $output == 4.* ]]
	cp -r "$MADE/dh/source" "$ROOT/root/source"
	run_in_root sh -c 'cd /root/source && dpkg-buildpackage -b -d -us -uc'
	assert_status 0
	assert_same "$(dpkg-deb -c "$ROOT"/root/*.deb | awk '{ print $6 }')" \
		"$(dpkg-deb -c "$MADE/dh"/*.deb | awk '{ print $6 }')" "what is packaged"
	cp "$ROOT"/root/*.deb "$ROOT/debs/dh.deb"
	install_and_purge dh
}
