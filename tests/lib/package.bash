# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For cases about packages that dkms makes: `load ../lib/dkms` and `load ../lib/package`.
#
#   hello_source            /usr/src/hello-0.1, a module whose Makefile wants KVERSION; compiled by the kernel's makefiles
#   take M V                copies what was made of it to where we are
#   other_machine           dkms has never heard of a module here, and every kernel is to have the modules
#   hide_headers, show_headers; hide_compiler, show_compiler
#   other_crc_in_headers K, other_crc_in_modules K   the kernel is another one, of the same release
#   dpkg_install FILE, dpkg_purge PACKAGE            what is said goes to dpkg.log
#   machine_digest          all that a driver package may leave traces in
#   digest_of M V K         of the built modules
#
# shellcheck disable=SC2154 # what lib/dkms defines

hello_source() {
	local dir=/usr/src/hello-0.1
	# shellcheck disable=SC2016
	kbuild_module hello 0.1 'MAKE[0]="make KVERSION=$kernelver"'
	# shellcheck disable=SC2016
	printf '%s\n' 'KVERSION ?= $(shell uname -r)' 'obj-m := hello.o' 'all:' \
		'	$(MAKE) -C /lib/modules/$(KVERSION)/build M=$(CURDIR) modules' >"$dir/Makefile"
}

take() {
	find "/var/lib/dkms/$1/$2/deb" "/var/lib/dkms/$1/$2/rpm" -type f -exec cp -t . {} + 2>/dev/null || :
}

other_machine() {
	rm -rf /var/lib/dkms/*
	find /usr/src -mindepth 1 -maxdepth 1 ! -name 'linux-*' -exec rm -rf {} +
	echo 'autoinstall_all_kernels=yes' >>/etc/dkms/framework.conf.d/tests.conf
}

hide_headers() {
	local k
	for k in "$K1" "$K2"; do
		[ ! -e "/usr/lib/modules/$k/build" ] || mv "/usr/lib/modules/$k/build" "$C/build-$k"
	done
}

show_headers() {
	local k
	for k in "$K1" "$K2"; do
		[ ! -L "$C/build-$k" ] || mv "$C/build-$k" "/usr/lib/modules/$k/build"
	done
}

_compilers() { realpath -q /usr/bin/gcc /usr/bin/cc /usr/bin/clang | sort -u; }

hide_compiler() {
	_compilers >"$C/compilers"
	while IFS= read -r f; do mount --bind /dev/null "$f"; done <"$C/compilers"
}

show_compiler() {
	while IFS= read -r f; do umount "$f"; done <"$C/compilers"
}

other_crc_in_headers() {
	local f
	f=$(realpath "/usr/lib/modules/$1/build")/Module.symvers
	sed -i 's/^0x[0-9a-f]*\(\tmodule_layout\t\)/0x12345678\1/' "$f"
	grep -q '^0x12345678.*module_layout' "$f"
}

other_crc_in_modules() {
	local f
	find "/usr/lib/modules/$1/kernel" -name '*.ko' >"$C/kos"
	while IFS= read -r f; do
		objcopy -O binary --only-section=__versions "$f" "$C/versions"
		perl -0777 -pi -e 's/.{8}(?=module_layout\0)/\x78\x56\x34\x12\0\0\0\0/s' "$C/versions"
		objcopy --update-section "__versions=$C/versions" "$f"
	done <"$C/kos"
}

_dpkg() {
	local status=0
	DEBIAN_FRONTEND=noninteractive dpkg --log=/dev/null --force-depends --force-unsafe-io "$@" \
		>"$C/dpkg.log" 2>&1 </dev/null 3>&- || status=$?
	[ $status = 0 ] || { cat "$C/dpkg.log" >&2; return $status; }
}

dpkg_install() { _dpkg -i "$@"; }
dpkg_purge() { _dpkg -P "$@"; }

machine_digest() {
	tree_digest /var/lib/dkms /usr/src /usr/lib/modules/* /usr/share/hello-dkms /usr/share/alpha-dkms /etc |
		grep -v -e /modules.dep -e 'modules\.[a-z.]*bin ' -e '/modules\.[a-z]* '
}

digest_of() { sha256sum <"/var/lib/dkms/$1/$2/$3/$ARCH/module/$1.ko"; }

# the kernels that a .deb has built modules for
kernels_in() {
	dpkg-deb --fsys-tarfile "/var/lib/dkms/$1/$2/deb/$1-dkms_$2_all.deb" |
		tar -xOf - "./usr/share/$1-dkms/$1-$2.dkms.tar.gz" | tar -tzf - |
		sed -n 's,^./dkms_main_tree/\([^/]*\)/$,\1,p'
}

nothing_left() { assert_same "$(ls -A "$C/tmp")" "" "what is left in TMPDIR"; }

refute_has() { [[ $1 != *"$2"* ]] || _fail "should not have: $2"; }

assert_output_lines_of_log() { # M V K TEXT
	grep -qF -- "$4" "/var/lib/dkms/$1/$2/$3/$ARCH/log/make.log" || _fail "not in its log: $4"
}
