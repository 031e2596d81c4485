# SPDX-License-Identifier: LGPL-2.1-or-later
# Our packages: the .deb (tests/bats/upgrade uses it), the .rpm and the PKGBUILD, as far as they can be looked at here.

load ../lib/dkms

setup_file() {
	DEB=$("$DKMS_TEST_TOP/tests/lib/packages" deb)
	export DEB
}

# every file that is installed, without directories and compression
deb_files() {
	dpkg -c "$DEB" | awk '$1 !~ /^d/ { sub(/^\./, "", $6); sub(/\.gz$/, "", $6); print $6 }' | sort
}

@test "lintian has no error and no warning" {
	run_cmd lintian --fail-on error,warning --no-tag-display-limit "${DEB%/*}"/*.changes
	assert_status 0
}

@test "the version is the program's, and sorts above Debian's" {
	version=$(dpkg -f "$DEB" Version)
	[ "dkms-${version%-*}" = "$(dkms --version)" ]
	dpkg --compare-versions "$version" gt "$(apt-cache madison dkms | sed -n '1s/^ *dkms | *\([^ ]*\) .*/\1/p')"
	[[ $(dpkg -f "$DEB" Provides) == "dkms-autopkgtest (= $version)" ]]
}

@test "the conffiles are framework.conf and the hooks of /etc/kernel" {
	run_cmd dpkg -I "$DEB" conffiles
	assert_output "/etc/dkms/framework.conf
/etc/kernel/header_postinst.d/dkms
/etc/kernel/postinst.d/dkms
/etc/kernel/preinst.d/dkms
/etc/kernel/prerm.d/dkms"
}

@test "every file of Debian's package is there, but for what is retired" {
	run_cmd comm -13 <(deb_files) <(cd "$PEER" && find . -type f | sed 's/^\.//; s/\.gz$//' | sort)
	assert_output "/etc/kernel/install.d/dkms
/etc/modprobe.d/dkms.conf
/usr/share/doc/dkms/HOWTO.Debian"
}

@test "the .deb has what make install lays out, but for pacman's" {
	DESTDIR=$C/dest meson install -C "${DKMS_TEST_ROOT%/*}" --no-rebuild --quiet
	run_cmd comm -13 <(deb_files | sed 's,^/lib/,/usr/lib/,; s,zsh/vendor-completions,zsh/site-functions,' | sort) \
		<(cd "$C/dest" && find . -type f | sed 's/^\.//' | grep -v -e alpm -e pacman | sort)
	assert_output ""
}

@test "the .rpm has the same program, its hooks for kernel-install, and its requirements" {
	rpm=$("$DKMS_TEST_TOP/tests/lib/packages" rpm)
	run_cmd rpm -qpl "$rpm"
	assert_status 0
	for f in /usr/sbin/dkms /usr/lib/dkms/common.postinst /usr/lib/dkms/kernel-hook /usr/lib/dkms/dkms_autoinstaller \
		/usr/lib/kernel/install.d/40-dkms.install /usr/lib/systemd/system/dkms.service /etc/dkms/framework.conf \
		/usr/share/man/man8/dkms.8 /usr/share/man/man5/dkms.conf.5 /usr/share/bash-completion/completions/dkms \
		/var/lib/dkms; do
		grep -qx -e "$f" -e "$f.gz" <<<"$output" || _fail "not in the rpm: $f"
	done
	refute_output_has /etc/kernel
	refute_output_has alpm
	run_cmd rpm -qpc "$rpm"
	assert_output /etc/dkms/framework.conf
	run_cmd rpm -qp --requires "$rpm"
	grep -qx kmod <<<"$output"
	# modules that come built need none of these
	for r in make patch '(gcc or clang)' '(kernel-devel-matched if kernel-core)'; do
		refute_output_has "$r"
	done
	run_cmd rpm -qp --recommends "$rpm"
	for r in make patch '(gcc or clang)' '(kernel-devel-matched if kernel-core)'; do
		assert_output_has "$r"
	done
	run_cmd rpm -qp --qf '%{NAME} %{VERSION} %{LICENSE}' "$rpm"
	assert_output "dkms 4.0.0 LGPL-2.1-or-later"
	mkdir "$C/x"
	(cd "$C/x" && rpm2cpio "$rpm" | cpio -idm --quiet)
	[ "$("$C/x/usr/sbin/dkms" --version)" = "$(dkms --version)" ]
	for s in "$C"/x/usr/lib/dkms/*; do sh -n "$s"; done
}

@test "the PKGBUILD is sound shell and names what makepkg wants" {
	file=$DKMS_TEST_TOP/packaging/arch/PKGBUILD
	run_cmd bash -n "$file"
	assert_status 0
	run_cmd bash -c '. "$0" && echo "$pkgname $pkgver $pkgrel ${arch[*]}" && declare -F build package' "$file"
	assert_output "dkms 4.0.0 1 x86_64
build
package"
}

@test "the versions in the packages are the project's" {
	top=$DKMS_TEST_TOP
	version=$(dkms --version)
	version=${version#dkms-}
	grep -q "^dkms ($version-" "$top/packaging/debian/changelog"
	grep -q "^Version: *$version$" "$top/packaging/rpm/dkms.spec"
	grep -q "^pkgver=$version$" "$top/packaging/arch/PKGBUILD"
}
