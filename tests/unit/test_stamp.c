/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <time.h>

#include "sys/stamp.h"
#include "temp_dir.h"

/* Whenever between two ticks of the clock a file was changed: to wait a little is always enough. */
static void young_files(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *path = NULL;
	struct file_stamp kept, now;

	temp_dir_make(&d);
	path = temp_dir_at(&d, "x");
	for (int i = 0; i < 20; i++) {
		const struct timespec some = { .tv_nsec = i * 700000 };

		nanosleep(&some, NULL);
		temp_dir_put(&d, "x", "text", 0600);
		stamp_keep(AT_FDCWD, path, false, &kept);
		stamp_keep(AT_FDCWD, path, true, &kept);
		assert_true(kept.is_known);
		stamp_look(AT_FDCWD, path, &now);
		assert_true(file_stamp_same(&kept, &now));
	}
}

static void none(void **state)
{
	struct file_stamp s;

	stamp_keep(AT_FDCWD, "/nonexistent", true, &s);
	assert_false(s.is_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(young_files),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
