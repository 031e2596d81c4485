/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <sys/resource.h>

#include "build_world.h"
#include "core/outcome.h"
#include "sys/module_file.h"

/* In the signer's place: leaves its mark, or refuses. */
int signer_sign(const struct signer *s, const char *path, struct fail *f)
{
	CLEAN(fd) int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (str_eq(s->key, "bad"))
		return fail_set(f, -EACCES, "the key is bad");
	assert_true(str_has_suffix(path, ".ko"));
	assert_int_equal(fd_write_all(fd, "signed", 6), 0);
	return 0;
}

static void assert_file(struct world *w, const char *name, const char *text)
{
	CLEAN(free) char *got = world_get(w, name);

	assert_string_equal(got, text);
}

static void assert_in_file(struct world *w, const char *name, const char *text)
{
	CLEAN(free) char *got = world_get(w, name);

	if (!strstr(got, text))
		fail_msg("'%s' is not in %s:\n%s", text, name, got);
}

static void assert_in_built(struct world *w, const char *name, bool there)
{
	CLEAN(free) char *path = path_join(w->built, name);

	assert_int_equal(world_has(w, path), there);
}

static void assert_modes(struct world *w, const char *below)
{
	CLEAN(free) char *dir = path_join(w->dir, below);
	CLEAN(strv) struct strv names = { 0 };

	assert_int_equal(dir_list(dir, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *name = path_join(below, names.items[i]);
		CLEAN(free) char *path = path_join(w->dir, name);
		struct stat st;

		assert_int_equal(lstat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, S_ISDIR(st.st_mode) ? 0755 : 0644);
		if (S_ISDIR(st.st_mode))
			assert_modes(w, name);
	}
}

/* What must be left of a build that failed. */
static void assert_failed(struct world *w, const char *status)
{
	assert_int_equal(world_has(w, w->built), 0);
	assert_int_equal(world_has(w, "tree/drv/1.0/6.1.0"), 0);
	assert_int_equal(world_has(w, "tree/drv/1.0/.new-6.1.0-x86_64"), 0);
	assert_int_equal(world_has(w, "tree/drv/1.0/build/make.log"), 1);
	assert_true(str_has_suffix(w->result.log_path, "/tree/drv/1.0/build/make.log"));
	assert_int_equal(world_has(w, "tree/drv/1.0/.failed/6.1.0/x86_64/log"), 1);
	assert_in_file(w, "tree/drv/1.0/.failed/6.1.0/x86_64/record", status);
	assert_non_null(w->fail.text);
}

static void builds(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(free) char *phases = NULL;

	world_set_up(&w);
	world_put(&w, "src/drv-1.0/Module.symvers", "", 0600);
	strv_add(&w.deps, "base=1.2=3");
	assert_int_equal(world_build(&w), 0);
	phases = strv_join(&w.phases, " ");
	assert_string_equal(phases, "copy make finish");
	assert_in_built(&w, "module/drv-dest.ko", true);
	assert_in_built(&w, "module/Module.symvers", true);
	assert_in_built(&w, "log/make.log", true);
	assert_file(&w, "tree/drv/1.0/6.1.0/x86_64/.dep_base", "1.2=3\n");
	assert_modes(&w, w.built);
	assert_int_equal(world_has(&w, "tree/drv/1.0/build"), 0);
	assert_true(str_has_suffix(w.result.log_path, "/tree/drv/1.0/6.1.0/x86_64/log/make.log"));
	assert_int_equal(world_has(&w, "tree/drv/1.0/.failed"), 0);
}

static bool regex_matches(const char *pattern, const char *text)
{
	regex_t re;
	bool yes;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

static void log_has_its_form(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(strv) struct strv lines = { 0 };
	CLEAN(free) char *log = NULL, *shown = NULL;

	world_set_up(&w);
	w.conf.make = (char *)"cp made drv.ko; echo one; echo two >&2; printf three";
	assert_int_equal(world_build(&w), 0);
	log = world_get(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log");
	for (char *p = log, *q; (q = strchr(p, '\n')); p = q + 1) {
		*q = '\0';
		strv_add(&lines, p);
	}
	assert_int_equal(lines.n, 12);
	assert_string_equal(lines.items[0], "DKMS (dkms-" DKMS_VERSION
					    ") make.log for drv/1.0 for kernel 6.1.0 (x86_64)");
	shown = xasprintf("# command: %s", w.conf.make);
	assert_string_equal(lines.items[2], "");
	assert_string_equal(lines.items[3], "Building module(s)");
	assert_string_equal(lines.items[4], shown);
	assert_string_equal(lines.items[5], "one");
	assert_string_equal(lines.items[6], "two");
	assert_string_equal(lines.items[7], "three");
	assert_string_equal(lines.items[8], "");
	assert_string_equal(lines.items[9], "# exit code: 0");
	assert_int_equal(regex_matches("^# elapsed time: [0-9][0-9]:[0-9][0-9]:[0-9][0-9]$",
				       lines.items[10]),
			 1);
	assert_string_equal(lines.items[11],
			    "----------------------------------------------------------------");
}

static void commands_see_what_they_may(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(free) char *want = NULL;

	world_set_up(&w);
	env_set(&w.environment, "CFLAGS", "-Wbad");
	env_set(&w.environment, "MAKEFLAGS", "-n");
	env_set(&w.environment, "HELLO", "there");
	strv_add(&w.directives, "FROM_DIRECTIVE=a b");
	w.toolchain.cc = (char *)"my cc";
	w.toolchain.ld = (char *)"ld.lld";
	w.conf.make =
		(char *)"cp made drv.ko; show() { echo \"$kernelver|$arch|$module|$module_version|"
			"$dkms_tree|$PWD\"; sh -c 'echo "
			"\"$kernelver|$module|$dkms_tree|$CC|$KERNEL_CC|$LD|$KERNEL_LD|"
			"$CFLAGS|$MAKEFLAGS|$HELLO|$FROM_DIRECTIVE\"'; }; show";
	assert_int_equal(world_build(&w), 0);
	want = xasprintf("\n6.1.0|x86_64|drv|1.0|%s|%s/drv/1.0/build\n"
			 "6.1.0|drv||my cc|my cc|ld.lld|ld.lld|||there|a b\n",
			 w.dkms_tree, w.dkms_tree);
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log", want);
}

static void paths_through_links_stay_as_they_were_given(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(free) char *link = NULL, *want = NULL;

	world_set_up(&w);
	link = path_join(w.dir, "link");
	assert_int_equal(symlink("tree", link), 0);
	w.job.dkms_tree = link;
	w.conf.make = (char *)"cp made drv.ko; pwd";
	assert_int_equal(world_build(&w), 0);
	want = xasprintf("\n%s/drv/1.0/build\n", link);
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log", want);
}

static void build_environment_file_wins(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(free) char *file = NULL;

	world_set_up(&w);
	world_put(&w, "etc/build-env",
		  "export CC=\"file's own for $kernelver\nline two\"\nunset HELLO\n"
		  "NOT_EXPORTED=1\necho noise\n",
		  0644);
	file = path_join(w.etc_dir, "build-env");
	env_set(&w.environment, "HELLO", "there");
	w.framework.build_environment = file;
	w.toolchain.cc = (char *)"gcc";
	w.conf.make = (char *)"cp made drv.ko; echo \"<$CC|$HELLO|$NOT_EXPORTED|$module>\"";
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 0);
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log",
		       "\n<file's own for 6.1.0\nline two|||drv>\n");
}

static void build_environment_that_is_missing(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	w.framework.build_environment = (char *)"/no/such/file";
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 1);
}

