/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/conf.h"

static const char debian[] = "/updates/dkms";

/* A conf from lines "NAME[1]=value". PACKAGE_NAME and PACKAGE_VERSION are there unless `bare`. */
struct given {
	struct conf conf;
	struct conf_target target;
	const char *dest;
	bool bare;
};

static void clean_given(struct given *g)
{
	conf_done(&g->conf);
}

static void build(struct given *g, const char *text)
{
	CLEAN(conf_values) struct conf_values v = { 0 };
	CLEAN(strv) struct strv lines = { 0 };

	conf_values_init(&v, &conf_names);
	if (!g->bare) {
		conf_values_set(&v, CONF_PACKAGE_NAME, 0, "foo");
		conf_values_set(&v, CONF_PACKAGE_VERSION, 0, "1.0");
	}
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (!conf_values_set_text(&v, lines.items[i]))
			fail_msg("bad test line: %s", lines.items[i]);
	conf_build(&v, &g->target, g->dest, &g->conf);
}

/* All complaints as one text: "0 text; 1 text", -1 left out. */
static char *told(const struct conf_problems *p)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		if (i)
			buf_add_str(&b, "; ");
		if (p->items[i].record >= 0)
			buf_add_fmt(&b, "#%d ", p->items[i].record);
		buf_add_str(&b, p->items[i].text);
	}
	return buf_take(&b);
}

static void check_problems(const char *text, const struct conf_problems *p, const char *want)
{
	CLEAN(free) char *got = told(p);

	if (!str_eq(got, want))
		fail_msg("%s\n got: %s\nwant: %s", text, got, want);
}

#define ONE "DEST_MODULE_LOCATION=/kernel/x\n"

static void one_module_by_default(void **state)
{
	CLEAN(given) struct given g = { .target = { .kernel = "6.1.0-9", .arch = "x86_64" } };

	build(&g, ONE);
	check_problems("", &g.conf.errors, "");
	check_problems("", &g.conf.warnings, "");
	assert_int_equal(g.conf.n_modules, 1);
	assert_string_equal(g.conf.module, "foo");
	assert_string_equal(g.conf.version, "1.0");
	assert_string_equal(g.conf.modules[0].built_name, "foo");
	assert_string_equal(g.conf.modules[0].built_location, "");
	assert_string_equal(g.conf.modules[0].dest_name, "foo");
	assert_string_equal(g.conf.modules[0].dest_location, "/kernel/x");
	assert_true(g.conf.modules[0].strip);
	assert_false(g.conf.autoinstall);
	assert_null(g.conf.make);
}

static void several_modules(void **state)
{
	CLEAN(given) struct given g = { .target = { "m", "2", "6.1.0-9", "x86_64" } };

	build(&g,
	      "BUILT_MODULE_NAME[0]=a\nBUILT_MODULE_NAME[1]=sub/b\nBUILT_MODULE_LOCATION[1]=d/e\n"
	      "DEST_MODULE_NAME[1]=bb\nDEST_MODULE_LOCATION[0]=/updates-foo\n"
	      "DEST_MODULE_LOCATION[1]=/extra/\nSTRIP[0]=no\nSTRIP[1]=yes\n"
	      "BUILT_MODULE_NAME[2]=c\nDEST_MODULE_LOCATION[2]=/kernel\nBUILT_MODULE_LOCATION[2]=x/"
	      "\n"
	      "AUTOINSTALL=YES\nNO_WEAK_MODULES=No\nBUILD_DEPENDS[0]=d1 d2\nBUILD_DEPENDS[3]=d3\n");
	check_problems("", &g.conf.errors, "");
	assert_string_equal(g.conf.module, "m");
	assert_string_equal(g.conf.version, "2");
	assert_int_equal(g.conf.n_modules, 3);
	assert_string_equal(g.conf.modules[1].built_location, "d/e/");
	assert_string_equal(g.conf.modules[2].built_location, "x/");
	assert_string_equal(g.conf.modules[1].dest_name, "bb");
	assert_false(g.conf.modules[0].strip);
	assert_true(g.conf.modules[1].strip);
	assert_false(g.conf.modules[2].strip); /* as STRIP[0] */
	assert_true(g.conf.autoinstall);
	assert_false(g.conf.no_weak_modules);
	assert_int_equal(g.conf.build_depends.n, 3);
	assert_string_equal(g.conf.build_depends.items[2], "d3");
}

