/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <string.h>

#include "base/util.h"
#include "core/kconfig.h"

static const char text[] = "# a comment\n"
			   "CONFIG_A=y\n"
			   "CONFIG_AB=m\n"
			   "CONFIG_C=\"gcc-12 (Debian 12.2.0-14) \\\"12\\\"\"\n"
			   "CONFIG_D=0x1f\r\n"
			   "CONFIG_TWICE=y\n"
			   "CONFIG_TWICE=n\n"
			   "CONFIG_GONE=y\n"
			   "# CONFIG_GONE is not set\n"
			   "# CONFIG_NEVER is not set\n"
			   "XCONFIG_X=y\n"
			   "CONFIG_EMPTY=\n"
			   "CONFIG_E=\"\"\n"
			   "CONFIG_LAST=m";

static const struct kconfig kc = { text, sizeof(text) - 1 };

static void check(const char *symbol, const char *value)
{
	CLEAN(free) char *v = kconfig_get(&kc, symbol);

	if (!str_eq(v, value))
		fail_msg("%s: got '%s', want '%s'", symbol, v ? v : "(null)",
			 value ? value : "(null)");
}

static void values(void **state)
{
	check("CONFIG_A", "y");
	check("CONFIG_AB", "m");
	check("CONFIG_C", "gcc-12 (Debian 12.2.0-14) \"12\"");
	check("CONFIG_D", "0x1f");
	check("CONFIG_TWICE", "n");
	check("CONFIG_GONE", NULL);
	check("CONFIG_NEVER", NULL);
	check("CONFIG_X", NULL);
	check("CONFIG_", NULL);
	check("CONFIG_EMPTY", "");
	check("CONFIG_E", "");
	check("CONFIG_LAST", "m");
	check("", NULL);
}

static void on(void **state)
{
	assert_true(kconfig_is_on(&kc, "CONFIG_A"));
	assert_true(kconfig_is_on(&kc, "CONFIG_LAST"));
	assert_false(kconfig_is_on(&kc, "CONFIG_TWICE"));
	assert_false(kconfig_is_on(&kc, "CONFIG_GONE"));
	assert_false(kconfig_is_on(&kc, "CONFIG_C"));
}

/* Nothing beyond len is looked at, whatever stands there. */
static void bounded(void **state)
{
	for (size_t n = 0; n <= kc.len; n++) {
		CLEAN(free) char *copy = malloc(n + 1);
		struct kconfig part = { copy, n };
		CLEAN(free) char *v = NULL;

		memcpy(copy, text, n);
		part.text = realloc(copy, n ? n : 1);
		copy = (char *)part.text;
		v = kconfig_get(&part, "CONFIG_LAST");
		assert_true(!v || n >= kc.len - 1);
	}
	assert_null(kconfig_get(&(struct kconfig){ NULL, 0 }, "CONFIG_A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(on),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