static void make_fails(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	w.conf.make = (char *)"echo 'drv.c:1:1: error: no such thing'; exit 3";
	assert_int_equal(world_build(&w), -E_MAKE_FAILED);
	assert_failed(&w, "exit-status: 10\n");
	assert_in_file(&w, "tree/drv/1.0/build/make.log", "# exit code: 3\n");
	assert_int_equal(w.result.errlog.lines.n > 0, 1);
	/* and is forgotten when it builds */
	w.conf.make = (char *)"cp made drv.ko";
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(world_has(&w, "tree/drv/1.0/.failed"), 0);
}

static void nothing_to_build_from(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(free) char *made = NULL;

	world_set_up(&w);
	made = path_join(w.source, "made");
	assert_int_equal(unlink(made), 0);
	assert_int_equal(world_build(&w), -E_NO_SOURCE);
	assert_int_equal(world_has(&w, "tree/drv/1.0/build/old"), 1);
	assert_int_equal(world_has(&w, "tree/drv/1.0/.failed"), 0);
}

static const char good_patch[] = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-old\n+new\n";

static void patches_apply(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	world_put(&w, "src/drv-1.0/f", "old\n", 0644);
	world_put(&w, "src/drv-1.0/patches/a.patch", "this is replaced by the administrator\n",
		  0644);
	world_put(&w, "etc/drv/patches/a.patch", good_patch, 0644);
	w.patches[0].name = (char *)"a.patch";
	w.conf.n_patches = 1;
	w.conf.make = (char *)"cp made drv.ko; cat f";
	assert_int_equal(world_build(&w), 0);
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log",
		       "\n\nApplying patch a.patch\n# command: patch -p1 < ./patches/a.patch\n"
		       "patching file f\n\n# exit code: 0\n");
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log", "cat f\nnew\n");
}

