/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_limits.h"

#include <errno.h>

#include "unit.h"

enum { ROOM = 16 };

static const struct sandbox_limit *find(const struct sandbox_limit *l, size_t n, int resource)
{
	for (size_t i = 0; i < n; i++)
		if (l[i].resource == resource)
			return &l[i];
	return NULL;
}

static void defaults(void **state)
{
	struct sandbox_limit l[ROOM];
	size_t n = 0;

	assert_int_equal(build_limits_parse(NULL, l, ROOM, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(find(l, n, RLIMIT_CORE)->value, 0);
	assert_int_equal(find(l, n, RLIMIT_NPROC)->value, 8192);
}

static void values(void **state)
{
	struct sandbox_limit l[ROOM];
	size_t n = 0;

	assert_int_equal(build_limits_parse(" as=4G  nproc=unlimited\tnofile=100 cpu=2k", l, ROOM, &n, NULL), 0);
	assert_int_equal(find(l, n, RLIMIT_AS)->value, (rlim_t)4 << 30);
	assert_int_equal(find(l, n, RLIMIT_NPROC)->value, RLIM_INFINITY);
	assert_int_equal(find(l, n, RLIMIT_NOFILE)->value, 100);
	assert_int_equal(find(l, n, RLIMIT_CPU)->value, 2048);
	assert_int_equal(n, 5);
}

static void wrong_words(void **state)
{
	static const char *const words[] = { "as",    "as=",	 "as=-1", "as=1T", "as=1GG",
					     "as=x",  "colour=1", "=1",	  "as=99999999999999999999" };

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct sandbox_limit l[ROOM];
		CLEAN(fail) struct fail f = { 0 };
		size_t n = 0;

		assert_int_equal(build_limits_parse(words[i], l, ROOM, &n, &f), -EINVAL);
		assert_non_null(strstr(f.text, words[i]));
		assert_int_equal(n, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(values),
		cmocka_unit_test(wrong_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
