/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "sys/depmod_skeleton.h"
#include "sys/depmod_tree.h"
#include "temp_dir.h"

static void test_packing(void **state)
{
	static const struct {
		const char *name, *packing;
	} cases[] = {
		{ "a.ko", "" },	       { "a.ko.gz", ".gz" },	 { "a.ko.xz", ".xz" },
		{ "a.ko.zst", ".zst" }, { ".hidden.ko", "" },	 { "a.ko.bz2", NULL },
		{ "a.ko.dkms-new", NULL }, { "ko", NULL },	 { "modules.dep", NULL },
		{ ".a.ko.xz.dkms-new", NULL }, { "a.o", NULL },	 { "", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *got = module_packing(cases[i].name);

		if (cases[i].packing)
			assert_string_equal(got, cases[i].packing);
		else
			assert_null(got);
	}
}

static void test_index_files(void **state)
{
	static const char *const yes[] = { "modules.dep", "modules.dep.bin", "modules.builtin.bin",
					   "modules.builtin.alias.bin", "modules.weakdep" };
	static const char *const no[] = { "modules.order", "modules.builtin", "modules.builtin.modinfo",
					  "modules.dep.1234.5678.9", "build", "kernel" };

	for (size_t i = 0; i < COUNT_OF(yes); i++)
		assert_true(is_index_file(yes[i]));
	for (size_t i = 0; i < COUNT_OF(no); i++)
		assert_false(is_index_file(no[i]));
}

static void test_finds_modules(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(module_tree) struct module_tree t = { 0 };
	CLEAN(free) char *build = NULL, *vdso = NULL;

	temp_dir_make(&d);
	temp_dir_put(&d, "kernel/b/two.ko.xz", "2", 0644);
	temp_dir_put(&d, "kernel/a/one.ko", "1", 0644);
	temp_dir_put(&d, "top.ko.zst", "3", 0644);
	temp_dir_put(&d, "modules.dep", "", 0644);
	build = temp_dir_at(&d, "build");
	vdso = temp_dir_at(&d, "vmlinuz");
	assert_int_equal(symlink("/usr/src", build), 0);
	assert_int_equal(symlink("/etc/passwd", vdso), 0);
	module_tree_read(d.path, &t);
	assert_null(t.oddity);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.n_packed, 2);
	assert_string_equal(t.items[0].path, "kernel/a/one.ko");
	assert_non_null(module_tree_find(&t, "top.ko.zst"));
	assert_null(module_tree_find(&t, "top.ko"));
}

static void check_odd(const char *target, const char *name, const char *oddity)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(module_tree) struct module_tree t = { 0 };
	CLEAN(free) char *path = NULL;

	temp_dir_make(&d);
	temp_dir_put(&d, "kernel/one.ko", "1", 0644);
	path = temp_dir_at(&d, name);
	assert_int_equal(target ? symlink(target, path) : mkdir(path, 0755), 0);
	module_tree_read(d.path, &t);
	assert_string_equal(t.oddity, oddity);
}

static void test_sees_oddities(void **state)
{
	CLEAN(module_tree) struct module_tree none = { 0 };

	check_odd("kernel", "linked", "a link: linked");
	check_odd("one.ko", "kernel/two.ko", "a link: kernel/two.ko");
	check_odd("nowhere", "kernel/two.ko.xz", "a link: kernel/two.ko.xz");
	check_odd(NULL, "weak-updates", "weak-updates: weak-updates");
	check_odd(NULL, "kernel/two\nlines", "an odd directory: kernel/two\nlines");
	module_tree_read("/nonexistent", &none);
	assert_non_null(none.oddity);
}

/* Trees of the same two or three modules, seen in the order of the numbers. */
static bool same_order(const char *x, const char *y, unsigned x_in_b, unsigned y_in_b, bool all)
{
	struct tree_module a[] = { { .path = (char *)x, .place = 0 }, { .path = (char *)y, .place = 1 } };
	struct tree_module b[] = { { .path = (char *)x, .place = x_in_b },
				   { .path = (char *)y, .place = y_in_b } };
	struct module_tree s = { .items = a, .n = 2 }, t = { .items = b, .n = 2 };

	return module_tree_same_order(&s, &t, all);
}

static void test_order(void **state)
{
	assert_true(same_order("extra/a.ko", "kernel/b.ko", 1, 0, false));
	assert_false(same_order("extra/a.ko", "kernel/b.ko", 1, 0, true));
	assert_true(same_order("extra/a.ko", "kernel/b.ko", 3, 4, true));
	assert_true(same_order("extra/a.ko", "kernel/a.ko", 0, 1, false));
	assert_false(same_order("extra/a.ko", "kernel/a.ko", 1, 0, false));
	/* one name for the kernel */
	assert_false(same_order("extra/a-b.ko.xz", "kernel/a_b.ko", 1, 0, false));
	assert_false(same_order("extra/a.b.ko.xz", "kernel/a.ko", 1, 0, false));
	assert_true(same_order("extra/ab.ko", "kernel/a.ko", 1, 0, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packing),	      cmocka_unit_test(test_index_files),
		cmocka_unit_test(test_finds_modules), cmocka_unit_test(test_sees_oddities),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
