#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# dkms-sign: key pairs, and signatures compared with those of the kernel's own sign-file.

load ../lib/dkms

HELPER=/usr/libexec/dkms/dkms-sign

setup() {
	world_up
	SIGN_FILE=/usr/lib/linux-kbuild-6.1/scripts/sign-file
	mkdir "$C/d"
	K=$C/d/key.pem
	X=$C/d/cert.der
}

state() { find "$C/d" -type f -printf '%P %m %i\n' -exec sha256sum {} + | sort; }
make_pair() { "$HELPER" genkey "$K" "$X"; }
is_pair() {
	[ "$(openssl pkey -in "$K" -pubout)" = "$(openssl x509 -inform der -in "$X" -noout -pubkey)" ]
}
only_the_pair() { [ "$(ls -A "$C/d")" = $'cert.der\nkey.pem' ]; }

# --- genkey ---

@test "key and certificate have the form that the kernel and mokutil want" {
	umask 000
	make_pair
	is_pair
	only_the_pair
	[ "$(stat -c %a "$K")" = 600 ]
	[ "$(stat -c %a "$X")" = 644 ]
	head -n 1 "$K" | grep -qx -- '-----BEGIN PRIVATE KEY-----'
	text=$(openssl x509 -inform der -in "$X" -noout -text)
	grep -q 'Version: 3' <<<"$text"
	grep -q 'Public-Key: (2048 bit)' <<<"$text"
	grep -q 'Signature Algorithm: sha256WithRSAEncryption' <<<"$text"
	[ "$(openssl x509 -inform der -in "$X" -noout -subject -issuer)" = \
		$'subject=CN = DKMS module signing key\nissuer=CN = DKMS module signing key' ]
	diff <(openssl x509 -inform der -in "$X" -noout \
		-ext basicConstraints,extendedKeyUsage | sed 's/ *$//') - <<-'END'
		X509v3 Basic Constraints: critical
		    CA:TRUE
		X509v3 Extended Key Usage:
		    Code Signing
	END
	ski=$(openssl x509 -inform der -in "$X" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' ')
	aki=$(openssl x509 -inform der -in "$X" -noout -ext authorityKeyIdentifier | tail -n 1 | tr -d ' ')
	[ -n "$ski" ] && [ "${aki#keyid:}" = "$ski" ]
	begin=$(date +%s -d "$(openssl x509 -inform der -in "$X" -noout -startdate | cut -d= -f2)")
	end=$(date +%s -d "$(openssl x509 -inform der -in "$X" -noout -enddate | cut -d= -f2)")
	[ $((end - begin)) = $((36500 * 24 * 3600)) ]
}

@test "a complete pair is left alone" {
	make_pair
	before=$(state)
	make_pair
	[ "$before" = "$(state)" ]
}

@test "of half a pair both are made anew" {
	make_pair
	old=$(sha256sum <"$K")
	rm "$X"
	make_pair
	is_pair
	only_the_pair
	[ "$old" != "$(sha256sum <"$K")" ]
	old=$(sha256sum <"$X")
	rm "$K"
	make_pair
	is_pair
	only_the_pair
	[ "$old" != "$(sha256sum <"$X")" ]
}

@test "where the key cannot be written the certificate stays as it was" {
	make_pair
	rm "$K"
	before=$(state)
	run -1 --separate-stderr "$HELPER" genkey "$C/no/such/key" "$X"
	[[ $stderr == *"'$C/no/such/key'"*"No such file"* ]]
	mkdir "$K"
	run -1 "$HELPER" genkey "$K/" "$X-"
	rmdir "$K"
	[ "$before" = "$(state)" ]
}

@test "where the certificate cannot be written the key stays as it was" {
	make_pair
	rm "$X"
	before=$(state)
	run -1 --separate-stderr "$HELPER" genkey "$K" "$C/no/such/cert"
	[[ $stderr == *"'$C/no/such/cert'"*"No such file"* ]]
	mkdir "$C/ro"
	mount -t tmpfs -o ro none "$C/ro"
	run -1 --separate-stderr "$HELPER" genkey "$K" "$C/ro/cert"
	umount "$C/ro"
	[[ $stderr == *"Read-only"* ]]
	[ "$before" = "$(state)" ]
	rm "$K"
	mkdir "$X"
	run -1 "$HELPER" genkey "$K" "$X"
	[ "$(ls -A "$C/d")" = cert.der ]
}

@test "one file for both is not made" {
	run -1 --separate-stderr "$HELPER" genkey "$K" "$K"
	[[ $stderr == *"both key and certificate"* ]]
	[ -z "$(ls -A "$C/d")" ]
}

@test "several at once end with one pair" {
	for _ in 1 2 3 4 5 6; do make_pair & done
	wait
	is_pair
	only_the_pair
}

