/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/framework.h"

static char *dir;

static void put(const char *name, const char *text)
{
	CLEAN(free) char *path = path_join(dir, name);
	CLEAN(free) char *parent = path_dir(path);

	assert_int_equal(dir_make(parent), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644), 0);
}

static void load(const struct strv *env, struct framework *ret)
{
	CLEAN(fail) struct fail f = { 0 };

	if (framework_load(dir, "6.1.0-9", env, ret, &f) < 0)
		fail_msg("%s", f.text);
}

static void defaults(void **state)
{
	CLEAN(strv) struct strv env = { 0 };
	CLEAN(framework) struct framework fw = { 0 };

	load(&env, &fw);
	assert_null(fw.dkms_tree);
	assert_null(fw.tmp_location);
	assert_null(fw.sign_file);
	assert_false(fw.verbose);
	assert_true(fw.continue_on_error);
	assert_int_equal(fw.parallel_jobs, -1);
	assert_int_equal(fw.try_sign_modules, SIGN_NOT_IN_CHROOT);
	assert_string_equal(fw.compress_gzip_opts, "");
	assert_string_equal(fw.compress_xz_opts, "--check=crc32 --lzma2=dict=1MiB");
	assert_string_equal(fw.compress_zstd_opts, "-q --rm -T0");
	assert_int_equal(fw.archive_max_size, (uint64_t)4096 << 20);
	assert_int_equal(fw.archive_max_members, 200000);
	assert_null(fw.build_store);
	assert_int_equal(fw.build_store_size, (uint64_t)1024 << 20);
}

static void limits_of_archives(void **state)
{
	static const struct {
		const char *text;
		uint64_t size, members;
	} rows[] = {
		{ "archive_max_size=7\narchive_max_members=10\n", 7 << 20, 10 },
		{ "archive_max_size=0\narchive_max_members=0\n", 0, 0 },
		{ "archive_max_size=lots\narchive_max_members=-1\n", (uint64_t)4096 << 20, 200000 },
		{ "archive_max_size=9999999999\n", (uint64_t)4096 << 20, 200000 },
	};
	CLEAN(strv) struct strv env = { 0 };

	env_set(&env, "PATH", "/usr/bin:/bin");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(framework) struct framework fw = { 0 };

		put("framework.conf", rows[i].text);
		load(&env, &fw);
		assert_int_equal(fw.archive_max_size, rows[i].size);
		assert_int_equal(fw.archive_max_members, rows[i].members);
	}
}

