/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "core/distro.h"

/* The lines of each distribution's os-release that matter here, as shipped. */
#define DEBIAN "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n"
#define UBUNTU                                                                                     \
	"PRETTY_NAME=\"Ubuntu 22.04.3 LTS\"\nVERSION_ID=\"22.04\"\nID=ubuntu\nID_LIKE=debian\n"
#define MINT   "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"21.2\"\n"
#define LMDE   "NAME=\"LMDE\"\nID=linuxmint\nID_LIKE=debian\nVERSION_ID=\"6\"\n"
#define FEDORA "NAME=\"Fedora Linux\"\nID=fedora\nVERSION_ID=39\nPRETTY_NAME=\"Fedora Linux 39\"\n"
#define RHEL                                                                                       \
	"NAME=\"Red Hat Enterprise Linux\"\nID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.3\"\n"
#define ROCKY                                                                                      \
	"NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.3\"\n"
#define CENTOS	"NAME=\"CentOS Stream\"\nID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"9\"\n"
#define CENTOS7 "NAME=\"CentOS Linux\"\nID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"7\"\n"
#define LEAP                                                                                       \
	"NAME=\"openSUSE Leap\"\nID=\"opensuse-leap\"\nID_LIKE=\"suse "                            \
	"opensuse\"\nVERSION_ID=\"15.5\"\n"
#define TUMBLEWEED                                                                                 \
	"NAME=\"openSUSE Tumbleweed\"\nID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n"
#define SLES	"NAME=\"SLES\"\nID=\"sles\"\nID_LIKE=\"suse\"\nVERSION_ID=\"15.5\"\n"
#define SLES11	"NAME=\"SLES\"\nID=sles\n"
#define ARCH	"NAME=\"Arch Linux\"\nID=arch\nBUILD_ID=rolling\n"
#define MANJARO "NAME=\"Manjaro Linux\"\nID=manjaro\nID_LIKE=arch\n"
#define GENTOO	"NAME=Gentoo\nID=gentoo\nPRETTY_NAME=\"Gentoo Linux\"\n"
#define ALPINE	"NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.19.0\n"

static const struct family_case {
	const char *text, *id, *match;
	enum distro_family family;
	enum distro_weak weak;
	const char *dest;
	bool is_rpm;
} family_cases[] = {
	{ DEBIAN, "debian", "debian", DISTRO_DEBIAN, WEAK_NONE, "/updates/dkms", false },
	{ UBUNTU, "ubuntu", "ubuntu", DISTRO_DEBIAN, WEAK_NONE, "/updates/dkms", false },
	{ MINT, "linuxmint", "ubuntu debian", DISTRO_DEBIAN, WEAK_NONE, "/updates/dkms", false },
	{ LMDE, "linuxmint", "debian", DISTRO_DEBIAN, WEAK_NONE, "/updates/dkms", false },
	{ FEDORA, "fedora", "fedora", DISTRO_RHEL, WEAK_NONE, "/extra", true },
	{ RHEL, "rhel", "fedora", DISTRO_RHEL, WEAK_NONE, "/extra", true },
	{ ROCKY, "rocky", "rhel centos fedora", DISTRO_RHEL, WEAK_RHEL, "/extra", true },
	{ CENTOS, "centos", "rhel fedora", DISTRO_RHEL, WEAK_RHEL, "/extra", true },
	{ LEAP, "opensuse-leap", "suse opensuse", DISTRO_SUSE, WEAK_SUSE, "/updates", true },
	{ TUMBLEWEED, "opensuse-tumbleweed", "opensuse suse", DISTRO_SUSE, WEAK_SUSE, "/updates",
	  true },
	{ SLES, "sles", "suse", DISTRO_SUSE, WEAK_SUSE, "/updates", true },
	{ SLES11, "sles", "sles", DISTRO_SUSE, WEAK_SUSE, "/updates", true },
	{ ARCH, "arch", "arch", DISTRO_ARCH, WEAK_NONE, "/updates/dkms", false },
	{ MANJARO, "manjaro", "arch", DISTRO_ARCH, WEAK_NONE, "/updates/dkms", false },
	{ GENTOO, "gentoo", "gentoo", DISTRO_GENTOO, WEAK_NONE, NULL, false },
	{ ALPINE, "alpine", "alpine", DISTRO_OTHER, WEAK_NONE, NULL, false },
	/* broken and odd ones */
	{ "", "linux", "linux", DISTRO_OTHER, WEAK_NONE, NULL, false },
	{ "\n\n=\nID\nID \n", "linux", "linux", DISTRO_OTHER, WEAK_NONE, NULL, false },
	{ "ID=\"debian", "debian", "debian", DISTRO_DEBIAN, WEAK_NONE, "/updates/dkms", false },
	{ "ID=deb\\ian # x", "debian", "debian", DISTRO_DEBIAN, WEAK_NONE, "/updates/dkms", false },
	{ "ID='debian'\r\nID_LIKE=\r\n", "debian", "debian", DISTRO_DEBIAN, WEAK_NONE,
	  "/updates/dkms", false },
	{ "ID=\"\"\nID_LIKE=\"\"\n", "linux", "linux", DISTRO_OTHER, WEAK_NONE, NULL, false },
	{ "ID=fedora\nID=arch\n", "arch", "arch", DISTRO_ARCH, WEAK_NONE, "/updates/dkms", false },
	{ "#ID=fedora\n  ID=de\"bi\"an # Debian\n", "debian", "debian", DISTRO_DEBIAN, WEAK_NONE,
	  "/updates/dkms", false },
	{ "XID=fedora\nID_LIKE_X=arch\nID=x", "x", "x", DISTRO_OTHER, WEAK_NONE, NULL, false },
	{ "ID=Debian\n", "Debian", "Debian", DISTRO_OTHER, WEAK_NONE, NULL, false },
	{ "ID=a\\\nID_LIKE=\"x\\\"y\\a\"\n", "a\\", "x\"y\\a", DISTRO_OTHER, WEAK_NONE, NULL,
	  false },
};