struct complaint {
	const char *text;
	const char *errors;
	const char *warnings;
	const char *duplicates;
	const char *dest;
	bool bare;
};

static const struct complaint complaints[] = {
	{ "CLEAN=", "PACKAGE_NAME is not set; PACKAGE_VERSION is not set", "it names no modules",
	  "", .bare = true },
	{ "PACKAGE_NAME=a/b\nPACKAGE_VERSION=..\nBUILT_MODULE_NAME=x\n" ONE,
	  "PACKAGE_NAME 'a/b' cannot be the name of a directory; "
	  "PACKAGE_VERSION '..' cannot be the name of a directory",
	  "", "", .bare = true },
	/* all problems at once, with their records */
	{ "BUILT_MODULE_NAME[0]=a.ko\nBUILT_MODULE_NAME[1]=b.o\nDEST_MODULE_NAME[1]=c.ko\n"
	  "DEST_MODULE_LOCATION[1]=/lib\nDEST_MODULE_LOCATION[2]=/kernel\nAUTOINSTALL=maybe\n"
	  "NO_WEAK_MODULES=1\nBUILD_DEPENDS_REBUILD=y",
	  "#0 BUILT_MODULE_NAME 'a.ko' must be without its suffix; "
	  "#0 DEST_MODULE_LOCATION is not set; "
	  "#1 BUILT_MODULE_NAME 'b.o' must be without its suffix; "
	  "#1 DEST_MODULE_NAME 'c.ko' must be without its suffix; "
	  "#1 DEST_MODULE_LOCATION '/lib' does not begin with /kernel, /updates or /extra; "
	  "#2 BUILT_MODULE_NAME is not set; "
	  "AUTOINSTALL is 'maybe', neither yes nor no; "
	  "BUILD_DEPENDS_REBUILD is 'y', neither yes nor no; "
	  "NO_WEAK_MODULES is '1', neither yes nor no",
	  "", "" },
	{ "DEST_MODULE_NAME=a/b\n" ONE, "#0 DEST_MODULE_NAME 'a/b' cannot be the name of a file",
	  "", "" },
	{ "DEST_MODULE_NAME=..\n" ONE, "#0 DEST_MODULE_NAME '..' cannot be the name of a file", "",
	  "" },
	{ "BUILT_MODULE_NAME=../a\nDEST_MODULE_NAME=a\n" ONE, "", "", "" },
	{ "DEST_MODULE_LOCATION=/kernel/../x",
	  "#0 DEST_MODULE_LOCATION '/kernel/../x' has a '..' in it", "", "" },
	{ "DEST_MODULE_LOCATION=/kernel/../x", "", "", "", .dest = debian },
	{ "DEST_MODULE_LOCATION=/lib",
	  "#0 DEST_MODULE_LOCATION '/lib' does not begin with /kernel, "
	  "/updates or /extra",
	  "", "", .dest = debian },
	{ "BUILT_MODULE_NAME=a", "#0 DEST_MODULE_LOCATION is not set", "", "" },
	{ "BUILT_MODULE_NAME=a", "", "#0 DEST_MODULE_LOCATION is not set", "", .dest = debian },
	/* holes */
	{ "BUILT_MODULE_NAME[0]=a\nBUILT_MODULE_NAME[2]=c\nBUILT_MODULE_NAME[6]=g",
	  "#1 nothing is set for a module between others; "
	  "#3 nothing is set for modules up to record #5 between others",
	  "#0 DEST_MODULE_LOCATION is not set; #2 DEST_MODULE_LOCATION is not set; "
	  "#6 DEST_MODULE_LOCATION is not set",
	  "", .dest = debian },
	{ "MAKE[10000]=x\n" ONE, "an array has an index above 9999", "", "" },
	/* duplicates */
	{ "BUILT_MODULE_NAME[0]=a\nBUILT_MODULE_NAME[1]=a\nBUILT_MODULE_LOCATION[1]=./\n"
	  "DEST_MODULE_NAME[1]=b\nDEST_MODULE_LOCATION[0]=/extra\nDEST_MODULE_LOCATION[1]=/extra",
	  "", "", "#1 the built module 'a' is that of record #0 too" },
	{ "BUILT_MODULE_NAME[0]=a\nBUILT_MODULE_NAME[1]=b\nDEST_MODULE_NAME[1]=a\n"
	  "DEST_MODULE_LOCATION[0]=/extra\nDEST_MODULE_LOCATION[1]=/extra/other",
	  "", "", "#1 DEST_MODULE_NAME 'a' is that of record #0 too" },
	{ "BUILT_MODULE_NAME[0]=a\nBUILT_MODULE_NAME[1]=b\nBUILT_MODULE_LOCATION[0]=a\n"
	  "DEST_MODULE_LOCATION[0]=/extra\nDEST_MODULE_LOCATION[1]=/extra",
	  "", "", "" },
	/* what has no effect any more */
	{ "CLEAN=make clean\nREMAKE_INITRD=no\nMODULES_CONF[1]=x\nMODULES_CONF_OBSOLETES=x\n"
	  "MODULES_CONF_ALIAS_TYPE=x\nMODULES_CONF_OBSOLETE_ONLY=x\nOBSOLETE_BY=7\n" ONE,
	  "",
	  "CLEAN is deprecated and has no effect; REMAKE_INITRD is deprecated and has no effect; "
	  "MODULES_CONF is deprecated and has no effect; "
	  "MODULES_CONF_OBSOLETES is deprecated and has no effect; "
	  "MODULES_CONF_ALIAS_TYPE is deprecated and has no effect; "
	  "MODULES_CONF_OBSOLETE_ONLY is deprecated and has no effect; "
	  "OBSOLETE_BY is deprecated; BUILD_EXCLUSIVE_KERNEL_MAX says the same",
	  "" },
	{ "CLEAN=/bin/true\n" ONE, "", "", "" },
	{ "CLEAN=/usr/bin/true\n" ONE, "", "", "" },
	{ "CLEAN=true\n" ONE, "", "", "" },
	{ "BUILD_SANDBOX=sometimes\n" ONE, "",
	  "BUILD_SANDBOX is 'sometimes', not auto, strict or off", "" },
	{ "BUILD_STORE=perhaps\n" ONE, "", "BUILD_STORE is 'perhaps', not yes or no", "" },
	{ "BUILD_STORE=Yes\n" ONE, "", "", "" },
	{ "BUILD_LAUNCHER=ccache\n" ONE, "", "BUILD_LAUNCHER is 'ccache', not yes or no", "" },
	{ "BUILD_LAUNCHER=No\n" ONE, "", "", "" },
	{ "MAKE[1]=x\nMAKE_MATCH[1]=(\nPATCH[2]=x\nPATCH_MATCH[2]=[\n" ONE, "",
	  "#1 MAKE_MATCH '(' is no regular expression; #2 PATCH_MATCH '[' is no regular expression",
	  "" },
	/* lower-case names of old confs neither count nor harm */
	{ "built_module_name=x\nbuilt_module_name[1]=y\ndest_module_location=/"
	  "nowhere\nstrip=no\n" ONE,
	  "", "", "" },
};

