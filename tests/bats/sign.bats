#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whether modules are signed, by what and with which key, on distributions of all kinds.

load ../lib/dkms

HELPER=/usr/libexec/dkms/dkms-sign
D=/var/lib/dkms

setup() {
	world_up
	TOOL=${DKMS_TEST_ROOT%/test-root}/tests/tools/signer
	echo 'CONFIG_MODULE_SIG_HASH="sha512"' >"$C/config"
	cp "$WORLD/ready/$K1.ko" "$C/m.ko"
	mkdir "$C/bin"
	PATH=$C/bin:$PATH
	# what a case lets the helper do is undone by umount
	covered=
}

teardown() {
	[ -z "$covered" ] || umount "$HELPER"
	world_down
}

hide_helper() {
	mount --bind /dev/null "$HELPER"
	covered=1
}

signer() { run_cmd "$TOOL" try=true config="$C/config" kernel="$K1" "$@"; }
says() { # LINE...
	local l
	for l in "$@"; do
		grep -qxF -- "$l" <<<"$output" || _fail "should say: $l"
	done
}
is_signed() { [ "$(modinfo -F signer "$1")" = "DKMS module signing key" ]; }
os() { rm /etc/os-release && printf '%s\n' "$@" >/etc/os-release; }
stub() { # NAME: the rest of the script on stdin
	{ echo '#!/bin/sh'; cat; } >"$C/bin/$1"
	chmod +x "$C/bin/$1"
}

@test "by default the key is made once, in /var/lib/dkms, and our helper signs" {
	signer "$C/m.ko"
	assert_status 0
	says "method helper" "program $HELPER" "hash sha512" "key $D/mok.key" "cert $D/mok.pub" "made yes" \
		"why -" "warning -"
	is_signed "$C/m.ko"
	[ "$(modinfo -F sig_hashalgo "$C/m.ko")" = sha512 ]
	[ "$(stat -c '%a %U' $D/mok.key)" = "600 root" ]
	before=$(sha256sum $D/mok.*)
	signer "$C/m.ko"
	says "made no"
	[ "$before" = "$(sha256sum $D/mok.*)" ]
}

@test "a kernel that does not ask gets no signature, and no key is made" {
	: >"$C/config"
	signer "$C/m.ko"
	says "method off" "warning -" "why the kernel's configuration has no CONFIG_MODULE_SIG_HASH"
	assert_status 1
	cmp "$C/m.ko" "$WORLD/ready/$K1.ko"
	[ -z "$(ls -A $D)" ]
}

@test "try_sign_modules=false and a chroot sign nothing" {
	signer try=false
	says "method off" "why try_sign_modules is false" "warning -"
	# the mounts here are not those of process 1
	signer try=not_in_chroot
	says "method off" "why this is a chroot or a container, and try_sign_modules is not true" "warning -"
	[ -z "$(ls -A $D)" ]
}

@test "a chroot is told from what is none" {
	run_cmd "$TOOL" chroot
	assert_output yes
	# process 1 of a namespace of its own
	run_cmd unshare -pf --mount-proc "$TOOL" chroot
	assert_output no
	run_cmd unshare -pf --mount-proc env FAKECHROOT=true "$TOOL" chroot
	assert_output yes
	# the same mounts, but another root: mountinfo differs too, so hide that from it
	run_cmd unshare -pf --mount-proc sh -c "'$TOOL' chroot; unshare -m '$TOOL' chroot"
	assert_output $'no\nyes'
	mkdir "$C/root"
	mount --bind / "$C/root"
	mount -o remount,bind,ro "$C/root"
	mount --rbind /tmp "$C/root/tmp"
	run_cmd unshare -pf --mount-proc="$C/root/proc" sh -c "chroot '$C/root' '$TOOL' chroot; :"
	umount -R "$C/root"
	assert_output yes
	# nothing to be seen of process 1
	run_cmd unshare -m sh -c "mount -t tmpfs none /proc/1 && '$TOOL' chroot"
	assert_output yes
	run_cmd unshare -m sh -c "mount -t tmpfs none /proc/1 && setpriv --reuid=1 '$TOOL' chroot"
	assert_output no
}