static void assert_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got ? got : "(null)", want);
	else
		assert_null(got);
}

static void families(void **state)
{
	for (size_t i = 0; i < COUNT_OF(family_cases); i++) {
		const struct family_case *c = &family_cases[i];
		CLEAN(distro) struct distro d = { 0 };

		distro_parse(c->text, &d);
		assert_text(d.id, c->id);
		assert_text(d.match, c->match);
		assert_int_equal(d.family, c->family);
		assert_int_equal(d.weak, c->weak);
		assert_text(d.dest, c->dest);
		assert_int_equal(d.is_rpm, c->is_rpm);
	}
}

static void names_for_people(void **state)
{
	CLEAN(distro) struct distro d = { 0 };

	distro_parse(DEBIAN, &d);
	assert_string_equal(d.name, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(d.release, "12");
}

static const struct headers_case {
	const char *text, *kernel, *package, *command;
} headers_cases[] = {
	{ DEBIAN, "6.1.0-56-amd64", "linux-headers-6.1.0-56-amd64",
	  "apt install linux-headers-6.1.0-56-amd64" },
	{ DEBIAN, "6.1.0-56-cloud-amd64", "linux-headers-6.1.0-56-cloud-amd64", NULL },
	{ DEBIAN, "6.8.12-4-pve", "proxmox-headers-6.8.12-4-pve", NULL },
	{ DEBIAN, "6.1.21-v8+", "raspberrypi-kernel-headers", NULL },
	{ DEBIAN, "6.6.31+rpt-rpi-v8", "linux-headers-6.6.31+rpt-rpi-v8", NULL },
	{ UBUNTU, "5.15.0-91-generic", "linux-headers-5.15.0-91-generic",
	  "apt install linux-headers-5.15.0-91-generic" },
	{ MINT, "5.15.0-91-lowlatency", "linux-headers-5.15.0-91-lowlatency", NULL },
	{ FEDORA, "6.5.6-300.fc39.x86_64", "kernel-devel-6.5.6-300.fc39.x86_64",
	  "dnf install kernel-devel-6.5.6-300.fc39.x86_64" },
	{ FEDORA, "6.5.6-300.fc39.x86_64+debug", "kernel-debug-devel-6.5.6-300.fc39.x86_64", NULL },
	{ RHEL, "5.14.0-362.8.1.el9_3.x86_64", "kernel-devel-5.14.0-362.8.1.el9_3.x86_64", NULL },
	{ RHEL, "5.14.0-362.8.1.el9_3.x86_64+rt", "kernel-rt-devel-5.14.0-362.8.1.el9_3.x86_64",
	  NULL },
	{ ROCKY, "5.14.0-362.8.1.el9_3.aarch64+64k",
	  "kernel-64k-devel-5.14.0-362.8.1.el9_3.aarch64", NULL },
	{ ROCKY, "5.15.0-200.el9uek.x86_64", "kernel-uek-devel-5.15.0-200.el9uek.x86_64", NULL },
	{ CENTOS7, "3.10.0-1160.el7.x86_64", "kernel-devel-3.10.0-1160.el7.x86_64",
	  "yum install kernel-devel-3.10.0-1160.el7.x86_64" },
	{ LEAP, "5.14.21-150500.55.39-default", "kernel-default-devel",
	  "zypper install kernel-default-devel" },
	{ SLES, "5.14.21-150500.13.27-rt", "kernel-rt-devel", NULL },
	{ TUMBLEWEED, "6.6.7-1-longterm", "kernel-longterm-devel", NULL },
	{ TUMBLEWEED, "6.6.7", "kernel-default-devel", NULL },
	{ ARCH, "6.6.8-arch1-1", "linux-headers", "pacman -S linux-headers" },
	{ ARCH, "6.1.69-1-lts", "linux-lts-headers", NULL },
	{ ARCH, "6.6.8-zen1-1-zen", "linux-zen-headers", NULL },
	{ ARCH, "6.6.7-hardened1-1-hardened", "linux-hardened-headers", NULL },
	{ ARCH, "6.1.59-rt16-1-rt-lts", "linux-rt-lts-headers", NULL },
	{ ARCH, "6.7.0-rc4", "linux-headers", NULL },
	{ MANJARO, "6.6.8-2-MANJARO", "linux66-headers", NULL },
	{ MANJARO, "6.5.2-rt8-1-MANJARO", "linux65-rt-headers", NULL },
	{ MANJARO, "x-MANJARO", NULL, NULL },
	{ GENTOO, "6.1.69-gentoo", "=sys-kernel/gentoo-sources-6.1.69",
	  "emerge --ask '=sys-kernel/gentoo-sources-6.1.69'" },
	{ GENTOO, "6.1.69-gentoo-r1-dist", "=sys-kernel/gentoo-kernel-6.1.69-r1", NULL },
	{ GENTOO, "6.1.69", NULL, NULL },
	{ ALPINE, "6.6.7-0-lts", "linux-lts-dev", "apk add linux-lts-dev" },
	{ ALPINE, "6.6.7", NULL, NULL },
	{ "ID=plan9\n", "6.6.7-0-lts", NULL, NULL },
	{ DEBIAN, "", NULL, NULL },
};

static void header_packages(void **state)
{
	for (size_t i = 0; i < COUNT_OF(headers_cases); i++) {
		const struct headers_case *c = &headers_cases[i];
		CLEAN(distro) struct distro d = { 0 };
		CLEAN(free) char *package = NULL, *command = NULL;

		distro_parse(c->text, &d);
		package = distro_headers_package(&d, c->kernel);
		assert_text(package, c->package);
		if (!c->command)
			continue;
		command = distro_install_command(&d, package);
		assert_text(command, c->command);
	}
}

static const struct compiler_case {
	const char *text, *compiler, *package;
} compiler_cases[] = {
	{ DEBIAN, "gcc-12", "gcc-12" },
	{ DEBIAN, "x86_64-linux-gnu-gcc-13", "gcc-13" },
	{ DEBIAN, "/usr/bin/clang-14", "clang-14" },
	{ DEBIAN, "ld.lld-14", "lld-14" },
	{ DEBIAN, "ld.lld", "lld" },
	{ DEBIAN, "notgcc", NULL },
	{ DEBIAN, "icc", NULL },
	{ FEDORA, "gcc", "gcc" },
	{ FEDORA, "gcc-13", "gcc" },
	{ LEAP, "gcc-12", "gcc12" },
	{ LEAP, "gcc", "gcc" },
	{ ARCH, "clang", "clang" },
	{ GENTOO, "gcc", "sys-devel/gcc" },
	{ GENTOO, "clang", "llvm-core/clang" },
	{ GENTOO, "ld.lld", "llvm-core/lld" },
	{ ALPINE, "gcc", "gcc" },
};

static void compiler_packages(void **state)
{
	for (size_t i = 0; i < COUNT_OF(compiler_cases); i++) {
		const struct compiler_case *c = &compiler_cases[i];
		CLEAN(distro) struct distro d = { 0 };
		CLEAN(free) char *package = NULL;

		distro_parse(c->text, &d);
		package = distro_compiler_package(&d, c->compiler);
		assert_text(package, c->package);
	}
}

static void cross_packages(void **state)
{
	static const struct compiler_case rows[] = {
		{ "ID=debian\n", "aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu" },
		{ "ID=fedora\n", "/usr/bin/s390x-linux-gnu-gcc", "gcc-s390x-linux-gnu" },
		{ "ID=arch\n", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-gcc" },
		{ "ID=debian\n", "aarch64-linux-gnu-clang", NULL },
		{ "ID=debian\n", "gcc", NULL },
		{ GENTOO, "aarch64-linux-gnu-gcc", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(distro) struct distro d = { 0 };
		CLEAN(free) char *package = NULL;

		distro_parse(rows[i].text, &d);
		package = distro_cross_package(&d, rows[i].compiler);
		assert_text(package, rows[i].package);
	}
}

static void no_command_where_unknown(void **state)
{
	CLEAN(distro) struct distro d = { 0 };

	distro_parse("ID=plan9\n", &d);
	assert_null(distro_install_command(&d, "x"));
}

static void place_can_be_overridden(void **state)
{
	CLEAN(distro) struct distro d = { 0 };

	distro_parse(ALPINE, &d);
	distro_set_dest(&d, NULL);
	distro_set_dest(&d, "");
	distro_set_dest(&d, "/updates/../../etc");
	assert_null(d.dest);
	distro_set_dest(&d, "updates//mine/");
	assert_string_equal(d.dest, "/updates/mine");
	distro_set_dest(&d, "/extra");
	assert_string_equal(d.dest, "/extra");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families),
		cmocka_unit_test(names_for_people),
		cmocka_unit_test(header_packages),
		cmocka_unit_test(compiler_packages),
		cmocka_unit_test(cross_packages),
		cmocka_unit_test(no_command_where_unknown),
		cmocka_unit_test(place_can_be_overridden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
