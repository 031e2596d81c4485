/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "core/make_version.h"

static void which_take_a_fifo(void **state)
{
	static const struct {
		const char *text;
		bool takes;
	} rows[] = {
		{ "GNU Make 4.3\nBuilt for x86_64-pc-linux-gnu\n", false },
		{ "GNU Make 4.2.90\n", false },
		{ "GNU Make 4.4\n", true },
		{ "GNU Make 4.4.1\nBuilt for x86_64-pc-linux-gnu\n", true },
		{ "GNU Make 4.10\n", true },
		{ "GNU Make 5.0\n", true },
		{ "GNU Make 3.82\n", false },
		{ "GNU Make 4\n", false },
		{ "bmake 4.4\n", false },
		{ "", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(make_takes_fifo(rows[i].text), rows[i].takes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_take_a_fifo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