@test "configured key and certificate are used, and made where they are to be" {
	mkdir "$C/keys"
	signer key="$C/keys/a.key" cert="$C/keys/a.der" "$C/m.ko"
	says "method helper" "key $C/keys/a.key" "cert $C/keys/a.der" "made yes"
	is_signed "$C/m.ko"
	[ -z "$(ls -A $D)" ]
}

@test "a key that cannot be made is a loud warning" {
	signer key="$C/no/key" cert="$C/no/cert" "$C/m.ko"
	assert_status 1
	says "result 0" "method off" "warning cannot write the key '$C/no/key': No such file or directory"
	cmp "$C/m.ko" "$WORLD/ready/$K1.ko"
	rmdir $D
	signer
	says "result 0" "method off" "warning cannot write the key '$D/mok.key': No such file or directory"
}

@test "a sign_file from framework.conf signs, and has the key made before" {
	stub my-sign <<-END
		for a; do echo "\$a"; done >$C/args
		ls $D >>$C/args
	END
	signer sign_file=my-sign "$C/m.ko"
	assert_status 0
	says "method external" "program $C/bin/my-sign" "made yes"
	[ "$(<"$C/args")" = "$(printf '%s\n' sha512 $D/mok.key $D/mok.pub "$C/m.ko" mok.key mok.pub)" ]
	signer sign_file=/usr/lib/linux-kbuild-6.1/scripts/sign-file "$C/m.ko"
	assert_status 0
	is_signed "$C/m.ko"
}

@test "a sign_file that is not there or fails is told" {
	signer sign_file="$C/none"
	says "result 0" "method off" "warning the sign_file '$C/none' of framework.conf was not found"
	stub my-sign <<-'END'
		echo "first"
		echo "my-sign: second" >&2
		exit 9
	END
	signer sign_file=my-sign "$C/m.ko"
	assert_status 1
	says "failed second"
	stub my-sign <<-'END'
		echo "first"
		echo "second" >&2
		exit 9
	END
	signer sign_file=my-sign "$C/m.ko"
	says "failed first; second"
	stub my-sign <<<'exit 9'
	signer sign_file=my-sign "$C/m.ko"
	says "failed '$C/bin/my-sign' failed with exit status 9"
	cmp "$C/m.ko" "$WORLD/ready/$K1.ko"
}

@test "without our helper the distribution's sign-file signs" {
	"$HELPER" genkey $D/mok.key $D/mok.pub
	hide_helper
	signer "$C/m.ko"
	assert_status 0
	says "method external" "program /usr/lib/linux-kbuild-6.1/scripts/sign-file" "made no"
	is_signed "$C/m.ko"
	rm $D/mok.pub
	signer
	says "method off" "warning there is no key '$D/mok.key', and no 'dkms-sign' to make one"
	os ID=other
	signer kernel=none
	says "method off" "warning no program that signs modules was found"
}