static void all_complaints_at_once(void **state)
{
	for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints); i++) {
		const struct complaint *x = &complaints[i];
		CLEAN(given)
		struct given g = { .target = { .kernel = "6.1.0-9", .arch = "x86_64" },
				   .dest = x->dest,
				   .bare = x->bare };

		build(&g, x->text);
		check_problems(x->text, &g.conf.errors, x->errors);
		check_problems(x->text, &g.conf.warnings, x->warnings);
		check_problems(x->text, &g.conf.duplicates, x->duplicates);
	}
}

static void names_of_the_command_line_count(void **state)
{
	CLEAN(given)
	struct given g = { .target = { "it87", "eol", "6.1.0-9", "x86_64" }, .bare = true };

	build(&g, "PACKAGE_NAME=it/87\nPACKAGE_VERSION=#MODULE_VERSION#/"
		  "\nBUILT_MODULE_NAME=it87\n" ONE);
	check_problems("", &g.conf.errors, "");
	assert_string_equal(g.conf.module, "it87");
	assert_string_equal(g.conf.version, "eol");
	assert_string_equal(g.conf.package_name, "it/87");
}

static void expect_make(const char *text, const char *kernel, const char *want)
{
	CLEAN(given) struct given g = { .target = { .kernel = kernel, .arch = "x86_64" } };

	build(&g, text);
	if (!str_eq(g.conf.make, want))
		fail_msg("%s for %s: %s", text, kernel, g.conf.make ? g.conf.make : "(default)");
}

