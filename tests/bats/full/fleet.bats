# SPDX-License-Identifier: LGPL-2.1-or-later
# docs/fleet.md, word for word: its blocks are what runs here, each on the machine that it names.
#
#   builder   our dkms, a compiler, the headers of kernels $A and $B
#   signer    this machine, in a private copy of its directories
#   client    kernel $A; neither dkms nor a compiler nor headers

load ../../lib/dkms
load ../../lib/root

PAGE=$BATS_TEST_DIRNAME/../../../docs/fleet.md

setup_file() {
	root_begin
}

setup() {
	world_up
	mount -t tmpfs fleet /srv
}

teardown() {
	umount /srv
	root_drop builder
	root_drop client
	world_down
}

# the blocks of a machine, one after the other, as one script
blocks() { # MACHINE
	echo 'set -eux'
	awk -v begin="\`\`\`sh $1" '$0 == begin { on = 1; next } /^```/ { on = 0 } on' "$PAGE"
}

on_builder() {
	root_lay builder
	put_debs
	apt install /debs/dkms.deb "$(headers "$A")" "$(headers "$B")"
	cp -r "$DKMS_TEST_TOP/examples/hello" "$ROOT/root/hello"
	blocks builder >"$ROOT/root/script"
	run_in_root bash /root/script
	assert_status 0
	assert_output_has "dkms_hello-1.0-$A-$ARCH.dkms.tar.gz"
	assert_output_has "dkms_hello-1.0-$B-$ARCH.dkms.tar.gz"
	mkdir /srv/fleet
	cp -r "$ROOT/root/out" /srv/fleet/in
	root_drop builder
}

on_signer() {
	# the key that the firmware of the virtual machine knows; one that is there is not made
	openssl pkey -in /usr/share/ovmf/PkKek-1-snakeoil.key -passin pass:snakeoil -out /var/lib/dkms/mok.key
	openssl x509 -in /usr/share/ovmf/PkKek-1-snakeoil.pem -outform DER -out /var/lib/dkms/mok.pub
	rm -f /etc/dkms/framework.conf.d/tests.conf
	blocks signer >"$C/script"
	HOME=$C run_cmd bash "$C/script"
	GNUPGHOME=/srv/fleet/gnupg gpgconf --kill all
	assert_status 0
	assert_output_has "dkms_hello/1.0, $A, $ARCH: built"
	assert_output_has "dkms_hello/1.0, $B, $ARCH: built"
	# nothing of the machine's own has changed
	assert_dkms_status
	assert_same "$(find /usr/src -maxdepth 1 -name 'dkms_hello*')" ""
}

on_client() {
	root_lay client
	in_root dpkg --purge --force-depends gcc gcc-12 cpp cpp-12 make dpkg-dev linux-compiler-gcc-12-x86 >/dev/null 2>&1
	in_root apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install -f >&2
	mkdir -p "$ROOT/srv"
	mount --bind /srv "$ROOT/srv"
	cp /srv/fleet/fleet.gpg "$ROOT/usr/share/keyrings/"
	# the repository of this page and no other, but for what the kernel's package needs
	apt install "$(image "$A")"
	rm -rf "$ROOT"/etc/apt/sources.list "$ROOT"/etc/apt/sources.list.d/*
	blocks client >"$ROOT/root/script"
	run_in_root env KERNEL="$A" bash /root/script
	assert_status 0
	assert_output_has "signer:"
}

@test "story 8: a fleet: built for two kernels, signed once, installed from a repository, loaded under Secure Boot" {
	on_builder
	on_signer
	on_client
	for p in dkms gcc gcc-12 make "$(headers "$A")"; do
		run_in_root dpkg-query -W -f '${db:Status-Status}' "$p"
		[[ $output != installed ]] || _fail "the client has $p"
	done
	assert_loadable "$A" dkms_hello
	mkdir "$C/tree"
	cp -r "$ROOT/lib/modules/$A"/{updates,modules.*} "$C/tree/"
	run_cmd "$DKMS_TEST_TOP/tests/lib/qemu-load" -s -m "$C/tree" "$A" dkms_hello
	assert_status 0
	assert_output_has "secure boot: on"
	assert_output_has $'\ndkms_hello: loaded, taints O'
	# gone without a trace
	run_in_root dpkg -P "dkms-hello-modules-$A"
	assert_status 0
	assert_same "$(find "$ROOT/lib/modules" -name 'dkms_hello*')" ""
	# an index that somebody changed is refused
	sed -i 's/^Components: main/Components: more/' /srv/apt/dists/fleet/{Release,InRelease}
	rm -rf "$ROOT/var/lib/apt/lists"
	run_in_root apt-get update
	assert_errors_have "BADSIG"
	# the other repository: its index is signed and names both kernels, the packages are signed
	run_cmd gpgv --keyring /srv/fleet/fleet.gpg /srv/rpm/repodata/repomd.xml.asc /srv/rpm/repodata/repomd.xml
	assert_status 0
	zcat /srv/rpm/repodata/*-primary.xml.gz >"$C/primary"
	for k in "$A" "$B"; do grep -q "<name>dkms-hello-modules-$k</name>" "$C/primary"; done
	rpm --dbpath "$C/rpmdb" --import /srv/rpm/fleet.asc
	run_cmd rpm --dbpath "$C/rpmdb" -K /srv/rpm/*.rpm
	assert_status 0
	assert_output_has "digests signatures OK"
	refute_output_has NOKEY
}
