#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Modules that were built, compressed and signed here, as a real kernel sees them: in QEMU, with Secure Boot
# on, where the firmware knows the example key that the package ovmf ships.

load ../lib/dkms

setup_file() {
	"$DKMS_TEST_TOP/tests/lib/fetch" package "linux-image-$K1"
}

setup() {
	world_up
	openssl pkey -in /usr/share/ovmf/PkKek-1-snakeoil.key -passin pass:snakeoil -out "$C/key"
	CERT=/usr/share/ovmf/PkKek-1-snakeoil.pem
}

qemu_load() { run_cmd "$DKMS_TEST_TOP/tests/lib/qemu-load" "$@"; }
# whatever else a kernel that has just started may say
line_before() { awk '!/^kernel: / || /[Mm]odule/' <<<"$output" | grep -xB1 -- "$1" | head -n 1; }

flip() { # FILE OFFSET
	local b
	b=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf '%b' "\\x$(printf %02x $((b ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "the kernel takes our signature, and refuses a flipped byte" {
	for m in good changed broken strange none; do cp "$WORLD/ready/$K1.ko" "$C/$m.ko"; done
	for m in good changed broken; do
		/usr/libexec/dkms/dkms-sign sign sha256 "$C/key" "$CERT" "$C/$m.ko"
	done
	/usr/libexec/dkms/dkms-sign genkey "$C/k" "$C/c"
	/usr/libexec/dkms/dkms-sign sign sha256 "$C/k" "$C/c" "$C/strange.ko"
	# one bit of the module; one of the signature's last bytes (40 of trailer and marker behind them)
	flip "$C/changed.ko" 2000
	flip "$C/broken.ko" $(($(stat -c %s "$C/broken.ko") - 60))
	qemu_load -s "$K1" "$C"/{none,strange,changed,broken,good}.ko
	assert_status 0
	assert_output_has "secure boot: on"
	assert_output_has "[integrity]"
	# the kernel says of what it has no key for that it has none; of a wrong signature just that it is rejected
	assert_output_has $'kernel: Loading of unsigned module is rejected\nnone.ko: refused: Key was rejected by service'
	assert_output_has $'kernel: Loading of module with unavailable key is rejected\nstrange.ko: refused: Key was rejected'
	assert_same "$(line_before 'changed.ko: refused: .*')" "strange.ko: refused: Key was rejected by service"
	assert_same "$(line_before 'broken.ko: refused: .*')" "changed.ko: refused: Key was rejected by service"
	assert_output_has $'\ngood.ko: loaded, taints O'
}

@test "what dkms built, compressed, signed and installed loads under Secure Boot" {
	only_ours
	# a kernel whose own modules are compressed
	find "/lib/modules/$K1/kernel" -name '*.ko' -exec xz --check=crc32 {} +
	depmod "$K1"
	kbuild_module hello 1.2
	cat >/etc/dkms/framework.conf.d/tests.conf <<-END
		try_sign_modules=true
		mok_signing_key=$C/key
		mok_certificate=$CERT
	END
	run_dkms install hello/1.2 -k "$K1"
	assert_status 0
	f=/lib/modules/$K1/updates/dkms/hello.ko.xz
	[ "$(modinfo -F version "$f")" = 1.2 ]
	[ -n "$(modinfo -F signer "$f")" ]
	[ "$(modinfo -F sig_hashalgo "$f")" = sha256 ]
	mkdir "$C/tree"
	cp -r "/lib/modules/$K1"/{updates,modules.*} "$C/tree/"
	qemu_load -s -m "$C/tree" "$K1" hello
	assert_status 0
	assert_output_has "secure boot: on"
	assert_output_has $'\nhello: loaded, taints O'
}