static void which_make(void **state)
{
	expect_make("CLEAN=", "6.1.0-9", NULL);
	expect_make("MAKE=a", "6.1.0-9", "a");
	expect_make("MAKE=", "6.1.0-9", NULL);
	expect_make("MAKE[0]=a\nMAKE[1]=b", "6.1.0-9", "a");
	expect_make("MAKE[1]=b", "6.1.0-9", NULL);
	expect_make("MAKE[0]=a\nMAKE_MATCH[0]=^5", "6.1.0-9", NULL);
	expect_make("MAKE[0]=a\nMAKE_MATCH[0]=^6", "6.1.0-9", "a");
	expect_make("MAKE[0]=a\nMAKE[1]=b\nMAKE_MATCH[1]=^6\\.", "6.1.0-9", "b");
	expect_make("MAKE[0]=a\nMAKE[1]=b\nMAKE_MATCH[1]=^5\\.", "6.1.0-9", "a");
	expect_make("MAKE[0]=a\nMAKE[1]=b\nMAKE_MATCH[1]=6\nMAKE[2]=c\nMAKE_MATCH[2]=1", "6.1.0-9",
		    "c");
	expect_make("MAKE[1]=b\nMAKE_MATCH[1]=5\nMAKE[2]=c\nMAKE_MATCH[2]=(6|7)\\.1", "6.1.0-9",
		    "c");
	expect_make("MAKE[0]=a\nMAKE[1]=b\nMAKE_MATCH[1]=(", "6.1.0-9", "a");
}

static void expect_command(const char *text, const struct conf_make *m, const char *want,
			   bool want_jobs)
{
	CLEAN(given) struct given g = { .target = { .kernel = "6.1.0-9", .arch = "x86_64" } };
	CLEAN(free) char *got = NULL;
	bool jobs;

	build(&g, text);
	got = conf_make_command(&g.conf, m, &jobs);
	assert_string_equal(got, want);
	assert_int_equal(jobs, want_jobs);
}

static void make_command(void **state)
{
	struct conf_make m = { "6.1.0-9", "/lib/modules/6.1.0-9/build",
			       "/var/lib/dkms/foo/1.0/build", 4, false };

	expect_command("CLEAN=", &m,
		       "make -j4 KERNELRELEASE=6.1.0-9 -C /lib/modules/6.1.0-9/build "
		       "M=/var/lib/dkms/foo/1.0/build",
		       true);
	expect_command("MAKE=make all", &m, "make -j4 KERNELRELEASE=6.1.0-9 all", true);
	expect_command("MAKE=make", &m, "make -j4 KERNELRELEASE=6.1.0-9", true);
	expect_command("MAKE=make&&make x", &m, "make -j4 KERNELRELEASE=6.1.0-9&&make x", true);
	expect_command("MAKE='make' all", &m, "'make' all", false);
	expect_command("MAKE=makefoo", &m, "makefoo", false);
	expect_command("MAKE= make", &m, " make", false);
	expect_command("MAKE=cd src && make", &m, "cd src && make", false);
	m.jobs = 0;
	m.clang = true;
	expect_command("MAKE=make all", &m, "make -j KERNELRELEASE=6.1.0-9 all LLVM=1", true);
	expect_command("MAKE='make' all", &m, "'make' all LLVM=1", false);
	m.build_dir = "/a b/it's";
	m.clang = false;
	expect_command(
		"CLEAN=", &m,
		"make -j KERNELRELEASE=6.1.0-9 -C /lib/modules/6.1.0-9/build M='/a b/it'\\''s'",
		true);
}