static void wrong_values_are_told(void **state)
{
	static const struct {
		const char *text, *more, *env, *told;
	} rows[] = {
		{ "try_sign_modules=flase\n", "", "", "framework.conf: try_sign_modules is 'flase', which is not true, false or "
						      "not_in_chroot; it is passed over" },
		{ "parallel_jobs=abc\n", "", "", "framework.conf: parallel_jobs is 'abc', which is not a number" },
		{ "parallel_jobs=4\n", "parallel_jobs=-1\n", "", "framework.conf.d/more.conf: parallel_jobs is '-1'" },
		{ "", "continue_on_error=maybe\n", "", "continue_on_error is 'maybe', which is not true, yes, 1, false" },
		{ "build_store_size=1G\n", "", "", "build_store_size is '1G', which is not a number of MiB" },
		{ "archive_max_size=lots\n", "", "", "archive_max_size is 'lots'" },
		{ "archive_max_members=1k\n", "", "", "archive_max_members is '1k'" },
		{ "", "", "try_sign_modules", "the environment: try_sign_modules is 'x'" },
		{ "parallel_jobs=3\nexit 0\n", "", "", "framework.conf: it ends by exit" },
		/* what does not count needs no word */
		{ "parallel_jobs=abc\n", "parallel_jobs=3\n", "", NULL },
		{ "parallel_jobs=\n", "", "", NULL },
		{ "try_sign_modules=FALSE\ncontinue_on_error=No\nparallel_jobs=0\n", "", "", NULL },
		{ "try_sign_modules=true\nverbose=no\n", "return 0\n", "try_sign_modules", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(strv) struct strv env = { 0 };
		CLEAN(framework) struct framework fw = { 0 };

		env_set(&env, "PATH", "/usr/bin:/bin");
		if (*rows[i].env)
			env_set(&env, rows[i].env, "x");
		put("framework.conf", rows[i].text);
		put("framework.conf.d/more.conf", rows[i].more);
		load(&env, &fw);
		if (fw.warnings.n != (rows[i].told != NULL) ||
		    (rows[i].told && !strstr(fw.warnings.items[0], rows[i].told)))
			fail_msg("%zu: %zu warnings: %s", i, fw.warnings.n, fw.warnings.n ? fw.warnings.items[0] : "");
	}
	put("framework.conf", "");
	put("framework.conf.d/more.conf", "");
}

static void files_then_environment(void **state)
{
	CLEAN(strv) struct strv env = { 0 };
	CLEAN(framework) struct framework fw = { 0 };

	env_set(&env, "PATH", "/usr/bin:/bin");
	env_set(&env, "TMPDIR", "/scratch");
	env_set(&env, "parallel_jobs", "9");
	env_set(&env, "sign_file", "/env/sign");
	env_set(&env, "mok_signing_key", "/env/key");
	env_set(&env, "try_sign_modules", "true");
	env_set(&env, "post_transaction", "echo $kernelver");
	env_set(&env, "dkms_tree", "/env/tree"); /* not one of those */
	put("framework.conf", "# comment\nsource_tree=/src/$kernelver\nsign_file=/file/sign\n"
			      "verbose=1\ncontinue_on_error=false\ncompress_gzip_opts='-9  -n'\n");
	put("framework.conf.d/20-b.conf", "install_tree=/b");
	put("framework.conf.d/10-a.conf", "install_tree=/a; build_sandbox=$(echo strict)");
	put("framework.conf.d/30-c.conf~", "install_tree=/c");
	put("framework.conf.d/.x.conf", "install_tree=/hidden");
	load(&env, &fw);
	assert_string_equal(fw.source_tree, "/src/6.1.0-9");
	assert_string_equal(fw.install_tree, "/b");
	assert_string_equal(fw.build_sandbox, "strict");
	assert_string_equal(fw.sign_file, "/file/sign");
	assert_string_equal(fw.mok_signing_key, "/env/key");
	assert_string_equal(fw.tmp_location, "/scratch");
	assert_string_equal(fw.post_transaction, "echo $kernelver");
	assert_string_equal(fw.compress_gzip_opts, "-9 -n");
	assert_null(fw.dkms_tree);
	assert_int_equal(fw.parallel_jobs, 9);
	assert_int_equal(fw.try_sign_modules, SIGN_ALWAYS);
	assert_true(fw.verbose);
	assert_false(fw.symlink_modules);
	assert_false(fw.continue_on_error);
}

static void odd_values(void **state)
{
	CLEAN(strv) struct strv env = { 0 };
	CLEAN(framework) struct framework fw = { 0 };
	CLEAN(free) char *parts = path_join(dir, "framework.conf.d");

	env_set(&env, "PATH", "/usr/bin:/bin");
	put("framework.conf",
	    "parallel_jobs=many; try_sign_modules=maybe; autoinstall_all_kernels=no\n"
	    "tmp_location=; dkms_tree='';");
	assert_int_equal(tree_remove(parts), 0);
	load(&env, &fw);
	assert_int_equal(fw.parallel_jobs, -1);
	assert_int_equal(fw.try_sign_modules, SIGN_NOT_IN_CHROOT);
	assert_true(fw.autoinstall_all_kernels);
	assert_null(fw.tmp_location);
	assert_null(fw.dkms_tree);
}

static int make_dir(void **state)
{
	char template[] = "/tmp/dkms-unit-XXXXXX";

	dir = xstrdup(mkdtemp(template));
	return dir ? 0 : -1;
}

static int remove_dir(void **state)
{
	tree_remove(dir);
	free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(files_then_environment),
		cmocka_unit_test(odd_values),
		cmocka_unit_test(wrong_values_are_told),
		cmocka_unit_test(limits_of_archives),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