static void patches_fail(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	world_put(&w, "src/drv-1.0/f", "other\n", 0644);
	world_put(&w, "src/drv-1.0/patches/a.patch", good_patch, 0644);
	w.patches[0].name = (char *)"a.patch";
	w.conf.n_patches = 1;
	assert_int_equal(world_build(&w), -E_PATCH_FAILED);
	assert_failed(&w, "exit-status: 6\n");
	w.patches[0].name = (char *)"b.patch";
	assert_int_equal(world_build(&w), -E_PATCH_MISSING);
	assert_failed(&w, "exit-status: 5\n");
	w.patches[0].name = (char *)"../patches/a.patch";
	assert_int_equal(world_build(&w), -E_PATCH_MISSING);
}

static void scripts_run(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(free) char *want = NULL;

	world_set_up(&w);
	world_put(&w, "src/drv-1.0/tools/pre.sh",
		  "#!/bin/sh\necho \"pre $0 $1 $2 $PWD $kernelver\"\n", 0755);
	world_put(&w, "src/drv-1.0/post.sh", "#!/bin/sh\ncp drv.ko \"$1\"\n", 0755);
	w.conf.pre_build = (char *)"tools/pre.sh 'a b' $kernelver && echo after > left";
	w.conf.post_build = (char *)"post.sh '../of post'";
	w.conf.make = (char *)"cat left; cp made drv.ko";
	assert_int_equal(world_build(&w), 0);
	want = xasprintf("\nRunning the pre_build script\n# command: cd %s/drv/1.0/build/ && "
			 "%s/drv/1.0/build/tools/pre.sh 'a b' $kernelver && echo after > left\n"
			 "pre %s/drv/1.0/build/tools/pre.sh a b 6.1.0 %s/drv/1.0/build 6.1.0\n",
			 w.dkms_tree, w.dkms_tree, w.dkms_tree, w.dkms_tree);
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log", want);
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log", "cp made drv.ko\nafter\n");
	assert_int_equal(world_has(&w, "tree/drv/1.0/of post"), 1);
}

static void script_of_the_administrator(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(free) char *want = NULL;

	world_set_up(&w);
	world_put(&w, "src/drv-1.0/pre.sh", "#!/bin/sh\nexit 1\n", 0755);
	world_put(&w, "etc/drv/pre.sh", "#!/bin/sh\necho \"mine in $PWD\"\n", 0755);
	w.conf.pre_build = (char *)"pre.sh";
	assert_int_equal(world_build(&w), 0);
	want = xasprintf("\nmine in %s/drv\n", w.etc_dir);
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log", want);
}

static void scripts_fail(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	world_put(&w, "src/drv-1.0/fail.sh", "#!/bin/sh\nexit 42\n", 0755);
	w.conf.pre_build = (char *)"fail.sh";
	assert_int_equal(world_build(&w), -(E_SCRIPT + 42));
	assert_failed(&w, "exit-status: 42\n");
	w.conf.pre_build = (char *)"no-such.sh";
	w.conf.post_build = (char *)"fail.sh x";
	assert_int_equal(world_build(&w), -(E_SCRIPT + 42));
	assert_int_equal(w.warnings.n, 1);
	assert_in_built(&w, "module/drv-dest.ko", true);
	assert_in_built(&w, "log", true);
	assert_int_equal(world_has(&w, "tree/drv/1.0/build/make.log"), 1);
	assert_int_equal(world_has(&w, "tree/drv/1.0/build/drv.ko"), 1);
	assert_int_equal(world_has(&w, "tree/drv/1.0/.failed"), 0);
}

