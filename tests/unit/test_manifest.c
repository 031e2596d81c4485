/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "base/mem.h"
#include "core/manifest.h"

static const struct file_stamp stamp = {
	true, 4711, 300000, 1700000000, 1700000001, 123, 999999999
};
static const struct file_stamp early = { true, 18446744073709551615U, 0, -1, 0, 0, 1 };

static struct manifest_override overrides[] = { { "hello.conf", { true, 1, 2, 3, 4, 5, 6 } } };
static struct manifest_module modules[] = {
	{ "hello",
	  "/updates/dkms",
	  "hello.ko.xz",
	  { true, 1, 2, 3, 4, 5, 6 },
	  "updates/dkms/hello.ko.xz",
	  { true, 7, 8, 9, 10, 11, 12 } },
	{ "two words", "", "two words.ko", { 0 }, NULL, { 0 } },
};

static void sample(const char *record, struct buf *out)
{
	const struct manifest m = {
		.scope = 0xfedcba9876543210,
		.used = "kernelver arch",
		.conf = stamp,
		.needs_config = true,
		.config = early,
		.dir = stamp,
		.overrides = overrides,
		.n_overrides = COUNT_OF(overrides),
		.modules = modules,
		.n_modules = COUNT_OF(modules),
	};

	assert_true(manifest_fits(&m));
	manifest_format(&m, record, out);
}

static void there_and_back(void **state)
{
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(manifest) struct manifest m = { 0 };

	sample("built today\nsource x\n", &b);
	assert_string_equal(manifest_record(b.data, b.len), "built today\nsource x\n");
	assert_int_equal(manifest_parse(b.data, b.len, &m), 0);
	assert_true(m.scope == 0xfedcba9876543210);
	assert_string_equal(m.used, "kernelver arch");
	assert_true(file_stamp_same(&m.conf, &stamp));
	assert_true(m.needs_config);
	assert_true(file_stamp_same(&m.config, &early));
	assert_true(file_stamp_same(&m.dir, &stamp));
	assert_int_equal(m.n_overrides, 1);
	assert_string_equal(m.overrides[0].name, "hello.conf");
	assert_true(file_stamp_same(&m.overrides[0].stamp, &overrides[0].stamp));
	assert_int_equal(m.n_modules, 2);
	assert_string_equal(m.modules[0].dest_name, "hello");
	assert_string_equal(m.modules[0].dest_location, "/updates/dkms");
	assert_string_equal(m.modules[0].file, "hello.ko.xz");
	assert_string_equal(m.modules[0].installed, "updates/dkms/hello.ko.xz");
	assert_true(file_stamp_same(&m.modules[0].built, &modules[0].built));
	assert_true(file_stamp_same(&m.modules[0].installed_stamp, &modules[0].installed_stamp));
	assert_string_equal(m.modules[1].dest_name, "two words");
	assert_null(m.modules[1].installed);
	assert_false(m.modules[1].built.is_known);
}

static void every_cut_is_seen(void **state)
{
	CLEAN(buf) struct buf b = { 0 };
	size_t memory;

	sample("record\n", &b);
	memory = b.len - strlen("record\n");
	for (size_t n = 0; n < b.len; n++) {
		CLEAN(free) char *copy = xmemdup(b.data, b.len + 1);
		CLEAN(manifest) struct manifest m = { 0 };
		int r;

		assert_null(manifest_record(copy, n));
		r = manifest_parse(copy, n, &m);
		assert_true(n < memory ? r == -EAGAIN || r == -EBADMSG : r == 0);
	}
}

static void every_changed_byte_is_seen(void **state)
{
	CLEAN(buf) struct buf b = { 0 };

	sample("record\n", &b);
	for (size_t i = 0; i < b.len; i++) {
		CLEAN(free) char *copy = xmemdup(b.data, b.len + 1);
		CLEAN(manifest) struct manifest m = { 0 };
		bool has_record;

		copy[i] ^= 1;
		has_record = manifest_record(copy, b.len);
		assert_true(!has_record || manifest_parse(copy, b.len, &m) < 0);
	}
}

static void every_field_of_a_stamp_counts(void **state)
{
	struct file_stamp s;

	assert_true(file_stamp_same(&stamp, &stamp));
#define DIFFERS(field) s = stamp, s.field++, assert_false(file_stamp_same(&s, &stamp))
	DIFFERS(inode);
	DIFFERS(size);
	DIFFERS(mtime_sec);
	DIFFERS(mtime_nsec);
	DIFFERS(ctime_sec);
	DIFFERS(ctime_nsec);
#undef DIFFERS
	s = stamp;
	s.is_known = false;
	assert_false(file_stamp_same(&s, &stamp));
	assert_false(file_stamp_same(&s, &s));
}

static void control_characters_do_not_fit(void **state)
{
	struct manifest_module odd = modules[0];
	const struct manifest m = { .modules = &odd, .n_modules = 1 };

	assert_true(manifest_fits(&m));
	odd.dest_name = "a\tb";
	assert_false(manifest_fits(&m));
	odd.dest_name = "a";
	odd.file = "a\n.ko";
	assert_false(manifest_fits(&m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(every_cut_is_seen),
		cmocka_unit_test(every_changed_byte_is_seen),
		cmocka_unit_test(every_field_of_a_stamp_counts),
		cmocka_unit_test(control_characters_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