/* Only a command that dkms gives -j itself may share the jobs of others; one that brings jobs of its own is told. */
static const struct sharing {
	const char *text;
	int jobs;
	bool can_share, has_own_jobs;
} sharing[] = {
	{ "CLEAN=", 4, true, false },
	{ "MAKE=make all", 4, true, false },
	{ "MAKE=make", 0, false, true }, /* -j 0: a bare -j */
	{ "MAKE=make -j8 all", 4, false, true },
	{ "MAKE=make --jobs=8 all", 4, false, true },
	{ "MAKE=make -C a && make -C b", 4, false, true },
	{ "MAKE=make a; make b", 4, false, true },
	{ "MAKE=make | tee log", 4, false, true },
	{ "MAKE=make X=`uname -m`", 4, false, true },
	{ "MAKE=make X=$(uname -m)", 4, false, true },
	{ "MAKE='make' all", 4, false, false },
	{ "MAKE=cd src && make", 4, false, false },
	{ "MAKE=cd src && make -j2", 4, false, true },
};

static void who_shares_jobs(void **state)
{
	for (size_t i = 0; i < COUNT_OF(sharing); i++) {
		const struct sharing *x = &sharing[i];
		CLEAN(given) struct given g = { .target = { .kernel = "6.1.0-9", .arch = "x86_64" } };
		struct conf_make m = { "6.1.0-9", "/k", "/b", x->jobs, false };

		build(&g, x->text);
		if (conf_make_can_share(&g.conf, &m) != x->can_share ||
		    conf_make_has_own_jobs(&g.conf, &m) != x->has_own_jobs)
			fail_msg("%s", x->text);
	}
}

static void expect_patches(const char *text, const char *want)
{
	CLEAN(given) struct given g = { .target = { .kernel = "6.1.0-9", .arch = "x86_64" } };
	CLEAN(strv) struct strv names = { 0 };
	CLEAN(free) char *got = NULL;

	build(&g, text);
	for (size_t i = 0; i < g.conf.n_patches; i++)
		strv_add(&names, g.conf.patches[i].name);
	got = strv_join(&names, " ");
	assert_string_equal(got, want);
}

static void which_patches(void **state)
{
	expect_patches("CLEAN=", "");
	expect_patches("PATCH[3]=d\nPATCH[1]=b\nPATCH[0]=a", "a b d");
	expect_patches("PATCH[0]=a\nPATCH[1]=b\nPATCH_MATCH[0]=^5\nPATCH_MATCH[1]=6.1", "b");
	expect_patches("PATCH[0]=../a", "../a"); /* build refuses it */
	expect_patches("PATCH[0]=a\npatch_array[0]=x\npatch_array[1]=y", "a y");
}

struct exclusive {
	const char *text;
	const char *kernel;
	const char *out; /* "all", or a flag for each module: "-x" */
};

#define TWO "BUILT_MODULE_NAME[0]=a\nBUILT_MODULE_NAME[1]=b\n"

static const char config[] = "CONFIG_A=y\nCONFIG_M=m\n# CONFIG_N is not set\nCONFIG_S=\"y\"\n";