static void promised_module_is_missing(void **state)
{
	static const char *const makes[] = {
		"true",
		"ln -s /etc/passwd drv.ko",
		"ln -s ../../../../src/drv-1.0/made drv.ko",
		"mkdir drv.ko",
		"mkfifo drv.ko",
		"mkdir sub; ln -s / sub/d; ln -s sub/d/etc/passwd drv.ko",
	};
	CLEAN(world) struct world w;

	world_set_up(&w);
	for (size_t i = 0; i < COUNT_OF(makes); i++) {
		w.conf.make = (char *)makes[i];
		if (world_build(&w) != -E_NO_RESULT)
			fail_msg("'%s' is taken for a result", makes[i]);
		assert_failed(&w, "exit-status: 7\n");
	}
	w.module.built_location = (char *)"../../../../src/drv-1.0/";
	w.module.built_name = (char *)"made";
	world_put_module(&w, "src/drv-1.0/made.ko");
	assert_int_equal(world_build(&w), -E_NO_RESULT);
}

static void result_through_links_within(void **state)
{
	static const char *const makes[] = {
		"mkdir out; cp made out/x.ko; ln -s out/x.ko drv.ko",
		"mkdir out; cp made out/x.ko; ln -s \"$PWD/out/x.ko\" drv.ko",
		"mkdir out; cp made out/x.ko; ln -s ../build/out/x.ko drv.ko",
	};
	CLEAN(world) struct world w;

	world_set_up(&w);
	for (size_t i = 0; i < COUNT_OF(makes); i++) {
		w.conf.make = (char *)makes[i];
		if (world_build(&w) != 0)
			fail_msg("'%s' is no result: %s", makes[i], w.fail.text);
		assert_modes(&w, w.built);
	}
}

static void force_replaces_in_one_step(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	assert_int_equal(world_build(&w), 0);
	world_put(&w, "tree/drv/1.0/6.1.0/x86_64/mark", "old", 0644);
	w.job.force = true;
	w.conf.make = (char *)"exit 1";
	assert_int_equal(world_build(&w), -E_MAKE_FAILED);
	assert_in_built(&w, "mark", true);
	assert_in_built(&w, "log/make.log", true);
	w.conf.make = (char *)"cp made drv.ko";
	assert_int_equal(world_build(&w), 0);
	assert_in_built(&w, "mark", false);
	assert_in_built(&w, "module/drv-dest.ko", true);
	assert_int_equal(world_has(&w, "tree/drv/1.0/.new-6.1.0-x86_64"), 0);
}

static void excluded_modules_are_not_expected(void **state)
{
	CLEAN(world) struct world w;
	struct conf_module two[2];
	bool left_out[2] = { false, true };
	struct conf_exclusion x = { .modules = left_out };

	world_set_up(&w);
	two[0] = two[1] = w.module;
	two[1].built_name = two[1].dest_name = (char *)"other";
	w.conf.modules = two;
	w.conf.n_modules = 2;
	assert_int_equal(world_build(&w), -E_NO_RESULT);
	w.job.exclusion = &x;
	assert_int_equal(world_build(&w), 0);
	assert_in_built(&w, "module/other.ko", false);
}

static void no_module_at_all_builds(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	w.conf.n_modules = 0;
	assert_int_equal(world_build(&w), 0);
	assert_in_built(&w, "module", true);
}

static void of_another_kernel(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	/* the headers alone give a warning */
	world_put(&w, "modules/6.1.0/build/include/config/kernel.release", "6.1.0-other\n", 0644);
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 1);
	/* what others put there does not count, a shipped module decides */
	world_put_narrow_module(&w, "modules/6.1.0/updates/a.ko");
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 1);
	world_put_narrow_module(&w, "modules/6.1.0/kernel/a.ko");
	w.job.force = true;
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 1);
	w.job.force = false;
	assert_int_equal(world_build(&w), -E_WRONG_RESULT);
	world_put_module(&w, "modules/6.1.0/kernel/a.ko");
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 0);
}