# Whatever step fails, there is the old state or the new, and the status tells which.
@test "a failing step leaves the old state" {
	export ASAN_OPTIONS=detect_leaks=0
	"$HELPER" genkey "$C/old.key" "$C/old.cert"
	for start in nothing key cert; do
		for call in write fsync link rename; do
			for n in 1 2; do
				rm -rf "$C/d"
				mkdir "$C/d"
				case $start in key) cp "$C/old.key" "$K" ;; cert) cp "$C/old.cert" "$X" ;; esac
				before=$(state)
				status=0
				strace -o "$C/trace" -e trace=$call -e inject=$call:error=EIO:when=$n \
					"$HELPER" genkey "$K" "$X" 2>"$C/err" || status=$?
				echo "$start $call $n: $status"
				grep -q INJECTED "$C/trace" || [ $status = 0 ]
				if [ $status = 0 ]; then
					is_pair
				else
					[ -s "$C/err" ]
					[ "$before" = "$(state)" ]
				fi
				rm -f "$C/d/.key.pem.dkms-old"
				[ $status != 0 ] || only_the_pair
			done
		done
	done
}

@test "a kill at any step leaves something that the next run completes" {
	export ASAN_OPTIONS=detect_leaks=0
	"$HELPER" genkey "$C/old.key" "$C/old.cert"
	for start in nothing key; do
		for step in write:1 write:2 fsync:1 fsync:2 link:1 rename:1 rename:2 unlink:1 unlink:2; do
			rm -rf "$C/d"
			mkdir "$C/d"
			[ $start = nothing ] || cp "$C/old.key" "$K"
			strace -o "$C/trace" -e trace="${step%:*}" -e inject="${step%:*}:signal=KILL:when=${step#*:}" \
				"$HELPER" genkey "$K" "$X" || :
			make_pair
			is_pair
			only_the_pair
		done
	done
}

# --- sign ---

