/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "core/outcome.h"

static void known_codes(void **state)
{
	assert_int_equal(outcome_exit_status(0), 0);
	assert_int_equal(outcome_exit_status(-E_NOT_ROOT), 1);
	assert_int_equal(outcome_exit_status(-E_USAGE), 2);
	assert_int_equal(outcome_exit_status(-E_BROKEN), 4);
	assert_int_equal(outcome_exit_status(-E_NO_HEADERS), 21);
	assert_int_equal(outcome_exit_status(-E_EXCLUDED), 77);
	assert_int_equal(outcome_exit_status(-E_PRE_INSTALL_FAILED), 101);
}

static void other_codes(void **state)
{
	assert_int_equal(outcome_exit_status(-ENOSPC), 1);
	assert_int_equal(outcome_exit_status(-(E_SCRIPT + 42)), 42);
	assert_string_equal(outcome_word(-(E_SCRIPT + 42)), "script-failed");
	assert_string_equal(outcome_word(-ENOSPC), "system-error");
	assert_string_equal(outcome_word(0), "done");
	assert_string_equal(outcome_word(-E_NO_HEADERS), "no-headers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_codes),
		cmocka_unit_test(other_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