#define LAYOUT "0x11223344\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\n"
#define PRINTK "0xcafe0001\tprintk\tvmlinux\tEXPORT_SYMBOL\n"
#define KFREE  "0x00000000\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n"

/* The made-up module imports module_layout, printk, kfree and, weakly, one more; what nothing offers is told. */
static const struct offers_case {
	const char *symvers, *warnings;
} offers_cases[] = {
	{ NULL, "" },
	{ LAYOUT PRINTK KFREE, "" },
	{ LAYOUT "0xCAFE0001\tprintk\n" KFREE, "" },
	{ LAYOUT PRINTK, "'drv-dest.ko' needs the symbol 'kfree', which nothing offers to kernel 6.1.0" },
	{ LAYOUT "0xcafe0002\tprintk\tvmlinux\tEXPORT_SYMBOL\n" KFREE,
	  "'drv-dest.ko' needs the symbol 'printk' with another CRC than kernel 6.1.0 has it" },
	/* in lines that are damaged nothing is offered */
	{ LAYOUT "cafe0001\tprintk\n0x1122334455\tkfree\n0x\tkfree\n0x1g\tkfree\n0x1\nkfree",
	  "'drv-dest.ko' needs the symbol 'kfree', which nothing offers to kernel 6.1.0; "
	  "'drv-dest.ko' needs the symbol 'printk', which nothing offers to kernel 6.1.0" },
};

static void expect_warnings(struct world *w, const char *what, const char *want)
{
	CLEAN(free) char *got = NULL;

	assert_int_equal(world_build(w), 0);
	got = strv_join(&w->warnings, "; ");
	if (!str_eq(got, want))
		fail_msg("%s: %s", what, got);
}

static void symbols_that_nothing_offers(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	for (size_t i = 0; i < COUNT_OF(offers_cases); i++) {
		if (offers_cases[i].symvers)
			world_put(&w, "modules/6.1.0/build/Module.symvers", offers_cases[i].symvers, 0644);
		expect_warnings(&w, offers_cases[i].symvers ? offers_cases[i].symvers : "no file",
				offers_cases[i].warnings);
	}
}

/* What is installed beside the kernel's own offers symbols too; the kernel's own are in Module.symvers. */
static void symbols_of_installed_modules(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	world_put(&w, "modules/6.1.0/build/Module.symvers", LAYOUT PRINTK KFREE, 0644);
	world_put_elf(&w, "src/drv-1.0/made",
		      &(struct fake_module){ .wide = true, .needs = "elsewhere" });
	expect_warnings(&w, "nowhere", "'drv-dest.ko' needs the symbol 'elsewhere', which nothing offers to kernel 6.1.0");
	/* its own exports count */
	world_put_elf(&w, "src/drv-1.0/made", &(struct fake_module){ .wide = true, .needs = "offered" });
	expect_warnings(&w, "itself", "");
	/* of one without a symbol table there are the names only, and no exports of ours */
	world_put_elf(&w, "src/drv-1.0/made", &(struct fake_module){ .wide = true, .needs = "other" });
	world_put_elf(&w, "modules/6.1.0/kernel/a.ko", &(struct fake_module){ .wide = true, .stripped = true });
	expect_warnings(&w, "not in the kernel's", "'drv-dest.ko' needs the symbol 'other', which nothing offers to kernel "
						   "6.1.0");
	world_put(&w, "modules/6.1.0/updates/b.ko", "no module", 0644);
	world_put_elf(&w, "modules/6.1.0/updates/dkms/c.ko",
		      &(struct fake_module){ .wide = true, .stripped = true });
	expect_warnings(&w, "in updates", "");
}

static void many_symbols_are_not_all_named(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	struct conf_module modules[4] = { 0 };
	CLEAN(world) struct world w;

	world_set_up(&w);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		modules[i] = (struct conf_module){ .built_name = (char *)names[i],
						   .built_location = (char *)"",
						   .dest_name = (char *)names[i],
						   .dest_location = (char *)"/updates" };
	w.conf.modules = modules;
	w.conf.n_modules = COUNT_OF(modules);
	w.conf.make = (char *)"for i in a b c d; do cp made $i.ko; done";
	world_put(&w, "modules/6.1.0/build/Module.symvers", LAYOUT, 0644);
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 6);
	assert_string_equal(w.warnings.items[5], "3 more symbols are missing or have another CRC");
}

