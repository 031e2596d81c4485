/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "core/version.h"
#include "table.h"

static void check_row(const char *line, const struct strv *w)
{
	int c;

	if (w->n != 3)
		fail_msg("bad row: %s", line);
	c = version_compare(w->items[0], w->items[2]);
	switch (w->items[1][0]) {
	case '<':
		if (c >= 0 || version_compare(w->items[2], w->items[0]) <= 0)
			fail_msg("%s", line);
		break;
	case '>':
		if (c <= 0 || version_compare(w->items[2], w->items[0]) >= 0)
			fail_msg("%s", line);
		break;
	default:
		if (c != 0)
			fail_msg("%s", line);
	}
}

static void pairs(void **state)
{
	assert_true(table_each_row("version-order", check_row) > 25);
}

static void empty_is_smallest(void **state)
{
	assert_true(version_compare("", "0") < 0);
	assert_true(version_compare("", "") == 0);
	assert_true(version_compare("a", "\xff") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs),
		cmocka_unit_test(empty_is_smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
