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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid),
		cmocka_unit_test(kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