static void what_is_no_module_is_told(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	world_put(&w, "src/drv-1.0/made", "text", 0644);
	assert_int_equal(world_build(&w), -E_WRONG_RESULT);
	assert_int_equal(w.warnings.n, 0);
	assert_non_null(strstr(w.fail.text, "is no kernel module: "));
	w.job.force = true;
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 1);
	assert_true(str_has_prefix(w.warnings.items[0], "'drv-dest.ko' does not look like a kernel module: "));
}

static void compresses_as_the_kernel_does(void **state)
{
	static const char *const suffixes[] = { "gz", "xz", "zst" };
	CLEAN(world) struct world w;

	world_set_up(&w);
	w.framework.compress_xz_opts = (char *)"--check=crc32 --lzma2=dict=1MiB";
	w.framework.compress_zstd_opts = (char *)"-q -T0";
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		CLEAN(free) char *kernel = xasprintf("6.1.%zu", i);
		CLEAN(free)
		char *like = xasprintf("modules/%s/kernel/a.ko.%s", kernel, suffixes[i]);
		CLEAN(free) char *name = xasprintf("module/drv-dest.ko.%s", suffixes[i]);

		world_put(&w, like, "", 0644);
		world_set_kernel(&w, kernel);
		assert_int_equal(world_build(&w), 0);
		assert_in_built(&w, name, true);
		assert_in_built(&w, "module/drv-dest.ko", false);
		assert_modes(&w, w.built);
	}
}

static void signs_what_will_be_loaded(void **state)
{
	struct signer signer = { .method = SIGN_HELPER, .key = (char *)"good" };
	CLEAN(world) struct world w;
	CLEAN(free) char *file = NULL;
	CLEAN(buf) struct buf b = { 0 };

	world_set_up(&w);
	world_put(&w, "modules/6.1.0/kernel/a.ko.gz", "", 0644);
	w.job.signer = &signer;
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 0);
	file = xasprintf("%s/%s/module/drv-dest.ko.gz", w.dir, w.built);
	assert_int_equal(module_file_load(file, &b, NULL), 0);
	assert_true(b.len > 6);
	assert_memory_equal(b.data + b.len - 6, "signed", 6);
	/* what cannot be signed is stored all the same */
	signer.key = (char *)"bad";
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 1);
	assert_non_null(strstr(w.warnings.items[0], "the key is bad"));
	signer.method = SIGN_OFF;
	assert_int_equal(world_build(&w), 0);
	assert_int_equal(w.warnings.n, 0);
}

static void full_disk_leaves_no_half_copy(void **state)
{
	CLEAN(world) struct world w;
	CLEAN(strv) struct strv left = { 0 };
	CLEAN(free) char *build = NULL;
	struct rlimit old, small = { 200, 200 };

	world_set_up(&w);
	build = path_join(w.dkms_tree, "drv/1.0/build");
	/* the nearest to a full disk that a test can have: a limit on the size of files */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(world_build(&w), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(w.fail.text, "/source/made'"));
	assert_null(w.result.log_path);
	assert_int_equal(dir_list(build, &left), 0);
	assert_int_equal(left.n, 0);
	assert_int_equal(world_has(&w, "tree/drv/1.0/6.1.0"), 0);
}

static void interrupted_is_not_failed(void **state)
{
	CLEAN(world) struct world w;
	sigset_t term, before;

	world_set_up(&w);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	/* in a sandbox it has no parent that it could see */
	w.conf.build_sandbox = (char *)"off";
	w.conf.make = (char *)"kill -TERM $PPID; sleep 60";
	assert_int_equal(world_build(&w), -ECANCELED);
	assert_int_equal(sigtimedwait(&term, NULL, &(struct timespec){ 0 }), SIGTERM);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(world_has(&w, "tree/drv/1.0/.failed"), 0);
	assert_int_equal(world_has(&w, "tree/drv/1.0/6.1.0"), 0);
	assert_int_equal(world_has(&w, "tree/drv/1.0/build/make.log"), 1);
}

static void log_survives_what_a_build_does_to_it(void **state)
{
	CLEAN(world) struct world w;

	world_set_up(&w);
	w.conf.make = (char *)"cp made drv.ko; rm make.log; ln -s /etc/passwd make.log; echo here";
	assert_int_equal(world_build(&w), 0);
	assert_in_file(&w, "tree/drv/1.0/6.1.0/x86_64/log/make.log", "\nhere\n");
	assert_modes(&w, w.built);
}