@test "ubuntu: its own key, made by its own program" {
	os ID=linuxmint 'ID_LIKE="ubuntu debian"'
	mkdir -p /var/lib/shim-signed/mok
	stub update-secureboot-policy <<-END
		echo "\$*" >$C/args
		$HELPER genkey /var/lib/shim-signed/mok/MOK.priv /var/lib/shim-signed/mok/MOK.der
	END
	signer "$C/m.ko"
	says "method helper" "key /var/lib/shim-signed/mok/MOK.priv" "cert /var/lib/shim-signed/mok/MOK.der" "made yes"
	[ "$(<"$C/args")" = --new-key ]
	is_signed "$C/m.ko"
	# it does nothing: then we
	stub update-secureboot-policy <<<'exit 1'
	rm /var/lib/shim-signed/mok/*
	signer "$C/m.ko"
	says "method helper" "made yes" "warning -"
	[ -e /var/lib/shim-signed/mok/MOK.priv ]
	rm -r /var/lib/shim-signed
	signer
	says "method off" "warning cannot write the key '/var/lib/shim-signed/mok/MOK.priv': No such file or directory"
}

@test "gentoo: portage's key, from the environment or make.conf, else the kernel's own" {
	os ID=gentoo
	mkdir -p /etc/portage "$C/src/certs"
	"$HELPER" genkey "$C/k" "$C/c"
	printf '# MODULES_SIGN_KEY=/no\nMODULES_SIGN_KEY="%s"\nMODULES_SIGN_CERT=%s\n' "$C/k" "$C/c" \
		>/etc/portage/make.conf
	signer "$C/m.ko"
	says "method helper" "key $C/k" "cert $C/c" "made no"
	is_signed "$C/m.ko"
	MODULES_SIGN_KEY=$C/k2 MODULES_SIGN_CERT=$C/c2 signer
	says "key $C/k2" "cert $C/c2" "made yes"
	rm /etc/portage/make.conf
	echo 'CONFIG_MODULE_SIG_KEY="certs/signing_key.pem"' >>"$C/config"
	{ cat "$C/k" && openssl x509 -inform der -in "$C/c"; } >"$C/src/certs/signing_key.pem"
	cp "$WORLD/ready/$K1.ko" "$C/m.ko"
	signer source="$C/src" "$C/m.ko"
	says "key $C/src/certs/signing_key.pem" "cert $C/src/certs/signing_key.pem" "made no"
	is_signed "$C/m.ko"
	# the kernel would not know a new one
	rm "$C/src/certs/signing_key.pem"
	signer source="$C/src"
	says "method off"
	assert_output_has "both key and certificate"
}

@test "a key in a token is not made; what our helper cannot reach is left to sign-file" {
	uri='pkcs11:token=x;object=y'
	signer key="$uri"
	says "method off" "warning the certificate '$D/mok.pub' of the key '$uri' is missing"
	"$HELPER" genkey "$C/k" "$D/mok.pub"
	export OPENSSL_ENGINES=$C
	signer key="$uri"
	says "method external" "program /usr/lib/linux-kbuild-6.1/scripts/sign-file" "made no"
	[ ! -e $D/mok.key ]
}

@test "the key can be made by itself" {
	: >"$C/config"
	run_cmd "$TOOL" make-key
	says "result 0" "key $D/mok.key" "cert $D/mok.pub" "made yes"
	run_cmd "$TOOL" make-key
	says "result 0" "made no"
	rmdir "$C/bin"
	run_cmd "$TOOL" make-key key="$C/bin/k"
	assert_output_has "warning cannot write the key"
}

# --- in a build ---

built() { echo "$D/hello/1.0/$1/$ARCH/module/hello.ko"; }

@test "dkms build signs, and tells of the key that it made" {
	echo 'try_sign_modules=true' >/etc/dkms/framework.conf.d/zz.conf
	make_module hello 1.0
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	assert_output_has "a signing key was made: '$D/mok.key'"
	assert_output_has "mokutil --import $D/mok.pub"
	is_signed "$(built "$K1")"
	run_dkms build hello/1.0 -k "$K2"
	assert_status 0
	refute_output_has "key"
	is_signed "$(built "$K2")"
}

@test "dkms build goes on unsigned, with a warning, where there is no key to be had" {
	printf '%s\n' 'try_sign_modules=true' "mok_signing_key=$C/no/key" "mok_certificate=$C/no/cert" \
		>/etc/dkms/framework.conf.d/zz.conf
	make_module hello 1.0
	run_dkms install hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "modules will not be signed: cannot write the key '$C/no/key': No such file or directory"
	assert_same "$(modinfo -F signer "$(built "$K1")")" ""
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

# --- what is built already ---

never() { echo 'try_sign_modules=false' >/etc/dkms/framework.conf.d/zz.conf; }
always() { echo 'try_sign_modules=true' >/etc/dkms/framework.conf.d/zz.conf; }
modules_of() { (cd "$D/hello/1.0/$1/$ARCH/module" && sha256sum ./*); }

@test "dkms sign: the same bytes as of a build that signs, compressed too; a signature that is there goes" {
	make_module -m "hello two" hello 1.0
	add_kernel 6.0.0-xz .ko.xz
	kernels=(-k "$K1" -k 6.0.0-xz)
	always
	run_dkms build hello/1.0 "${kernels[@]}"
	want=$(modules_of "$K1"; modules_of 6.0.0-xz)
	[[ $want == *two.ko.xz* ]]
	never
	run_dkms build hello/1.0 "${kernels[@]}" --force
	[ "$(modules_of "$K1"; modules_of 6.0.0-xz)" != "$want" ]
	if is_signed "$(built "$K1")"; then false; fi
	before=$(find "$D/hello" | sort)
	# false is for builds; here it is asked for
	run_dkms sign hello/1.0
	assert_status 0
	assert_no_errors
	assert_same "$(sort <<<"$output")" "hello/1.0, 6.0.0-xz, $ARCH: signed
hello/1.0, $K1, $ARCH: signed"
	assert_same "$(modules_of "$K1"; modules_of 6.0.0-xz)" "$want"
	assert_same "$(find "$D/hello" | sort)" "$before" "what lies there"
	run_dkms why hello/1.0 -k "$K1"
	refute_output_has "not as it was built"
	grep -qx "signer $D/mok.pub" "$D/hello/1.0/$K1/$ARCH/.manifest"
	run_dkms sign hello/1.0 -k "$K1" --json
	assert_same "$(jq -c '[.outcome, (.steps[] | .step, .state)]' <<<"$output")" '["done","sign","done"]'
	assert_same "$(modules_of "$K1"; modules_of 6.0.0-xz)" "$want"
	# another key
	mv "$D/mok.key" "$D/mok.pub" "$C/"
	run_dkms sign hello/1.0 -k "$K1"
	assert_output_has "a signing key was made"
	is_signed "$(built "$K1")"
	[ "$(modules_of "$K1"; modules_of 6.0.0-xz)" != "$want" ]
}

@test "dkms sign: what came in a tarball, for a kernel that is not here; what is installed stays until then" {
	never
	make_module hello 1.0
	run_dkms build hello/1.0 -k "$K1"
	run_dkms mktarball hello/1.0 -k "$K1" --archive "$C/t.tar.gz"
	run_dkms remove hello/1.0 --all
	run_dkms ldtarball "$C/t.tar.gz" --force
	mv "/lib/modules/$K1" "$C/away"
	run_dkms sign hello/1.0
	assert_status 21
	assert_errors_have "--config"
	run_dkms sign hello/1.0 --config "$C/config"
	assert_status 0
	is_signed "$(built "$K1")"
	[ "$(modinfo -F sig_hashalgo "$(built "$K1")")" = sha512 ]
	mv "$C/away" "/lib/modules/$K1"
	run_dkms install hello/1.0 -k "$K1"
	assert_status 0
	refute_output_has building
	is_signed "/lib/modules/$K1/updates/dkms/hello.ko"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	run_dkms sign hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed (Differences between built and installed modules)"
	run_dkms install hello/1.0 -k "$K1" --force
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "dkms sign: refusals and failures leave what is there" {
	never
	make_module hello 1.0
	tree_added hello 1.0
	assert_refused 6 sign hello/1.0
	assert_refused 6 sign hello/1.0 -k "$K1"
	assert_refused 3 sign hello/2.0
	assert_refused 1 sign
	run_dkms build hello/1.0 -k "$K1" -k "$K2"
	assert_refused 6 sign hello/1.0 -k "$K1" -k 6.9
	before=$(digest_world)
	run_dkms sign hello/1.0 --dry-run
	assert_output_has "sign hello/1.0 for kernel $K1 ($ARCH)"
	printf '%s\n' "mok_signing_key=$C/no/key" "mok_certificate=$C/no/cert" >>/etc/dkms/framework.conf.d/zz.conf
	run_dkms sign hello/1.0
	assert_status 1
	assert_errors_have "cannot write the key '$C/no/key'"
	rm /etc/dkms/framework.conf.d/zz.conf
	echo 'CONFIG_MODULES=y' >"$C/config"
	run_dkms sign hello/1.0 --config "$C/config"
	assert_status 0
	assert_output_has "hello/1.0, $K1, $ARCH: needs no signature"
	never
	assert_same "$(digest_world)" "$before"
	hide_helper
	: >"$D/hello/1.0/$K1/$ARCH/module/hello.ko"
	run_dkms sign hello/1.0
	[ "$status" != 0 ]
	assert_same "$(find "$D" -name '*dkms-new*' -o -name '*dkms-old*')" ""
}
