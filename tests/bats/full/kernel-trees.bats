# SPDX-License-Identifier: LGPL-2.1-or-later
# Real kernel trees: all of Debian's source, never built; and one that was prepared with clang.

load ../../lib/dkms

setup_file() {
	local f
	for f in "source 6.1" "package linux-source-6.1" "package acpi-call-dkms" "package linux-image-$K1"; do
		# shellcheck disable=SC2086
		"$DKMS_TEST_TOP/tests/lib/fetch" $f
	done
	# with the kernel's own makefiles, as whoever builds a kernel with clang does
	CLANG=$BATS_FILE_TMPDIR/clang
	export CLANG
	mkdir "$CLANG" "$CLANG/source" "$CLANG/tree"
	lay_source "$CLANG/source"
	cp "$HOST/usr/src/linux-headers-$K1/.config" "$CLANG/tree/"
	make -s -j"$(nproc)" -C "$CLANG/source" O="$CLANG/tree" LLVM=1 KERNELRELEASE="$K1" olddefconfig modules_prepare
}

teardown_file() { umount "$CLANG/source"; }

# Where everything that is written to it would be seen.
lay_source() { # DIR
	mkdir -p "$1" "$1.up" "$1.work"
	mount -t overlay -o "lowerdir=$("$DKMS_TEST_TOP/tests/lib/fetch" source 6.1),upperdir=$1.up,workdir=$1.work" dkms-case "$1"
}

# strip and llvm-strip that tell which of them ran
watch_strip() {
	local s
	for s in strip llvm-strip; do
		real=$(command -v "$s")
		mkdir -p "$C/bin"
		printf '#!/bin/sh\necho %s >>/var/lib/dkms/stripped/log\nexec %s "$@"\n' "$s" "$real" >"$C/bin/$s"
		chmod 755 "$C/bin/$s"
	done
	mkdir -m 1777 /var/lib/dkms/stripped
	PATH=$C/bin:$PATH
	echo 'build_sandbox=off' >>/etc/dkms/framework.conf.d/tests.conf
}

made_by() { # FILE: what wrote it
	readelf -p .comment "$1"
}