static const struct exclusive exclusives[] = {
	{ "BUILD_EXCLUSIVE_KERNEL=^6", "6.1.0-9", "-" },
	{ "BUILD_EXCLUSIVE_KERNEL=^(5|7)", "6.1.0-9", "all" },
	{ "BUILD_EXCLUSIVE_KERNEL=(", "6.1.0-9", "all" },
	{ "BUILD_EXCLUSIVE_KERNEL_MIN=6.1", "6.1.0-9", "-" },
	{ "BUILD_EXCLUSIVE_KERNEL_MIN=6.1.0-9", "6.1.0-9", "-" },
	{ "BUILD_EXCLUSIVE_KERNEL_MIN=6.1.0-10", "6.1.0-9", "all" },
	{ "BUILD_EXCLUSIVE_KERNEL_MAX=6.1", "6.1.0-49-amd64", "all" },
	{ "BUILD_EXCLUSIVE_KERNEL_MAX=6.1.0", "6.1.0-49-amd64", "all" },
	{ "BUILD_EXCLUSIVE_KERNEL_MAX=6.1.0-49-amd64", "6.1.0-49-amd64", "-" },
	{ "BUILD_EXCLUSIVE_KERNEL_MAX=6.2", "6.1.0-49-amd64", "-" },
	{ "OBSOLETE_BY=6.1", "6.1.0-9", "all" },
	{ "OBSOLETE_BY=6.2", "6.1.0-9", "-" },
	{ "OBSOLETE_BY=6.1\nBUILD_EXCLUSIVE_KERNEL_MAX=7", "6.1.0-9", "-" },
	{ "BUILD_EXCLUSIVE_ARCH=i.86|x86_64", "6.1.0-9", "-" },
	{ "BUILD_EXCLUSIVE_ARCH=i.86", "6.1.0-9", "all" },
	{ "BUILD_EXCLUSIVE_ARCH=86", "6.1.0-9", "-" },
	{ "BUILD_EXCLUSIVE_CONFIG=CONFIG_A CONFIG_M !CONFIG_N !CONFIG_X", "6.1.0-9", "-" },
	{ "BUILD_EXCLUSIVE_CONFIG=CONFIG_A CONFIG_N", "6.1.0-9", "all" },
	{ "BUILD_EXCLUSIVE_CONFIG=!CONFIG_M", "6.1.0-9", "all" },
	{ "BUILD_EXCLUSIVE_CONFIG=CONFIG_S", "6.1.0-9", "all" },
	{ "build_exclude=yes", "6.1.0-9", "all" },
	{ TWO "BUILD_EXCLUSIVE_KERNEL[1]=^5", "6.1.0-9", "-x" },
	{ TWO "BUILD_EXCLUSIVE_KERNEL[1]=^6\nBUILD_EXCLUSIVE_CONFIG[1]=CONFIG_N", "6.1.0-9", "-x" },
	{ TWO "BUILD_EXCLUSIVE_KERNEL[0]=^5", "6.1.0-9", "all" },
	{ TWO "BUILD_EXCLUSIVE_KERNEL[5]=^5", "6.1.0-9", "--" },
	{ TWO "BUILD_EXCLUSIVE_ARCH[1]=arm", "6.1.0-9", "-x" },
	{ TWO "BUILT_MODULE_NAME[2]=c\nBUILD_EXCLUSIVE_ARCH[1]=arm\nBUILD_EXCLUSIVE_KERNEL[2]=^5", "6.1.0-9",
	  "-xx" },
};

static void which_modules_fit(void **state)
{
	struct kconfig kc = { config, sizeof(config) - 1 };

	for (size_t i = 0; i < sizeof(exclusives) / sizeof(*exclusives); i++) {
		const struct exclusive *x = &exclusives[i];
		CLEAN(given)
		struct given g = { .target = { .kernel = x->kernel, .arch = "x86_64" } };
		CLEAN(conf_exclusion) struct conf_exclusion out = { 0 };
		CLEAN(buf) struct buf got = { 0 };

		build(&g, x->text);
		conf_judge_exclusive(&g.conf, &g.target, &kc, &out);
		for (size_t k = 0; k < (g.conf.n_modules ? g.conf.n_modules : 1) && !out.all; k++)
			buf_add_char(&got, g.conf.n_modules && out.modules[k] ? 'x' : '-');
		if (!str_eq(out.all ? "all" : buf_str(&got), x->out))
			fail_msg("%s for %s: %s", x->text, x->kernel,
				 out.all ? "all" : buf_str(&got));
		assert_true(!out.why == !strpbrk(x->out, "xl"));
	}
}

