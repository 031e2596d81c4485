# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's source of a kernel, never built. Less than half a minute of work for a processor.

load ../lib/dkms

# The real source, and a place where everything that is written to it would be seen.
lay_source() {
	mkdir -p "$C/linux" "$C/up" "$C/work"
	mount -t overlay -o "lowerdir=$("$DKMS_TEST_TOP/tests/lib/fetch" source 6.1),upperdir=$C/up,workdir=$C/work" dkms-case \
		"$C/linux"
}

@test "story 6: a kernel's real source is prepared with the kernel's configuration and built against; it stays as it is" {
	log=/var/lib/dkms/.prepare/$K1-$ARCH.log
	lay_source
	cp "$HOST/usr/src/linux-headers-$K1/.config" "/boot/config-$K1"
	kbuild_module first 1.0
	run_dkms install first/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 0
	assert_output_has "the kernel tree '$C/linux' was never built"
	assert_output_has "with the configuration '/boot/config-$K1'"
	assert_output_has "$log"
	assert_errors_have "because dkms says so"
	assert_errors_have "no Module.symvers"
	assert_errors_have "the kernel will refuse to load them"
	assert_dkms_status "first/1.0, $K1, $ARCH: installed"
	[[ $(modinfo -F vermagic "/lib/modules/$K1/updates/dkms/first.ko") == "$K1 "* ]]
	assert_same "$(find "$C/up" -mindepth 1)" '' "what was written to the user's tree"
	refute_exists /var/lib/dkms/.dkms
	grep -q '^# command: make .* modules_prepare$' "$log"
}
