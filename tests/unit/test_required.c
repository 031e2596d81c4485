/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/required.h"
#include "world.h"

#define K "6.1.0-2-amd64"

static const char world_text[] = "here/1.0 " K "*\n"
				 "older/1.0 " K "*\n"
				 "older/2.0\n"
				 "built/1.0 " K "\n"
				 "added/1.0\n"
				 "elsewhere/1.0 6.1.0-1-amd64*";

static void missing(void **state)
{
	static const struct {
		const char *required, *want;
	} rows[] = {
		{ NULL, "" },
		{ "", "" },
		{ "here", "" },
		/* any version will do */
		{ "older", "" },
		{ "built", "built" },
		{ "added", "added" },
		{ "elsewhere", "elsewhere" },
		{ "not-known-to-dkms", "" },
		{ "here added,built  added\tnone\n", "added built" },
		{ " , ", "" },
	};
	CLEAN(snapshot) struct snapshot s = { 0 };

	world_read(world_text, &s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEAN(strv) struct strv got = { 0 };
		CLEAN(free) char *text = NULL;

		required_missing(&s, rows[i].required, K, "x86_64", &got);
		text = strv_join(&got, " ");
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