/* A kernel whose headers are here, of the smallest flavour if there is a choice; caller frees. */
static char *kernel_with_headers(void)
{
	CLEAN(strv) struct strv names = { 0 };
	char *found = NULL;

	dir_list("/lib/modules", &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free)
		char *include = path_join("/lib/modules", names.items[i], "build/include");

		if (path_is_dir(include) && (!found || strstr(names.items[i], "cloud")))
			str_set(&found, names.items[i]);
	}
	return found;
}

static void a_real_module(void **state)
{
	CLEAN(free)
	char *kernel = kernel_with_headers(), *link = NULL, *file = NULL;
	CLEAN(toolchain) struct toolchain tools = { 0 };
	CLEAN(module_info) struct module_info mi = { 0 };
	char dir[] = "/tmp/dkms-build-XXXXXX";
	CLEAN(world) struct world w;

	if (!kernel) {
		puts("no kernel headers below /lib/modules");
		skip();
	}
	world_set_up_at(&w, dir); /* kbuild does not take blanks */
	link = path_join(w.dkms_tree, "drv/1.0/source");
	assert_int_equal(link_set(EXAMPLES_DIR "/hello", link), 0);
	free(w.install_tree);
	w.job.install_tree = w.install_tree = xstrdup("/lib/modules");
	world_set_kernel(&w, kernel);
	assert_int_equal(toolchain_choose(&w.kernel, &w.environment, &tools, NULL), 0);
	w.job.toolchain = &tools;
	w.module.built_name = (char *)"dkms_hello";
	w.module.strip = true;
	w.conf.make = NULL;
	w.framework.compress_xz_opts = (char *)"--check=crc32 --lzma2=dict=1MiB";
	w.framework.compress_zstd_opts = (char *)"-q --rm -T0";
	if (world_build(&w) != 0) {
		CLEAN(free) char *log = world_get(&w, "tree/drv/1.0/build/make.log");

		fail_msg("%s\n%s", w.fail.text, log);
	}
	for (size_t i = 0; i < w.warnings.n; i++)
		fail_msg("warning: %s", w.warnings.items[i]);
	file = xasprintf("%s/%s/module/drv-dest%s", w.dir, w.built, kernel_suffix(&w.kernel));
	assert_int_equal(module_file_info(file, &mi, NULL), 0);
	assert_string_equal(mi.name, "dkms_hello");
	assert_string_equal(mi.version, "1.0");
	assert_true(str_has_prefix(mi.vermagic, kernel));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds),
		cmocka_unit_test(log_has_its_form),
		cmocka_unit_test(commands_see_what_they_may),
		cmocka_unit_test(paths_through_links_stay_as_they_were_given),
		cmocka_unit_test(build_environment_file_wins),
		cmocka_unit_test(build_environment_that_is_missing),
		cmocka_unit_test(make_fails),
		cmocka_unit_test(nothing_to_build_from),
		cmocka_unit_test(patches_apply),
		cmocka_unit_test(patches_fail),
		cmocka_unit_test(scripts_run),
		cmocka_unit_test(script_of_the_administrator),
		cmocka_unit_test(scripts_fail),
		cmocka_unit_test(promised_module_is_missing),
		cmocka_unit_test(result_through_links_within),
		cmocka_unit_test(force_replaces_in_one_step),
		cmocka_unit_test(excluded_modules_are_not_expected),
		cmocka_unit_test(no_module_at_all_builds),
		cmocka_unit_test(of_another_kernel),
		cmocka_unit_test(symbols_that_nothing_offers),
		cmocka_unit_test(symbols_of_installed_modules),
		cmocka_unit_test(many_symbols_are_not_all_named),
		cmocka_unit_test(what_is_no_module_is_told),
		cmocka_unit_test(compresses_as_the_kernel_does),
		cmocka_unit_test(signs_what_will_be_loaded),
		cmocka_unit_test(full_disk_leaves_no_half_copy),
		cmocka_unit_test(interrupted_is_not_failed),
		cmocka_unit_test(log_survives_what_a_build_does_to_it),
		cmocka_unit_test(a_real_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
