#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What people do with dkms (docs/stories.md), with the package managers of other distributions and a kernel's whole source.

load ../../lib/dkms

setup() {
	world_up
	only_ours
	printf 'try_sign_modules=true\n' >/etc/dkms/framework.conf.d/tests.conf
	SHIPPED=$C/shipped
}

# What the packages of kernel $K1 hold, away from where they go: its modules and a link or directory to build with.
take_kernel_away() {
	mkdir "$SHIPPED"
	cp -r "/lib/modules/$K1/kernel" "/lib/modules/$K1"/modules.{order,builtin,builtin.modinfo} "$SHIPPED/"
	echo "the kernel" >"$SHIPPED/vmlinuz"
	rm -rf "/lib/modules/$K1"
}

driver_for_old_kernel() {
	kbuild_module hello 1.0
	run_dkms install hello/1.0 -k "$K2"
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
}

assert_there_and_signed() {
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
	assert_same "$(modinfo -k "$K1" -F version hello) $(modinfo -k "$K1" -F signer hello)" "1.0 DKMS module signing key"
	[[ $(modinfo -k "$K1" -F vermagic hello) == "$K1 "* ]]
}

assert_gone() {
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
	refute_exists "/lib/modules/$K1" "/var/lib/dkms/hello/1.0/$K1"
}

# --- dnf ---

rpm_of() { # NAME: its spec comes in
	cat >"$C/$1.spec"
	rpmbuild -bb --quiet --define "_topdir $C/rpm" --define '_build_id_links none' --define 'debug_package %{nil}' \
		--define '__os_install_post %{nil}' "$C/$1.spec" >"$C/$1.log" 2>&1 || { cat "$C/$1.log" >&2; return 1; }
}

rpm_head() {
	printf '%s\n' "Name: $1" 'Version: 6.1' 'Release: 1' "Summary: $1" 'License: GPL-2.0' 'AutoReqProv: no' "$2" \
		'%description' "$1"
}

dnf() {
	run_cmd command dnf -q -y --releasever=1 --nogpgcheck --disablerepo='*' --repofrompath="site,file://$C/repo" "$@"
	assert_status 0
}

@test "story 2: the kernel is upgraded by dnf: the module is there, signed, before the reboot; it goes with the kernel" {
	driver_for_old_kernel
	take_kernel_away
	{
		rpm_head kernel-core 'Provides: kernel = 6.1'
		echo '%install'
		echo "mkdir -p %{buildroot}/usr/lib/modules; cp -r $SHIPPED %{buildroot}/usr/lib/modules/$K1"
		echo "ln -s /usr/src/kernels/$K1 %{buildroot}/usr/lib/modules/$K1/build"
		echo '%posttrans'
		echo "depmod $K1 && kernel-install add $K1 /usr/lib/modules/$K1/vmlinuz"
		echo '%preun'
		echo "kernel-install remove $K1"
		echo '%postun'
		echo "rm -f /usr/lib/modules/$K1/modules.*; rmdir /usr/lib/modules/$K1 2>/dev/null || :"
		printf '%s\n' '%files' "/usr/lib/modules/$K1"
	} | rpm_of kernel-core
	{
		rpm_head kernel-devel 'Provides: kernel-devel-uname-r'
		printf '%s\n' '%install' 'mkdir -p %{buildroot}/usr/src/kernels'
		echo "ln -s ../linux-headers-$K1 %{buildroot}/usr/src/kernels/$K1"
		printf '%s\n' '%files' "/usr/src/kernels/$K1"
	} | rpm_of kernel-devel
	# what the scripts of a package are run with, which is here without rpm's knowledge
	{
		rpm_head shell 'Provides: /bin/sh'
		echo '%files'
	} | rpm_of shell
	mkdir "$C/repo"
	cp "$C"/rpm/RPMS/*/*.rpm "$C/repo/"
	createrepo_c -q "$C/repo"
	echo 0123456789abcdef0123456789abcdef >/etc/machine-id
	echo layout=bls >/etc/kernel/install.conf
	dnf install kernel-core kernel-devel
	assert_there_and_signed
	dnf remove kernel-core kernel-devel
	assert_gone
}

# --- pacman ---

pacman_package() { # NAME DIR: what is below DIR
	(
		cd "$2" || exit
		printf '%s\n' "pkgname = $1" 'pkgver = 6.1-1' "pkgdesc = $1" 'builddate = 1' 'packager = nobody' 'size = 1' \
			'arch = any' >.PKGINFO
		shopt -s nullglob
		tar --zstd -cf "$C/$1-6.1-1-any.pkg.tar.zst" .PKGINFO -- *
	)
}

pacman() {
	run_cmd command pacman --config "$C/pacman.conf" --noconfirm "$@"
	assert_status 0
}

@test "story 2: the kernel is upgraded by pacman: the module is there, signed, also if the headers come later; it goes" {
	driver_for_old_kernel
	take_kernel_away
	printf '%s\n' '[options]' 'SigLevel = Never' 'LocalFileSigLevel = Never' 'Architecture = auto' "LogFile = $C/pacman.log" \
		"CacheDir = $C/" >"$C/pacman.conf"
	mkdir -p /var/lib/pacman "$C/dkms" "$C/linux/usr/lib/modules" "$C/headers/usr/lib/modules/$K1/build/include"
	# the hooks ask for it to be installed; here it is, without having come by pacman
	pacman_package dkms "$C/dkms"
	mv "$SHIPPED" "$C/linux/usr/lib/modules/$K1"
	pacman_package linux "$C/linux"
	ln -s "/usr/src/linux-headers-$K1"/[!i]* "/usr/src/linux-headers-$K1"/.[!.]* "$C/headers/usr/lib/modules/$K1/build/"
	ln -s "/usr/src/linux-headers-$K1"/include/* "$C/headers/usr/lib/modules/$K1/build/include/"
	pacman_package linux-headers "$C/headers"
	pacman -U "$C/dkms-6.1-1-any.pkg.tar.zst"
	pacman -U "$C/linux-6.1-1-any.pkg.tar.zst"
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
	depmod "$K1"
	pacman -U "$C/linux-headers-6.1-1-any.pkg.tar.zst"
	assert_there_and_signed
	pacman -R linux linux-headers
	find "/usr/lib/modules/$K1" -name 'modules.*' -delete
	rmdir "/usr/lib/modules/$K1" || :
	assert_gone
}

# --- a kernel's source ---

@test "story 6: a source that was never built, with its configuration in configs/ as Red Hat names it, and with --config" {
	mkdir -p "$C/linux" "$C/up" "$C/work"
	mount -t overlay -o "lowerdir=$("$DKMS_TEST_TOP/tests/lib/fetch" source 6.1),upperdir=$C/up,workdir=$C/work" dkms-case \
		"$C/linux"
	mkdir "$C/linux/configs"
	config=$C/linux/configs/kernel-${K1%%-*}-$ARCH.config
	cp "/usr/src/linux-headers-$K1/.config" "$config"
	kbuild_module first 1.0
	for given in '' "$C/given"; do
		[ -z "$given" ] || mv "$config" "$given"
		run_dkms build first/1.0 -k "$K1" --force --kernelsourcedir "$C/linux" ${given:+--config "$given"}
		assert_status 0
		assert_output_has "with the configuration '${given:-$config}'"
		[[ $(modinfo -F vermagic "/var/lib/dkms/first/1.0/$K1/$ARCH/module/first.ko") == "$K1 "* ]]
	done
	assert_same "$(find "$C/up" -mindepth 1 ! -name configs)" '' "what was written to the user's tree"
}
