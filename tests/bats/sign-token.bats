# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds that are signed with a key in a token: SoftHSM's, by libcrypto's engine, and a provider of our own
# (tests/tools/pkcs11-provider.c: Debian 12 has no package of one).

load ../lib/dkms

HELPER=/usr/libexec/dkms/dkms-sign

setup() {
	world_up
	K=$C/key.pem X=$C/cert.der
	"$HELPER" genkey "$K" "$X"
	cat >/etc/dkms/framework.conf.d/tests.conf <<-END
		try_sign_modules=true
		mok_signing_key='pkcs11:token=dkms;object=mok;type=private'
		mok_certificate=$X
	END
	# the libraries of tokens leak at exit
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
}

softhsm() {
	# no provider is in the way
	export OPENSSL_MODULES=$C
	mkdir "$C/tokens"
	echo "directories.tokendir = $C/tokens" >"$C/softhsm.conf"
	export SOFTHSM2_CONF=$C/softhsm.conf PKCS11_MODULE_PATH=/usr/lib/softhsm/libsofthsm2.so
	softhsm2-util --init-token --free --label dkms --pin 1234 --so-pin 5678
	softhsm2-util --import "$K" --token dkms --label mok --id 01 --pin 1234
}

provider() {
	export OPENSSL_ENGINES=$C OPENSSL_MODULES=${DKMS_TEST_ROOT%/test-root}/tests/tools
	export DKMS_TEST_TOKEN=$K DKMS_TEST_PIN=1234
}

# What signing with the key in its file gives: the same bytes, for RSA and our format leave nothing to chance.
assert_signed() { # MODULE VERSION
	local ko=/var/lib/dkms/$1/$2/$K1/$ARCH/module/$1.ko hash
	hash=$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' "/lib/modules/$K1/build/.config")
	[ "$(modinfo -F signer "$ko")" = "DKMS module signing key" ] || _fail "$1 is not signed"
	cp "/usr/src/$1-$2/ko/$K1/$1.ko" "$C/$1.ko"
	strip -g "$C/$1.ko"
	"$HELPER" sign "$hash" "$K" "$X" "$C/$1.ko"
	cmp "$C/$1.ko" "$ko"
}

refute_signed() { # MODULE VERSION
	[ -z "$(modinfo -F signer "/var/lib/dkms/$1/$2/$K1/$ARCH/module/$1.ko")" ] || _fail "$1 is signed"
}

@test "SoftHSM: modules of one plan are signed with the key in the token, the PIN from KBUILD_SIGN_PIN" {
	softhsm
	make_module one 1.0 'PRE_BUILD=show'
	printf '#!/bin/sh\nenv\n' >/usr/src/one-1.0/show
	chmod 755 /usr/src/one-1.0/show
	make_module two 1.0
	run_dkms add one/1.0
	run_dkms add two/1.0
	KBUILD_SIGN_PIN=1234 run_dkms autoinstall -k "$K1"
	assert_status 0
	assert_no_errors
	assert_signed one 1.0
	assert_signed two 1.0
	# a build has no business with it
	grep -q '^PATH=' "/var/lib/dkms/one/1.0/$K1/$ARCH/log/make.log"
	run ! grep KBUILD_SIGN_PIN "/var/lib/dkms/one/1.0/$K1/$ARCH/log/make.log"
}

@test "SoftHSM: the PIN in the URI" {
	softhsm
	sed -i 's/;type=private/&?pin-value=1234/' /etc/dkms/framework.conf.d/tests.conf
	make_module one 1.0
	run_dkms build one/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	assert_signed one 1.0
}

@test "SoftHSM: a wrong PIN, another object, no token: told, and built without a signature" {
	softhsm
	make_module one 1.0
	KBUILD_SIGN_PIN=9999 run_dkms build one/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "modules will not be signed"
	assert_errors_have "cannot get the key 'pkcs11:token=dkms;object=mok;type=private' from its token"
	refute_signed one 1.0
	sed -i 's/object=mok/object=other/' /etc/dkms/framework.conf.d/tests.conf
	KBUILD_SIGN_PIN=1234 run_dkms build one/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "cannot get the key 'pkcs11:token=dkms;object=other;type=private' from its token"
	refute_signed one 1.0
	rm -r "$C/tokens"/*
	KBUILD_SIGN_PIN=1234 run_dkms build one/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "modules will not be signed"
	refute_signed one 1.0
}

@test "a provider signs, and is asked before an engine" {
	provider
	make_module one 1.0
	KBUILD_SIGN_PIN=1234 run_dkms build one/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	assert_signed one 1.0
	KBUILD_SIGN_PIN=9999 run_dkms build one/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "modules will not be signed"
	refute_signed one 1.0
}

@test "generate_mok makes no key in a token, and no certificate for it" {
	softhsm
	run_dkms generate_mok
	assert_status 0
	assert_output_has "already there"
	rm "$X"
	run_dkms generate_mok
	assert_status 1
	assert_errors_have "the certificate '$X' of the key"
	assert_errors_have "the token's own tools"
	refute_exists "$X" /var/lib/dkms/mok.key /var/lib/dkms/mok.pub
	make_module one 1.0
	KBUILD_SIGN_PIN=1234 run_dkms build one/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "the certificate '$X' of the key"
	refute_exists "$X" /var/lib/dkms/mok.key
	refute_signed one 1.0
}
