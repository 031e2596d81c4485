/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/cpio.h"

static void headers(void **state)
{
	/* by GNU cpio: a file of 0x1a2b bytes called "abc" */
	static const char good[] = "070701000004D2000081A4000003E8000003E8000000016553F10000001A2B"
				   "00000008000000010000000000000000"
				   "0000000400000000";
	struct cpio_header h;

	assert_int_equal(strlen(good), CPIO_HEADER);
	assert_true(cpio_header_parse(good, &h));
	assert_int_equal(h.mode, 0100644);
	assert_int_equal(h.size, 0x1a2b);
	assert_int_equal(h.name_size, 4);
	/* no other magic, and no other digits in the fields that count */
	for (size_t i = 0; i < CPIO_HEADER; i++) {
		CLEAN(free) char *bad = xstrdup(good);
		bool counts = i < 6 || (i >= 14 && i < 22) || (i >= 54 && i < 62) || (i >= 94 && i < 102);

		bad[i] = 'x';
		assert_int_equal(cpio_header_parse(bad, &h), !counts);
	}
	assert_true(cpio_is_member("070702"));
	assert_false(cpio_is_member("070707"));
}

static void padding(void **state)
{
	assert_int_equal(cpio_padding(0), 0);
	assert_int_equal(cpio_padding(1), 3);
	assert_int_equal(cpio_padding(2), 2);
	assert_int_equal(cpio_padding(3), 1);
	assert_int_equal(cpio_padding(0x100000004), 0);
}

static void names(void **state)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		{ "lib/modules/6.1/updates/hello.ko", "hello" },
		{ "usr/lib/modules/6.1/kernel/a/b-c.ko.xz", "b-c" },
		{ "./usr/lib/modules/6.1/x.ko.zst", "x" },
		{ "/lib/modules/6.1/x.ko.gz", "x" },
		{ "usr/lib/modules/6.10/hello.ko", NULL },
		{ "usr/lib/modules/6.1", NULL },
		{ "usr/lib/modules/6.1/", NULL },
		{ "usr/lib/modules/6.1/.ko", NULL },
		{ "usr/lib/modules/6.1/hello.ko.bz2", NULL },
		{ "usr/lib/modules/6.1/hello.o", NULL },
		{ "mylib/modules/6.1/hello.ko", NULL },
		{ "etc/hello.ko", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(free) char *name = cpio_module_name(cases[i].path, "6.1");

		assert_true(str_eq(name, cases[i].name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(padding),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
