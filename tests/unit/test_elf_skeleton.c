/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "base/mem.h"
#include "core/elf_skeleton.h"
#include "core/module_info.h"
#include "fake_module.h"

/* Allocations of exactly that size, so that ASan sees a byte read beyond. */
static int make(const struct buf *from, struct buf *ret)
{
	CLEAN(free) char *copy = xmemdup(from->data, from->len);
	CLEAN(fail) struct fail f = { 0 };
	int r = elf_skeleton_make(copy, from->len, ret, &f);

	if (r < 0) {
		assert_non_null(f.text);
		assert_int_equal(ret->len, 0);
	}
	return r;
}

static const struct module_symbol *find(const struct module_symbol *items, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(items[i].name, name))
			return &items[i];
	return NULL;
}

static void check_same(const struct buf *module, const struct buf *skeleton)
{
	CLEAN(module_info) struct module_info a = { 0 };
	CLEAN(module_info) struct module_info b = { 0 };

	assert_int_equal(module_info_parse(module->data, module->len, &a, NULL), 0);
	assert_int_equal(module_info_parse(skeleton->data, skeleton->len, &b, NULL), 0);
	assert_string_equal(a.name, b.name);
	assert_string_equal(a.vermagic, b.vermagic);
	assert_int_equal(a.aliases.n, b.aliases.n);
	assert_int_equal(a.n_imports, b.n_imports);
	for (size_t i = 0; i < a.n_imports; i++) {
		assert_string_equal(a.imports[i].name, b.imports[i].name);
		assert_int_equal(a.imports[i].crc, b.imports[i].crc);
		assert_int_equal(a.imports[i].weak, b.imports[i].weak);
	}
	for (size_t i = 0; i < a.n_exports; i++) {
		const struct module_symbol *s = find(b.exports, b.n_exports, a.exports[i].name);

		if (!a.exports[i].has_crc)
			continue;
		assert_non_null(s);
		assert_int_equal(a.exports[i].crc, s->crc);
	}
}

static void test_keeps_what_depmod_reads(void **state)
{
	for (int ext = 0; ext < 2; ext++) {
		struct fake_module m = { .wide = true, .ext_versions = ext, .cms = fake_cms,
					 .cms_len = FAKE_CMS_LEN };
		CLEAN(buf) struct buf module = { 0 }, skeleton = { 0 }, again = { 0 };

		fake_module_make(&m, &module, NULL);
		assert_int_equal(make(&module, &skeleton), 0);
		check_same(&module, &skeleton);
		/* nothing that nobody asked for */
		assert_null(memmem(skeleton.data, skeleton.len, "__ksymtab_plain", 15));
		assert_null(memmem(skeleton.data, skeleton.len, "signature appended", 18));
		/* and a skeleton is its own */
		assert_int_equal(make(&skeleton, &again), 0);
		assert_int_equal(skeleton.len, again.len);
		assert_memory_equal(skeleton.data, again.data, again.len);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		struct fake_module m;
		int code;
	} cases[] = {
		{ { .wide = false }, -ENOTSUP },
		{ { .wide = true, .big = true }, -ENOTSUP },
		{ { .big = true }, -ENOTSUP },
		{ { .wide = true, .stripped = true }, -EBADMSG },
		{ { .wide = true, .extended = true }, -EBADMSG },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf) struct buf module = { 0 }, skeleton = { 0 };

		fake_module_make(&cases[i].m, &module, NULL);
		assert_int_equal(make(&module, &skeleton), cases[i].code);
	}
}

static void test_bounds_sizes(void **state)
{
	const struct fake_module m = { .wide = true };
	CLEAN(buf) struct buf module = { 0 };
	size_t whole;

	fake_module_make(&m, &module, NULL);
	whole = module.len;
	for (module.len = 0; module.len < whole; module.len++) {
		CLEAN(buf) struct buf skeleton = { 0 };

		assert_true(make(&module, &skeleton) < 0);
	}
}

/* Whatever a byte is changed to: refused, or a skeleton that is its own skeleton. */
static void test_survives_damage(void **state)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	const struct fake_module m = { .wide = true };
	CLEAN(buf) struct buf module = { 0 };

	fake_module_make(&m, &module, NULL);
	for (size_t i = 0; i < module.len; i++) {
		char was = module.data[i];

		for (size_t k = 0; k < COUNT_OF(values); k++) {
			CLEAN(buf) struct buf skeleton = { 0 }, again = { 0 };

			module.data[i] = (char)values[k];
			if (make(&module, &skeleton) < 0)
				continue;
			assert_true(skeleton.len < 8 * module.len + 1024);
			assert_int_equal(make(&skeleton, &again), 0);
			assert_int_equal(skeleton.len, again.len);
			assert_memory_equal(skeleton.data, again.data, again.len);
		}
		module.data[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_what_depmod_reads),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_bounds_sizes),
		cmocka_unit_test(test_survives_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