# split FILE: $C/body and $C/sig
split_signed() {
	local size n
	size=$(stat -c %s "$1")
	n=$((16#$(tail -c 32 "$1" | head -c 4 | od -An -tx1 | tr -d ' \n')))
	head -c $((size - 40 - n)) "$1" >"$C/body"
	tail -c $((40 + n)) "$1" | head -c "$n" >"$C/sig"
}

verifies() { # FILE: by another implementation's command line
	split_signed "$1"
	openssl x509 -inform der -in "$X" -out "$C/cert.pem"
	openssl cms -verify -binary -inform DER -in "$C/sig" -content "$C/body" -certfile "$C/cert.pem" \
		-noverify -out /dev/null 2>"$C/cms.err"
}

@test "a signature is byte for byte that of the kernel's sign-file" {
	make_pair
	for h in sha1 sha224 sha256 sha384 sha512; do
		cp "$WORLD/ready/$K1.ko" "$C/ours.ko"
		cp "$WORLD/ready/$K1.ko" "$C/theirs.ko"
		"$HELPER" sign $h "$K" "$X" "$C/ours.ko"
		"$SIGN_FILE" $h "$K" "$X" "$C/theirs.ko"
		cmp "$C/ours.ko" "$C/theirs.ko"
		[ "$(modinfo -F sig_hashalgo "$C/ours.ko")" = $h ]
	done
	[ "$(modinfo -F signer "$C/ours.ko")" = "DKMS module signing key" ]
	[ "$(modinfo -F sig_id "$C/ours.ko")" = "PKCS#7" ]
	serial=$(openssl x509 -inform der -in "$X" -noout -serial | cut -d= -f2 | sed 's/../&:/g; s/:$//')
	[ "$(modinfo -F sig_key "$C/ours.ko")" = "$serial" ]
}

@test "a signature verifies, and a flipped byte makes it fail" {
	make_pair
	cp "$WORLD/ready/$K1.ko" "$C/m.ko"
	"$HELPER" sign sha256 "$K" "$X" "$C/m.ko"
	verifies "$C/m.ko"
	cmp "$C/body" "$WORLD/ready/$K1.ko"
	printf '\377' | dd of="$C/m.ko" bs=1 seek=70 conv=notrunc status=none
	run ! verifies "$C/m.ko"
}

@test "signing keeps the mode and leaves nothing beside" {
	make_pair
	mkdir "$C/m"
	cp "$WORLD/ready/$K1.ko" "$C/m/m.ko"
	chmod 640 "$C/m/m.ko"
	"$HELPER" sign sha256 "$K" "$X" "$C/m/m.ko"
	[ "$(stat -c %a "$C/m/m.ko")" = 640 ]
	[ "$(ls -A "$C/m")" = m.ko ]
}

@test "a signature that is there already is replaced" {
	make_pair
	cp "$WORLD/ready/$K1.ko" "$C/m.ko"
	"$HELPER" sign sha256 "$K" "$X" "$C/m.ko"
	cp "$C/m.ko" "$C/once.ko"
	"$HELPER" sign sha256 "$K" "$X" "$C/m.ko"
	cmp "$C/m.ko" "$C/once.ko"
	"$HELPER" sign sha512 "$K" "$X" "$C/m.ko"
	[ "$(modinfo -F sig_hashalgo "$C/m.ko")" = sha512 ]
	verifies "$C/m.ko"
	cmp "$C/body" "$WORLD/ready/$K1.ko"
}

@test "what cannot be signed is told, and stays as it is" {
	make_pair
	"$HELPER" genkey "$C/other.key" "$C/other.der"
	cp "$WORLD/ready/$K1.ko" "$C/m.ko"
	for args in "nonsense $K $X" "sha256 $C/none $X" "sha256 $K $C/none" "sha256 $C/other.key $X" \
		"sha256 $X $X" "sha256 $K $K"; do
		# shellcheck disable=SC2086 # words on purpose
		run -1 --separate-stderr "$HELPER" sign $args "$C/m.ko"
		[[ $stderr == "dkms-sign: "* ]]
		cmp "$C/m.ko" "$WORLD/ready/$K1.ko"
	done
	run -1 --separate-stderr "$HELPER" sign sha256 "$C/other.key" "$X" "$C/m.ko"
	[[ $stderr == *"is not that of the certificate"* ]]
	run -1 "$HELPER" sign sha256 "$K" "$X" "$C/none.ko"
	: >"$C/empty.ko"
	run -1 "$HELPER" sign sha256 "$K" "$X" "$C/empty.ko"
	run -1 "$HELPER" sign sha256 "$K" "$X" "$C"
	run -2 "$HELPER" sign
	run -2 "$HELPER"
}

@test "a passphrase is taken from KBUILD_SIGN_PIN, and nobody is asked" {
	make_pair
	openssl pkcs8 -topk8 -in "$K" -out "$C/locked.pem" -passout pass:secret
	cp "$WORLD/ready/$K1.ko" "$C/m.ko"
	run -1 --separate-stderr "$HELPER" sign sha256 "$C/locked.pem" "$X" "$C/m.ko"
	[[ $stderr == *KBUILD_SIGN_PIN* ]]
	KBUILD_SIGN_PIN=wrong run -1 "$HELPER" sign sha256 "$C/locked.pem" "$X" "$C/m.ko"
	KBUILD_SIGN_PIN=secret "$HELPER" sign sha256 "$C/locked.pem" "$X" "$C/m.ko"
	verifies "$C/m.ko"
}

@test "a certificate may be PEM, and share a file with the key" {
	make_pair
	openssl x509 -inform der -in "$X" -out "$C/c.pem"
	cat "$K" "$C/c.pem" >"$C/both.pem"
	for m in a b; do cp "$WORLD/ready/$K1.ko" "$C/$m.ko"; done
	"$HELPER" sign sha256 "$K" "$X" "$C/a.ko"
	"$HELPER" sign sha256 "$C/both.pem" "$C/both.pem" "$C/b.ko"
	cmp "$C/a.ko" "$C/b.ko"
}

@test "a key in a token signs" {
	make_pair
	mkdir "$C/tokens"
	echo "directories.tokendir = $C/tokens" >"$C/softhsm.conf"
	export SOFTHSM2_CONF=$C/softhsm.conf
	softhsm2-util --init-token --free --label dkms --pin 1234 --so-pin 5678
	softhsm2-util --import "$K" --token dkms --label mok --id 01 --pin 1234
	for m in a b; do cp "$WORLD/ready/$K1.ko" "$C/$m.ko"; done
	"$HELPER" sign sha256 "$K" "$X" "$C/a.ko"
	uri='pkcs11:token=dkms;object=mok;type=private'
	export PKCS11_MODULE_PATH=/usr/lib/softhsm/libsofthsm2.so
	# the libraries of tokens leak at exit
	export ASAN_OPTIONS=detect_leaks=0
	KBUILD_SIGN_PIN=1234 "$HELPER" probe "$uri"
	KBUILD_SIGN_PIN=1234 "$HELPER" sign sha256 "$uri" "$X" "$C/b.ko"
	cmp "$C/a.ko" "$C/b.ko"
	KBUILD_SIGN_PIN=1234 run -1 "$HELPER" probe 'pkcs11:token=dkms;object=none'
	# neither provider nor engine
	OPENSSL_ENGINES=$C run -3 --separate-stderr "$HELPER" probe "$uri"
	[[ $stderr == *pkcs11* ]]
}
