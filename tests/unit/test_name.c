/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "core/name.h"

static void valid(void **state)
{
	static const char *const good[] = { "v4l2loopback",
					    "6.1.0-56-amd64",
					    "1.0~rc1+dfsg",
					    "a b",
					    "...",
					    ".hidden",
					    "0.0~git20240408.aa96a9f+dfsg",
					    "\xc3\xa4",
					    "-" };
	static const char *const bad[] = {
		"", ".", "..", "a/b", "/", "a\n", "\t", "a\x7f", "../x"
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(name_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(name_is_valid(bad[i]));
	assert_false(name_is_valid(NULL));
}

static void kernels(void **state)
{
	assert_true(name_is_kernel("6.1.0-56-amd64"));
	assert_true(name_is_kernel("12.x"));
	assert_false(name_is_kernel("source"));
	assert_false(name_is_kernel(".6.1"));
	assert_false(name_is_kernel("6"));
	assert_false(name_is_kernel("6-1.0"));
	assert_false(name_is_kernel(""));
}

static void kernels_in_logs(void **state)
{
	static const char ours[] = "DKMS (dkms-4.0.0) make.log for hello/1.0 for kernel custom (x86_64)\nFri\n";

	assert_true(name_is_in_log(ours, "custom", "x86_64"));
	assert_true(name_is_in_log("DKMS make.log for hello-1.0 for kernel custom (i686)", "custom", "i686"));
	assert_false(name_is_in_log(ours, "custom", "i686"));
	assert_false(name_is_in_log(ours, "backup", "x86_64"));
	assert_false(name_is_in_log(ours, "ustom", "x86_64"));
	assert_false(name_is_in_log("\n for kernel custom (x86_64)", "custom", "x86_64"));
	assert_false(name_is_in_log("", "custom", "x86_64"));
	assert_true(name_is_beside_kernels("source"));
	assert_true(name_is_beside_kernels(".failed"));
	assert_false(name_is_beside_kernels("custom"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid),
		cmocka_unit_test(kernels),
		cmocka_unit_test(kernels_in_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
