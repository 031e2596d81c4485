/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/outcome.h"
#include "core/package.h"

static void names(void **state)
{
	static const struct {
		char *(*make)(const char *);
		const char *from, *to;
	} cases[] = {
		{ package_name, "hello", "hello" },
		{ package_name, "My_Driver", "my-driver" },
		{ package_name, "rtl88x2BU.git+1", "rtl88x2bu.git+1" },
		{ package_debian_version, "0.1", "0.1" },
		{ package_debian_version, "eol", "0~eol" },
		{ package_debian_version, "v1.2-3", "0~v1.2-3" },
		{ package_debian_version, "1_2", "1.2" },
		{ package_native_version, "1.2-3_4", "1.2+3.4" },
		{ package_rpm_version, "1.2-3", "1.2_3" },
		{ package_rpm_version, "eol", "0~eol" },
		{ package_debian_arch, "x86_64", "amd64" },
		{ package_debian_arch, "i686", "i386" },
		{ package_debian_arch, "aarch64", "arm64" },
		{ package_debian_arch, "riscv64", "riscv64" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(free) char *got = cases[i].make(cases[i].from);

		assert_string_equal(got, cases[i].to);
	}
}

static void what_can_be_a_name(void **state)
{
	static const struct {
		const char *module, *version;
		bool good;
	} cases[] = {
		{ "hello", "0.1", true },
		{ "My_Driver-2", "1.0~rc1+git", true },
		{ "hello", "eol", true },
		{ "9p", "1", true },
		{ "hello dolly", "1", false },
		{ "hello;reboot", "1", false },
		{ "$(reboot)", "1", false },
		{ "hello", "1'", false },
		{ "hello", "1:2", false },
		{ "hello", "-1", false },
		{ "-hello", "1", false },
		{ ".hello", "1", false },
		{ "hello", "1%{lua:x}", false },
		{ "hall\303\266", "1", false },
		{ "hello", "", false },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(fail) struct fail f = { 0 };
		int r = package_check_names(cases[i].module, cases[i].version, &f);

		assert_int_equal(r, cases[i].good ? 0 : -E_BAD_NAME);
	}
	assert_int_equal(package_check_kernel("6.1.0-56-amd64", NULL), 0);
	assert_int_equal(package_check_kernel("6.1.0 $x", NULL), -E_BAD_NAME);
}

static void filling(void **state)
{
	static const struct package_word words[] = {
		{ "MODULE_NAME", "My_Driver" },
		{ "MODULE_VERSION", "MODULE_NAME" },
		{ "MODULE_NAMESPACE", "longest" },
		{ "EMPTY", "" },
	};
	static const char *const cases[][2] = {
		{ "Package: MODULE_NAME-dkms\n", "Package: My_Driver-dkms\n" },
		{ "xMODULE_NAMEx MODULE_NAM", "xMy_Driverx MODULE_NAM" },
		{ "MODULE_VERSION", "MODULE_NAME" },
		{ "MODULE_NAMESPACE", "longest" },
		{ "<EMPTY>", "<>" },
		{ "", "" },
		{ "$(NAME) %{x}", "$(NAME) %{x}" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf) struct buf b = { 0 };

		package_fill(cases[i][0], strlen(cases[i][0]), words, COUNT_OF(words), &b);
		assert_string_equal(buf_str(&b), cases[i][1]);
	}
}

static void a_version_without_its_source(void **state)
{
	char k1[] = "6.1.0-56-amd64", k2[] = "6.12.1+x", arch[] = "x86_64";
	const struct target targets[] = { { k1, arch }, { k2, arch } };
	CLEAN(free) char *line = package_exclusive_line(targets, COUNT_OF(targets));

	assert_string_equal(line, "BUILD_EXCLUSIVE_KERNEL='^(6\\.1\\.0-56-amd64|6\\.12\\.1\\+x)$'\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(what_can_be_a_name),
		cmocka_unit_test(filling),
		cmocka_unit_test(a_version_without_its_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
