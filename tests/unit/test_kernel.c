/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/env.h"
#include "sys/kernel.h"
#include "sys/run.h"
#include "sys/toolchain.h"
#include "temp_dir.h"

static void suffix_follows_the_kernels_own(void **state)
{
	static const struct {
		const char *files; /* separated by blanks */
		const char *suffix;
	} rows[] = {
		{ "", ".ko" },
		{ "kernel/a.ko", ".ko" },
		{ "kernel/fs/a.ko.xz", ".ko.xz" },
		{ "kernel/a.ko.gz kernel/b.ko.xz", ".ko.xz" },
		{ "kernel/a.ko.xz kernel/b.ko.zst kernel/c.ko.gz", ".ko.zst" },
		{ "kernel/a.ko kernel/b.ko.gz", ".ko.gz" },
		{ "kernel/a.ko updates/b.ko.zst extra/c.ko.xz", ".ko" },
		{ "updates/dkms/b.ko.zst", ".ko.zst" },
		{ "kernel/a.komodo updates/b.ko.xz", ".ko.xz" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(temp_dir) struct temp_dir d = { 0 };
		CLEAN(kernel) struct kernel k = { 0 };
		CLEAN(strv) struct strv files = { 0 };

		temp_dir_make(&d);
		temp_dir_put(&d, "6.1.0/modules.order", "", 0644);
		temp_dir_put(&d, "elsewhere/c.ko.zst", "", 0644);
		strv_split(&files, rows[i].files, " ");
		for (size_t n = 0; n < files.n; n++) {
			CLEAN(free) char *name = path_join("6.1.0", files.items[n]);

			temp_dir_put(&d, name, "", 0644);
		}
		{
			CLEAN(free) char *build = temp_dir_at(&d, "6.1.0/build");

			assert_int_equal(symlink("../elsewhere", build), 0);
		}
		kernel_init(&k, "6.1.0", "x86_64", d.path, NULL, NULL);
		if (!str_eq(kernel_suffix(&k), rows[i].suffix))
			fail_msg("'%s' gives %s", rows[i].files, kernel_suffix(&k));
	}
}

static void configuration_is_where_it_should_be(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *source = NULL, *config = NULL;

	temp_dir_make(&d);
	source = temp_dir_at(&d, "headers");
	config = temp_dir_at(&d, "my config");
	{
		CLEAN(kernel) struct kernel k = { 0 };

		kernel_init(&k, "6.1.0", "x86_64", d.path, source, NULL);
		assert_false(kernel_has_headers(&k));
		assert_false(kernel_is_installed(&k));
		assert_false(kernel_has_config(&k));
		assert_false(kconfig_is_on(kernel_config(&k), "CONFIG_A"));
	}
	temp_dir_put(&d, "headers/.config", "CONFIG_A=y\n", 0644);
	{
		CLEAN(kernel) struct kernel k = { 0 };

		kernel_init(&k, "6.1.0", "x86_64", d.path, source, NULL);
		assert_true(kconfig_is_on(kernel_config(&k), "CONFIG_A"));
	}
	temp_dir_put(&d, "headers/include/config/auto.conf", "CONFIG_B=y\n", 0644);
	temp_dir_put(&d, "my config", "CONFIG_C=y\n", 0644);
	temp_dir_put(&d, "6.1.0/build/include/x", "", 0644);
	{
		CLEAN(kernel) struct kernel k = { 0 }, own = { 0 }, plain = { 0 };

		kernel_init(&k, "6.1.0", "x86_64", d.path, source, NULL);
		assert_true(kernel_has_headers(&k));
		assert_true(kernel_is_installed(&k));
		assert_false(kconfig_is_on(kernel_config(&k), "CONFIG_A"));
		assert_true(kconfig_is_on(kernel_config(&k), "CONFIG_B"));
		kernel_init(&own, "6.1.0", "x86_64", d.path, source, config);
		assert_true(kconfig_is_on(kernel_config(&own), "CONFIG_C"));
		kernel_init(&plain, "6.1.0", "x86_64", d.path, NULL, NULL);
		assert_true(kernel_has_headers(&plain));
		assert_null(plain.config_path);
	}
}

struct tool_row {
	const char *config;	     /* auto.conf */
	const char *kernelvariables; /* NULL: no such file */
	const char *cc, *ld, *strip, *missing;
};

/* "have" and "clang" are on PATH, "lost" is not */
static const struct tool_row tools[] = {
	{ "", NULL, NULL, NULL, "strip", NULL },
	{ "CONFIG_CC_VERSION_TEXT=\"have (Debian 12) 12.2\"\n", "CC = other\n", "have", NULL,
	  "strip", NULL },
	{ "CONFIG_CC_VERSION_TEXT=lost (Debian 12) 12.2\n", NULL, NULL, NULL, "strip", "lost" },
	{ "CONFIG_CC_VERSION_TEXT=\"lost 12\"\n", "CC = $(if $(NO),x) $(PRE)gcc-0\n", "gcc-0", NULL,
	  "strip", "lost" },
	{ "CONFIG_CC_VERSION_TEXT=\"lost 12\"\n", "CC = $(PRE)have\n", "have", NULL, "strip",
	  NULL },
	{ "CONFIG_CC_VERSION_TEXT=\"lost 12\"\n", "override ARCH = x86\n", NULL, NULL, "strip",
	  "lost" },
	{ "CONFIG_CC_VERSION_TEXT=\"lost 12\"\n", "this is no makefile\n", NULL, NULL, "strip",
	  "lost" },
	{ "", "override CC := have gcc-0\n", "have gcc-0", NULL, "strip", NULL },
	{ "CONFIG_CC_VERSION_TEXT=\"clang version 14\"\nCONFIG_CC_IS_CLANG=y\nCONFIG_LD_IS_LLD=y\n",
	  NULL, "clang", "ld.lld", "llvm-strip", NULL },
	{ "CONFIG_CC_VERSION_TEXT=\"Debian clang version 14\"\nCONFIG_CC_IS_CLANG=y\n", "CC = x\n",
	  "clang", NULL, "llvm-strip", NULL },
};

static void check_tool(const char *what, size_t row, const char *got, const char *want)
{
	if (!str_eq(got, want))
		fail_msg("row %zu: %s is %s, not %s", row, what, got ? got : "unset",
			 want ? want : "unset");
}

static void toolchain_follows_the_kernel(void **state)
{
	for (size_t i = 0; i < COUNT_OF(tools); i++) {
		const struct tool_row *t = &tools[i];
		CLEAN(temp_dir) struct temp_dir d = { 0 };
		CLEAN(kernel) struct kernel k = { 0 };
		CLEAN(strv) struct strv env = { 0 };
		CLEAN(toolchain) struct toolchain got = { 0 };
		CLEAN(free) char *path = NULL;

		temp_dir_make(&d);
		temp_dir_put(&d, "6.1.0/build/include/config/auto.conf", t->config, 0644);
		temp_dir_put(&d, "bin/have", "", 0755);
		temp_dir_put(&d, "bin/clang", "", 0755);
		temp_dir_put(&d, "bin/lost", "", 0644);
		if (t->kernelvariables)
			temp_dir_put(&d, "6.1.0/build/.kernelvariables", t->kernelvariables, 0644);
		path = xasprintf("%s/bin:/usr/bin:/bin", d.path);
		env_set(&env, "PATH", path);
		env_set(&env, "CC", "from-the-environment");
		env_set(&env, "MAKEFLAGS", "-n");
		kernel_init(&k, "6.1.0", "x86_64", d.path, NULL, NULL);
		assert_int_equal(toolchain_choose(&k, &env, &got, NULL), 0);
		check_tool("CC", i, got.cc, t->cc);
		check_tool("LD", i, got.ld, t->ld);
		check_tool("strip", i, got.strip, t->strip);
		check_tool("missing", i, got.missing, t->missing);
	}
}

/* vmlinux is an object file with the .comment section that the compiler wrote */
static void vmlinux_knows_its_compiler(void **state)
{
	static const char assemble[] =
		"printf '.section .comment\\n.string \"%s\"\\n' \"$1\" | as -o \"$2\" -";
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *vmlinux = NULL;

	temp_dir_make(&d);
	temp_dir_put(&d, "6.1.0/build/.config", "CONFIG_CC_IS_CLANG=y\n", 0644);
	vmlinux = temp_dir_at(&d, "6.1.0/build/vmlinux");
	for (int clang = 0; clang < 2; clang++) {
		const char *const argv[] = { "sh",
					     "-c",
					     assemble,
					     "sh",
					     clang ? "Debian clang version 14.0.6" : "GCC: 12.2.0",
					     vmlinux,
					     NULL };
		struct run r = { .argv = argv, .out_fd = RUN_INHERIT, .err_fd = RUN_INHERIT };
		CLEAN(kernel) struct kernel k = { 0 };
		struct run_result res = { 0 };

		assert_int_equal(run_command(&r, &res, NULL), 0);
		assert_int_equal(res.status, 0);
		kernel_init(&k, "6.1.0", "x86_64", d.path, NULL, NULL);
		assert_int_equal(kernel_is_clang(&k), clang);
	}
	/* what is no object file says nothing: the configuration does */
	for (int i = 0; i < 3; i++) {
		static const char *const texts[] = {
			"", "\177ELF\2\1\1",
			("no vmlinux, but text as long as "
			 "a header of one, so that the magic is looked at"),
		};
		CLEAN(kernel) struct kernel k = { 0 };

		temp_dir_put(&d, "6.1.0/build/vmlinux", texts[i], 0644);
		kernel_init(&k, "6.1.0", "x86_64", d.path, NULL, NULL);
		assert_true(kernel_is_clang(&k));
	}
}

static void running_kernel(void **state)
{
	CLEAN(free) char *release = kernel_running_release(), *arch = kernel_running_arch();

	assert_true(release[0] >= '1' && release[0] <= '9');
	assert_true(*arch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suffix_follows_the_kernels_own),
		cmocka_unit_test(configuration_is_where_it_should_be),
		cmocka_unit_test(toolchain_follows_the_kernel),
		cmocka_unit_test(vmlinux_knows_its_compiler),
		cmocka_unit_test(running_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