@test "all of Debian's source in a directory of root's: real drivers are built; with its Module.symvers the kernel loads them" {
	local dir tar config=$HOST/usr/src/linux-headers-$K1/.config
	tar=("$("$DKMS_TEST_TOP/tests/lib/fetch" package linux-source-6.1)"/usr/src/linux-source-*.tar.xz)
	mkdir -m 700 "$C/root"
	tar -xJf "${tar[0]}" -C "$C/root"
	dir=$(echo "$C"/root/linux-source-*)
	before=$(tar --sort=name -cf - -C "$dir" . | sha256sum)
	cp -r "$("$DKMS_TEST_TOP/tests/lib/fetch" package acpi-call-dkms)"/usr/src/* /usr/src/
	kbuild_module first 1.0
	run_dkms add first/1.0
	run_dkms add "$(basename /usr/src/acpi-call-* | sed 's|-\([0-9]\)|/\1|')"
	run_dkms autoinstall -k "$K1" --kernelsourcedir "$dir" --config "$config"
	assert_status 0
	assert_output_has "the kernel tree '$dir' was never built"
	refute_errors_have sandbox
	assert_errors_have "no Module.symvers"
	assert_errors_have "the kernel will refuse to load them"
	assert_same "$(tar --sort=name -cf - -C "$dir" . | sha256sum)" "$before" "the source"
	refute_exists /var/lib/dkms/.dkms
	for m in first acpi_call; do
		[[ $(modinfo -F vermagic "/lib/modules/$K1/updates/dkms/$m.ko") == "$K1 "* ]]
	done
	cp "/lib/modules/$K1/updates/dkms/first.ko" "$C/unversioned.ko"
	# the kernel's own versions
	cp "$HOST/usr/src/linux-headers-$K1/Module.symvers" "$dir/"
	run_dkms build first/1.0 -k "$K1" --force --kernelsourcedir "$dir" --config "$config"
	assert_status 0
	refute_errors_have symvers
	run_cmd "$DKMS_TEST_TOP/tests/lib/qemu-load" "$K1" "$C/unversioned.ko" \
		"/var/lib/dkms/first/1.0/$K1/$ARCH/module/first.ko"
	assert_status 0
	assert_output_has "unversioned.ko: refused"
	assert_output_has "first.ko: loaded"
}

@test "a tree of clang: LLVM=1 in the command, CC and LD for scripts, llvm-strip, and a module of clang and lld" {
	grep -qx CONFIG_CC_IS_CLANG=y "$CLANG/tree/include/config/auto.conf"
	grep -qx CONFIG_LD_IS_LLD=y "$CLANG/tree/include/config/auto.conf"
	watch_strip
	kbuild_module first 1.0 'PRE_BUILD=show; STRIP[0]=no'
	printf '#!/bin/sh\necho "CC=$CC KERNEL_CC=$KERNEL_CC LD=$LD KERNEL_LD=$KERNEL_LD"\n' >/usr/src/first-1.0/show
	chmod 755 /usr/src/first-1.0/show
	run_dkms install first/1.0 -k "$K1" --kernelsourcedir "$CLANG/tree"
	assert_status 0
	log=/var/lib/dkms/first/1.0/$K1/$ARCH/log/make.log
	grep -qx "# command: make .* LLVM=1" "$log"
	grep -qx "CC=clang KERNEL_CC=clang LD=ld.lld KERNEL_LD=ld.lld" "$log"
	[[ $(made_by "/lib/modules/$K1/updates/dkms/first.ko") == *clang* ]]
	[[ $(made_by "/lib/modules/$K1/updates/dkms/first.ko") != *GCC* ]]
	refute_exists /var/lib/dkms/stripped/log
	sed -i 's/STRIP\[0\]=no//' /usr/src/first-1.0/dkms.conf
	run_dkms build first/1.0 -k "$K1" --force --kernelsourcedir "$CLANG/tree"
	assert_status 0
	assert_same "$(sort -u /var/lib/dkms/stripped/log)" llvm-strip "who stripped"
	# not without cause
	run_dkms build first/1.0 -k "$K1" --force
	assert_status 0
	assert_same "$(sort -u /var/lib/dkms/stripped/log)" $'llvm-strip\nstrip' "who stripped"
	refute_output_has LLVM
	run ! grep LLVM= "$log"
	[[ $(made_by "/var/lib/dkms/first/1.0/$K1/$ARCH/module/first.ko") == *GCC* ]]
}

@test "a source that was never built, with a configuration of clang: prepared with clang, built with clang" {
	lay_source "$C/linux"
	kbuild_module first 1.0
	run_dkms build first/1.0 -k "$K1" --kernelsourcedir "$C/linux" --config "$CLANG/tree/.config"
	assert_status 0
	grep -q '^# command: make .* LLVM=1 modules_prepare$' "/var/lib/dkms/.prepare/$K1-$ARCH.log"
	grep -qx "# command: make .* LLVM=1" "/var/lib/dkms/first/1.0/$K1/$ARCH/log/make.log"
	[[ $(made_by "/var/lib/dkms/first/1.0/$K1/$ARCH/module/first.ko") == *clang* ]]
	assert_same "$(find "$C/linux.up" -mindepth 1)" '' "what was written to the source"
	umount "$C/linux"
}

@test "clang is not installed: the package is named, and the build tried" {
	kbuild_module first 1.0
	mkdir "$C/bin"
	for f in /usr/bin/* /usr/sbin/*; do
		case $f in *clang* | *llvm* | *lld*) ;; *) ln -sf "$f" "$C/bin/" ;; esac
	done
	PATH=$C/bin run_dkms build first/1.0 -k "$K1" --kernelsourcedir "$CLANG/tree"
	assert_status 10
	assert_errors_have "was built with clang, which is not installed"
	assert_errors_have "apt install clang"
}

@test ".kernelvariables of the headers: what make makes of them, where the configuration names no compiler" {
	headers=/usr/src/linux-headers-mine
	cp -a "/usr/src/linux-headers-$K1" $headers
	sed -i /CONFIG_CC_VERSION_TEXT/d $headers/.config $headers/include/config/auto.conf
	kbuild_module first 1.0 'PRE_BUILD=show'
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "CC=$CC KERNEL_CC=$KERNEL_CC LD=$LD."\n' >/usr/src/first-1.0/show
	chmod 755 /usr/src/first-1.0/show
	run_dkms build first/1.0 -k "$K1" --kernelsourcedir $headers
	assert_status 0
	cc=$(sed -n 's/^CC = .* \$(CROSS_COMPILE)//p' $headers/.kernelvariables)
	[[ $cc == gcc-* ]]
	grep -qx "CC=$cc KERNEL_CC=$cc LD=." "/var/lib/dkms/first/1.0/$K1/$ARCH/log/make.log"
	echo 'CC = clang' >>$headers/.kernelvariables
	run_dkms build first/1.0 -k "$K1" --force --kernelsourcedir $headers
	# make has other things to say of a compiler that did not build the kernel
	log=/var/lib/dkms/first/1.0/build/make.log
	[ -e $log ] || log="/var/lib/dkms/first/1.0/$K1/$ARCH/log/make.log"
	grep -qx "CC=clang KERNEL_CC=clang LD=." "$log"
}