static void why_not(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "BUILD_EXCLUSIVE_KERNEL=^5", "BUILD_EXCLUSIVE_KERNEL '^5' does not match '6.1.0-9'" },
		{ "BUILD_EXCLUSIVE_KERNEL=(", "BUILD_EXCLUSIVE_KERNEL '(' is no regular expression" },
		{ "BUILD_EXCLUSIVE_ARCH=*[", "BUILD_EXCLUSIVE_ARCH '*[' is no regular expression" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEAN(given) struct given g = { .target = { .kernel = "6.1.0-9", .arch = "x86_64" } };
		CLEAN(conf_exclusion) struct conf_exclusion out = { 0 };

		build(&g, rows[i].text);
		conf_judge_exclusive(&g.conf, &g.target, NULL, &out);
		assert_string_equal(out.why, rows[i].why);
	}
}

static void config_needs_a_config(void **state)
{
	CLEAN(given) struct given g = { .target = { .kernel = "6.1.0-9", .arch = "x86_64" } };
	CLEAN(conf_exclusion) struct conf_exclusion out = { 0 };

	build(&g, "BUILD_EXCLUSIVE_CONFIG=CONFIG_NOT_THERE\n" ONE);
	conf_judge_exclusive(&g.conf, &g.target, NULL, &out);
	assert_false(out.all);
	assert_null(out.why);
}

static void where_modules_go(void **state)
{
	struct conf_module m = { .dest_location = "/kernel//drivers/net/" };
	struct conf_module none = { 0 };
	CLEAN(free)
	char *a = conf_dest(&m, NULL), *b = conf_dest(&m, debian), *c = conf_dest(&none, NULL);

	assert_string_equal(a, "/kernel/drivers/net");
	assert_string_equal(b, debian);
	assert_string_equal(c, "");
}

static void values_by_text(void **state)
{
	CLEAN(conf_values) struct conf_values v = { 0 };

	conf_values_init(&v, &conf_names);
	assert_true(conf_values_set_text(&v, "MAKE=a=b"));
	assert_true(conf_values_set_text(&v, "MAKE[2]="));
	assert_false(conf_values_set_text(&v, "MAKE"));
	assert_false(conf_values_set_text(&v, "MAKE[]=x"));
	assert_false(conf_values_set_text(&v, "MAKE[-1]=x"));
	assert_false(conf_values_set_text(&v, "MAKE[1=x"));
	assert_false(conf_values_set_text(&v, "MAKE[1]x=x"));
	assert_false(conf_values_set_text(&v, "MAKE[99999999999999999999]=x"));
	assert_false(conf_values_set_text(&v, "make=x"));
	assert_false(conf_values_set_text(&v, "=x"));
	assert_false(conf_values_set_text(&v, ""));
	assert_int_equal(v.values[CONF_MAKE].n, 3);
	assert_string_equal(conf_values_get(&v, CONF_MAKE, 0), "a=b");
	assert_null(conf_values_get(&v, CONF_MAKE, 1));
	assert_string_equal(conf_values_get(&v, CONF_MAKE, 2), "");
	conf_values_set(&v, CONF_MAKE, 2, NULL);
	assert_int_equal(v.values[CONF_MAKE].n, 1);
	conf_values_set(&v, CONF_MAKE, 5, NULL);
	conf_values_set(&v, CONF_MAKE, 0, conf_values_get(&v, CONF_MAKE, 0));
	assert_string_equal(conf_values_get(&v, CONF_MAKE, 0), "a=b");
	assert_false(v.index_too_large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_module_by_default),
		cmocka_unit_test(several_modules),
		cmocka_unit_test(all_complaints_at_once),
		cmocka_unit_test(names_of_the_command_line_count),
		cmocka_unit_test(which_make),
		cmocka_unit_test(make_command),
		cmocka_unit_test(who_shares_jobs),
		cmocka_unit_test(which_patches),
		cmocka_unit_test(which_modules_fit),
		cmocka_unit_test(why_not),
		cmocka_unit_test(config_needs_a_config),
		cmocka_unit_test(where_modules_go),
		cmocka_unit_test(values_by_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
