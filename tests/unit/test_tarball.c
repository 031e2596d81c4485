/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/tarball.h"

static char kernel[512], arch[] = "x86_64", k1[] = "6.1.0-1", k2[] = "6.1.0-2";

static void names(void **state)
{
	const struct target two[] = { { k1, arch }, { k2, arch } };
	CLEAN(free) char *none = tarball_name("m", "1", NULL, 0);
	CLEAN(free) char *one = tarball_name("m", "1", two, 1);
	CLEAN(free) char *both = tarball_name("m", "1", two, 2);

	assert_string_equal(none, "m-1-source-only.dkms.tar.gz");
	assert_string_equal(one, "m-1-kernel6.1.0-1-x86_64.dkms.tar.gz");
	assert_string_equal(both, "m-1-kernel6.1.0-1-x86_64-kernel6.1.0-2-x86_64.dkms.tar.gz");
}

/* "kernel" + 187 + "-x86_64" are 200 characters */
static void many_kernels(void **state)
{
	const struct target t[] = { { kernel, arch } };
	CLEAN(free) char *fits = NULL, *many = NULL;

	memset(kernel, '6', 186);
	fits = tarball_name("m", "1", t, 1);
	memset(kernel, '6', 187);
	many = tarball_name("m", "1", t, 1);
	assert_non_null(strstr(fits, kernel + 1));
	assert_string_equal(many, "m-1-manykernels.dkms.tar.gz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(many_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
