/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "sys/install_tree.h"
#include "temp_dir.h"

static void names_of_module_files(void **state)
{
	static const struct {
		const char *file, *stem;
	} cases[] = {
		{ "a.ko", "a" },	{ "a.ko.gz", "a" },	 { "a.ko.xz", "a" },	{ "a.ko.zst", "a" },
		{ "a-b_c.ko", "a-b_c" }, { "a.ko.ko", "a.ko" }, { "a.ko.bz2", NULL }, { "a.ko.gz.origin", NULL },
		{ ".ko", NULL },	{ ".ko.gz", NULL },	 { "ko", NULL },	{ "", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(free) char *stem = module_file_stem(cases[i].file);

		if (!str_eq(stem, cases[i].stem))
			fail_msg("%s: %s", cases[i].file, stem ? stem : "none");
		if (stem)
			assert_true(module_file_is(cases[i].file, stem));
		assert_false(module_file_is(cases[i].file, "other"));
	}
	assert_false(module_file_is("ab.ko", "a"));
	assert_false(module_file_is("a.ko", "ab"));
}

static char *found(const struct temp_dir *d, int (*find)(const char *, const char *, struct strv *), const char *dir)
{
	CLEAN(free) char *path = temp_dir_at(d, dir);
	CLEAN(strv) struct strv paths = { 0 }, names = { 0 };

	assert_int_equal(find(path, "m", &paths), 0);
	for (size_t i = 0; i < paths.n; i++)
		strv_add(&names, paths.items[i] + strlen(d->path) + 1);
	return strv_join(&names, " ");
}

static void finding(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *below = NULL, *in = NULL, *none = NULL, *of_link = NULL;
	CLEAN(free) char *link = NULL, *dir_link = NULL, *fifo = NULL;

	temp_dir_make(&d);
	temp_dir_put(&d, "k/z/m.ko.xz", "", 0644);
	temp_dir_put(&d, "k/a/deep/m.ko", "", 0644);
	temp_dir_put(&d, "k/a/m.ko.old", "", 0644);
	temp_dir_put(&d, "k/a/other.ko", "", 0644);
	temp_dir_put(&d, "k/m.ko/m.ko.gz", "", 0644);
	link = temp_dir_at(&d, "k/z/m.ko");
	dir_link = temp_dir_at(&d, "k/build");
	fifo = temp_dir_at(&d, "k/z/m.ko.zst");
	assert_int_equal(symlink("m.ko.xz", link), 0);
	assert_int_equal(symlink("..", dir_link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	below = found(&d, module_files_below, "k");
	assert_string_equal(below, "k/a/deep/m.ko k/m.ko/m.ko.gz k/z/m.ko.xz");
	in = found(&d, module_files_in, "k/z");
	assert_string_equal(in, "k/z/m.ko k/z/m.ko.xz");
	none = found(&d, module_files_below, "nowhere");
	assert_string_equal(none, "");
	of_link = found(&d, module_files_below, "k/build");
	assert_string_equal(of_link, "");
}

/* An original goes back where its .origin says, but only to places below the kernel's modules. "%s" is that directory
 * as the origin may have written it. */
static const struct home_case {
	const char *origin, *home;
} homes[] = {
	{ NULL, "K/extra/m.ko" },
	{ "", "K/extra/m.ko" },
	{ "D/modules/k/kernel/m.ko\n", "D/modules/k/kernel/m.ko" },
	{ "D/modules/k/kernel/m.ko\nrest\n", "D/modules/k/kernel/m.ko" },
	/* by another name of the same place, also where directories are gone */
	{ "D/link/k/kernel/m.ko\n", "D/link/k/kernel/m.ko" },
	{ "D/link/k/gone/too/m.ko\n", "D/link/k/gone/too/m.ko" },
	{ "D/modules/k/gone/m.ko", "D/modules/k/gone/m.ko" },
	{ "D/modules/k/../m.ko\n", NULL },
	{ "D/modules/k/gone/../../m.ko\n", NULL },
	{ "D/modules/other/m.ko\n", NULL },
	{ "D/modules/kk/m.ko\n", NULL },
	{ "D/modules/k/out/m.ko\n", NULL }, /* out is a link to elsewhere */
	{ "modules/k/m.ko\n", NULL },
	{ "/nonexistent/m.ko\n", NULL },
	{ "/etc/passwd\n", NULL },
};

/* "D/x" is below the directory, "K/x" below the modules of the kernel; caller frees. */
static char *place(const struct temp_dir *d, const char *name)
{
	CLEAN(free) char *kernel = temp_dir_at(d, "modules/k");

	if (name && (*name == 'D' || *name == 'K') && name[1] == '/')
		return xasprintf("%s%s", *name == 'D' ? d->path : kernel, name + 1);
	return xstrdup(name);
}

static void homes_of_originals(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *kernel = NULL, *link = NULL, *out = NULL, *saved = NULL, *fallback = NULL, *elsewhere = NULL;

	temp_dir_make(&d);
	temp_dir_put(&d, "modules/k/kernel/x", "", 0644);
	temp_dir_put(&d, "modules/other/x", "", 0644);
	temp_dir_put(&d, "elsewhere/x", "", 0644);
	kernel = temp_dir_at(&d, "modules/k");
	link = temp_dir_at(&d, "link");
	out = temp_dir_at(&d, "modules/k/out");
	elsewhere = temp_dir_at(&d, "elsewhere");
	saved = temp_dir_at(&d, "saved");
	fallback = temp_dir_at(&d, "modules/k/extra");
	assert_int_equal(symlink("modules", link), 0);
	assert_int_equal(symlink(elsewhere, out), 0);
	for (size_t i = 0; i < COUNT_OF(homes); i++) {
		CLEAN(free) char *origin = place(&d, homes[i].origin), *want = place(&d, homes[i].home);
		CLEAN(free) char *got = NULL;

		if (origin)
			temp_dir_put(&d, "saved/m.ko.origin", origin, 0644);
		assert_int_equal(original_home(saved, "m.ko", kernel, fallback, &got), 0);
		if (!str_eq(got, want))
			fail_msg("%s: %s", origin ? origin : "no origin", got ? got : "refused");
	}
}

static void saving_and_staging(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *module = NULL, *saved = NULL, *copy = NULL, *home = NULL, *staged = NULL, *origin = NULL;
	CLEAN(strv) struct strv lost = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	const struct timespec times[] = { { .tv_sec = 1000 }, { .tv_sec = 2000, .tv_nsec = 5 } };
	struct stat st;
	char value[8];
	bool has_xattrs;

	temp_dir_make(&d);
	temp_dir_put(&d, "k/a/m.ko", "original", 0640);
	module = temp_dir_at(&d, "k/a/m.ko");
	saved = temp_dir_at(&d, "saved/k");
	copy = temp_dir_at(&d, "saved/k/m.ko");
	home = temp_dir_at(&d, "k/b/m.ko");
	has_xattrs = setxattr(module, "user.empty", "", 0, 0) == 0 && setxattr(module, "user.bytes", "\0\n\xff", 3, 0) == 0;
	assert_int_equal(utimensat(AT_FDCWD, module, times, 0), 0);
	assert_int_equal(original_save(module, saved, &lost, &f), 0);
	assert_true(path_is_file(module));
	origin = temp_dir_get(&d, "saved/k/m.ko.origin");
	assert_true(str_has_prefix(origin, module));
	assert_int_equal(original_stage(copy, home, &lost, &f), 0);
	staged = module_file_staged(home);
	assert_null(module_file_stem(path_base(staged)));
	assert_int_equal(file_same(staged, module), 1);
	assert_int_equal(stat(staged, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	assert_int_equal(lost.n, 0);
	if (!has_xattrs) /* a file system may have none */
		return;
	assert_int_equal(getxattr(staged, "user.empty", value, sizeof(value)), 0);
	assert_int_equal(getxattr(staged, "user.bytes", value, sizeof(value)), 3);
	assert_memory_equal(value, "\0\n\xff", 3);
}

/* Nothing half-made stays, and the message names what could not be written. */
static void what_cannot_be_staged(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *file = NULL, *below = NULL, *good = NULL, *staged = NULL, *missing = NULL, *link = NULL;
	CLEAN(strv) struct strv lost = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	temp_dir_make(&d);
	temp_dir_put(&d, "file", "", 0644);
	file = temp_dir_at(&d, "file");
	below = temp_dir_at(&d, "file/x/m.ko");
	good = temp_dir_at(&d, "k/m.ko");
	missing = temp_dir_at(&d, "missing");
	staged = module_file_staged(good);
	link = temp_dir_at(&d, "k/.m.ko.dkms-new");
	assert_string_equal(staged, link);
	assert_int_equal(module_file_stage(file, below, &f), -ENOTDIR);
	assert_int_equal(module_file_stage(missing, good, &f), -ENOENT);
	assert_non_null(strstr(f.text, good));
	assert_false(path_lexists(staged));
	assert_int_equal(module_file_stage_link(file, below, &f), -ENOTDIR);
	assert_int_equal(original_save(missing, below, &lost, &f), -ENOTDIR);
	assert_int_equal(original_save(missing, d.path, &lost, &f), -ENOENT);
	assert_non_null(strstr(f.text, missing));
	assert_int_equal(original_stage(missing, good, &lost, &f), -ENOENT);
	assert_int_equal(module_file_stage(file, good, &f), 0);
	assert_int_equal(module_file_stage_link(file, good, &f), 0);
	assert_true(path_is_link(staged));
	/* a directory of that name */
	assert_int_equal(unlink(staged), 0);
	assert_int_equal(dir_make(staged), 0);
	assert_int_equal(module_file_stage(file, good, &f), -EISDIR);
	assert_int_equal(module_file_stage_link(file, good, &f), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_module_files), cmocka_unit_test(finding),
		cmocka_unit_test(homes_of_originals),	 cmocka_unit_test(saving_and_staging),
		cmocka_unit_test(what_cannot_be_staged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
