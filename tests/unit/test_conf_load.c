/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/conf_load.h"

static char *dir; /* holds dkms.conf, etc/ */

static void put(const char *name, const char *text)
{
	CLEAN(free) char *path = path_join(dir, name);
	CLEAN(free) char *parent = path_dir(path);

	assert_int_equal(dir_make(parent), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644), 0);
}

static void load(struct conf_values *v, bool only_bash, const struct strv *directives)
{
	CLEAN(free) char *etc = path_join(dir, "etc");
	CLEAN(fail) struct fail f = { 0 };
	struct conf_request rq = {
		.target = { "foo", "1.0", "6.1.0-9", "x86_64" },
		.source_dir = dir,
		.etc_dir = etc,
		.kernel_source_dir = "/lib/modules/6.1.0-9/build",
		.kernel_config = "/lib/modules/6.1.0-9/build/.config",
		.dkms_tree = "/var/lib/dkms",
		.source_tree = "/usr/src",
		.install_tree = "/lib/modules",
		.tmp_location = "/tmp",
		.parallel_jobs = 3,
		.directives = directives,
		.only_bash = only_bash,
	};

	conf_values_init(v, &conf_names);
	if (conf_load_values(&rq, v, &f) < 0)
		fail_msg("%s", f.text);
}

static void expect_values(bool only_bash, const char *text, enum conf_name name, size_t index,
			  const char *want)
{
	CLEAN(conf_values) struct conf_values v = { 0 };
	const char *got;

	load(&v, only_bash, NULL);
	got = conf_values_get(&v, name, index);
	if (!str_eq(got, want))
		fail_msg("%s (%s): %s[%zu] is '%s', want '%s'", text, only_bash ? "bash" : "any",
			 conf_names.items[name], index, got ? got : "(unset)",
			 want ? want : "(unset)");
}

static void expect(const char *text, enum conf_name name, size_t index, const char *want)
{
	put("dkms.conf", text);
	expect_values(true, text, name, index, want);
	expect_values(false, text, name, index, want);
}

static void expect_make(const char *line, const char *want)
{
	CLEAN(free) char *text = xasprintf("PACKAGE_NAME=foo\nPACKAGE_VERSION=1.0\n%s\n", line);

	expect(text, CONF_MAKE, 0, want);
}

/* The pairs of dkms.conf(5), "How values are expanded". */
static void second_expansion(void **state)
{
	expect_make("MAKE='make KVER=$kernelver'", "make KVER=6.1.0-9");
	expect_make("MAKE=\"make KVER=$kernelver\"", "make KVER=6.1.0-9");
	expect_make("MAKE=\"make   all    x\"", "make all x");
	expect_make("MAKE=\"make \t all \n  x\"", "make all x");
	expect_make("MAKE=\" make all \"", " make all ");
	expect_make("MAKE='make X=\\$kernelver'", "make X=$kernelver");
	expect_make("h=1; MAKE='make X=$h'", "make X=");
	expect_make("MAKE='make N=${PACKAGE_NAME}'", "make N=foo");
	expect_make("h=1; MAKE=\"make X=$h\"", "make X=1");
	expect_make("MAKE='make X=$(uname -s)'", "make X=Linux");
	expect_make("MAKE='make X=\"y\"'", "make X=y");
	expect_make("MAKE='make X=\"y z\"'", "make X=\"y z\"");
	expect_make("MAKE='make *'", "make *");
	expect("PACKAGE_VERSION=1.0\r\n", CONF_PACKAGE_VERSION, 0, "1.0");
}

static void second_expansion_in_detail(void **state)
{
	expect_make("MAKE='make X=\\\\\\$kernelver'", "make X=\\$kernelver");
	expect_make("MAKE='a\\b \\\\ c\\'", "a\\b \\ c\\");
	expect_make("MAKE='make X=`uname -s`'", "make X=Linux");
	expect_make("MAKE='make X=$(echo \"a b\" \")\")'", "make X=a b )");
	expect_make("MAKE='make X=\"$(echo a b)\"'", "make X=a b");
	expect_make("MAKE='make X=\"$kernelver z\"'", "make X=\"6.1.0-9 z\"");
	expect_make("MAKE='make X=\"a\\b\" Y=\"\"'", "make X=ab Y=");
	expect_make("MAKE='make X=\"a;b\"'", "make X=\"a;b\"");
	expect_make("MAKE='make X=\\\"y\\ z\\\"'", "make X=\"y\\ z\"");
	expect_make("MAKE='say 5\" wide'", "say 5\" wide");
	expect_make("MAKE=\"say it's 'a b'\"", "say it's 'a b'");
	expect_make("MAKE='${kernelver%%-*} ${#module}'", "6.1.0 3");
	expect_make("MAKE='$ $/ 5$'", "$ $/ 5$");
	expect_make("MAKE='make {a,b} ~ [x] #y !z'", "make {a,b} ~ [x] #y !z");
	expect_make("MAKE=x; PACKAGE_NAME='n$MAKE$PACKAGE_VERSION'", "x");
	expect("MAKE=x; PACKAGE_NAME='n$MAKE$PACKAGE_VERSION'", CONF_PACKAGE_NAME, 0, "n");
	expect("PACKAGE_VERSION='2'; PACKAGE_NAME=foo; MAKE='$PACKAGE_VERSION'", CONF_MAKE, 0, "2");
	expect_make("MAKE='make X=$(echo \\))'", "make X=)");
	expect_make("MAKE='v${BASH_VERSION:0:0} $[1+1] $#'", "v 2 0");
	/* bash uses some control characters for itself: they are kept */
	expect_make("MAKE=$'a\001b $kernelver\177'", "a\001b 6.1.0-9\177");
	setenv("FROM_ENV", "x\001y", 1);
	expect_make("MAKE='${FROM_ENV}'", "x\001y");
	unsetenv("FROM_ENV");
	/* what cannot be expanded is lost, the others are not */
	expect("MAKE='${a b}'\nCLEAN=x", CONF_MAKE, 0, NULL);
	expect("MAKE='${a b}'\nCLEAN=x", CONF_CLEAN, 0, "x");
	expect("MAKE='$('\nCLEAN=x", CONF_CLEAN, 0, "x");
}

static void files_run_in_a_child(void **state)
{
	expect("PACKAGE_NAME=a\nexit 0\n", CONF_PACKAGE_NAME, 0, NULL);
	expect("PACKAGE_NAME=a\nreturn 1\nPACKAGE_NAME=b", CONF_PACKAGE_NAME, 0, "a");
	expect("PACKAGE_NAME=a\nif\n", CONF_PACKAGE_NAME, 0, "a");
	expect("echo noise; PACKAGE_NAME=$(cat; echo x)", CONF_PACKAGE_NAME, 0, "x");
	expect("[[ $kernelver == 6.1.@(0|1)-9 ]] && MAKE=yes", CONF_MAKE, 0, "yes");
	expect("MAKE=${BASH_SOURCE##*/}", CONF_MAKE, 0, "dkms.conf");
	expect("MAKE=$arch:$kernel_source_dir:$kernel_config:$dkms_tree:$source_tree:$install_tree",
	       CONF_MAKE, 0,
	       "x86_64:/lib/modules/6.1.0-9/build:/lib/modules/6.1.0-9/build/.config:"
	       "/var/lib/dkms:/usr/src:/lib/modules");
	expect("MAKE=$tmp_location:$module:$module_version:$parallel_jobs", CONF_MAKE, 0,
	       "/tmp:foo:1.0:3");
	expect("MAKE[3]=c; MAKE[1]=\"a\nb\"", CONF_MAKE, 3, "c");
	expect("MAKE[3]=c; MAKE[1]=\"a\nb\"", CONF_MAKE, 1, "a b");
	expect("MAKE[3]=c; MAKE[1]=\"a\nb\"", CONF_MAKE, 0, NULL);
	expect("IFS=13; set -u; printf() { :; }; MAKE=c", CONF_MAKE, 0, "c");
	expect("CLEAN=end", CONF_CLEAN, 0, "end");
	expect("for i in 0 1 2; do MAKE[$i]=m$i; done", CONF_MAKE, 2, "m2");
}

static void known_names_of_the_environment_do_not_count(void **state)
{
	setenv("MAKE", "gmake", 1);
	setenv("BASH_ENV", "/nonexistent", 1);
	setenv("FROM_ENV", "here", 1);
	expect("CLEAN=x$MAKE", CONF_CLEAN, 0, "x");
	expect("CLEAN=x$MAKE", CONF_MAKE, 0, NULL);
	expect("CLEAN='${FROM_ENV}'$FROM_ENV", CONF_CLEAN, 0, "herehere");
	unsetenv("MAKE");
	unsetenv("BASH_ENV");
	unsetenv("FROM_ENV");
}

static void unlink_etc(void)
{
	CLEAN(free) char *etc = path_join(dir, "etc");

	assert_int_equal(tree_remove(etc), 0);
}

static void later_files_win(void **state)
{
	static const char *const names[] = {
		"etc/foo.conf",
		"etc/foo-1.0.conf",
		"etc/foo-1.0-6.1.0-9.conf",
		"etc/foo-1.0-6.1.0-9-x86_64.conf",
		"etc/foo--6.1.0-9.conf",
		"etc/foo--6.1.0-9-x86_64.conf",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CLEAN(free) char *text = xasprintf("POST_ADD=\"$POST_ADD %zu\"\nunset CLEAN", i);

		put(names[i], text);
	}
	expect("POST_ADD=x; CLEAN=kept", CONF_POST_ADD, 0, "x 0 1 2 3 4 5");
	expect("POST_ADD=x; CLEAN=kept", CONF_CLEAN, 0, "kept");
	/* each file expands all values anew */
	put("etc/foo.conf", "");
	for (size_t i = 1; i < sizeof(names) / sizeof(*names); i++) {
		CLEAN(free) char *path = path_join(dir, names[i]);

		unlink(path);
	}
	expect("CLEAN='\\\\\\$module'", CONF_CLEAN, 0, "$module");
	expect("CLEAN='\\$module'", CONF_CLEAN, 0, "foo");
	unlink_etc();
}

static void directives(void **state)
{
	CLEAN(strv) struct strv given = { 0 };
	CLEAN(conf_values) struct conf_values v = { 0 };

	expect("MAKE=a; DKMS_DIRECTIVE_X='MAKE=b  $module'", CONF_MAKE, 0, "b  $module");
	setenv("DKMS_DIRECTIVE1", "MAKE[2]=c", 1);
	expect("MAKE=a", CONF_MAKE, 2, "c");
	unsetenv("DKMS_DIRECTIVE1");
	strv_add(&given, "MAKE=one");
	strv_add(&given, "MAKE=two=$module");
	strv_add(&given, "unknown=x");
	strv_add(&given, "AUTOINSTALL");
	put("dkms.conf", "MAKE=a");
	load(&v, false, &given);
	assert_string_equal(conf_values_get(&v, CONF_MAKE, 0), "two=$module");
}

static void limits(void **state)
{
	CLEAN(conf_values) struct conf_values v = { 0 };
	struct conf_request rq = { .target = { "foo", "1.0", "6.1.0-9", "x86_64" },
				   .source_dir = "/nonexistent" };
	CLEAN(fail) struct fail f = { 0 };

	conf_values_init(&v, &conf_names);
	assert_int_equal(conf_load_values(&rq, &v, &f), -E_NO_CONF);
	rq.source_dir = dir;
	put("dkms.conf", "printf -v MAKE %0300000d 1");
	assert_int_equal(conf_load_values(&rq, &v, &f), -EFBIG);
	assert_non_null(strstr(f.text, "dkms.conf"));
	put("dkms.conf", "MAKE[123456]=x; MAKE[2]=y");
	assert_int_equal(conf_load_values(&rq, &v, &f), 0);
	assert_true(v.index_too_large);
	assert_string_equal(conf_values_get(&v, CONF_MAKE, 2), "y");
}

/* A cache serves several confs, sees overrides, and is what makes a second load cheap: no file is
 * read anew. */
static void cache(void **state)
{
	CLEAN(free) char *etc = path_join(dir, "etc");
	CLEAN(conf_cache) struct conf_cache shared = { 0 };
	CLEAN(conf) struct conf a = { 0 }, b = { 0 }, c = { 0 };
	struct conf_request rq = { .target = { "foo", "1.0", "6.1.0-9", "x86_64" },
				   .source_dir = dir,
				   .etc_dir = etc,
				   .cache = &shared };
	CLEAN(fail) struct fail f = { 0 };

	put("dkms.conf", "PACKAGE_NAME=foo; PACKAGE_VERSION=1.0; MAKE=$kernelver");
	put("etc/foo--5.10.conf", "MAKE+=' for 5.10'");
	assert_int_equal(conf_load(&rq, &a, &f), 0);
	assert_string_equal(a.make, "6.1.0-9");
	put("dkms.conf", "MAKE=changed");
	rq.target.kernel = "5.10";
	assert_int_equal(conf_load(&rq, &b, &f), 0);
	assert_string_equal(b.make, "5.10 for 5.10");
	put("other/dkms.conf", "MAKE=other");
	rq.source_dir = xasprintf("%s/other", dir);
	rq.target.kernel = "6.1.0-9";
	assert_int_equal(conf_load(&rq, &c, &f), 0);
	assert_string_equal(c.make, "other");
	free((char *)rq.source_dir);
	unlink_etc();
}

static void what_cannot_be_read_is_told(void **state)
{
	CLEAN(free) char *etc = path_join(dir, "etc");
	CLEAN(conf) struct conf c = { 0 };
	struct conf_request rq = { .target = { "foo", "1.0", NULL, NULL },
				   .source_dir = dir,
				   .etc_dir = etc };
	CLEAN(fail) struct fail f = { 0 };

	put("dkms.conf", "PACKAGE_NAME=foo");
	put("etc/foo-1.0.conf/x", ""); /* a directory where a file is meant */
	assert_int_equal(conf_load(&rq, &c, &f), -EISDIR);
	assert_non_null(strstr(f.text, "foo-1.0.conf"));
	unlink_etc();
	rq.conf_file = dir;
	assert_int_equal(conf_load(&rq, &c, &f), -EISDIR);
	rq.conf_file = "/nonexistent/dkms.conf";
	assert_int_equal(conf_load(&rq, &c, &f), -E_NO_CONF);
}

/* A file that is no business of bash must not start one: PATH has none here. */
static void plain_files_start_no_bash(void **state)
{
	CLEAN(conf) struct conf c = { 0 }, d = { 0 };
	struct conf_request rq = { .target = { "foo", "1.0", "6.1.0-9", "x86_64" },
				   .source_dir = dir };
	CLEAN(fail) struct fail f = { 0 };
	CLEAN(free) char *path = xstrdup(getenv("PATH"));
	int plain, other;

	setenv("PATH", "/nonexistent", 1);
	put("dkms.conf",
	    "PACKAGE_NAME=\"foo\"\nPACKAGE_VERSION=1.0\nMAKE[0]='make K=$kernelver'\n");
	plain = conf_load(&rq, &c, &f);
	put("dkms.conf", "true");
	other = conf_load(&rq, &d, &f);
	setenv("PATH", path, 1);
	assert_int_equal(plain, 0);
	assert_string_equal(c.make, "make K=6.1.0-9");
	assert_int_equal(other, -ENOENT);
	assert_non_null(strstr(f.text, "dkms.conf"));
	assert_non_null(strstr(f.text, "bash"));
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
		cmocka_unit_test(second_expansion),
		cmocka_unit_test(second_expansion_in_detail),
		cmocka_unit_test(files_run_in_a_child),
		cmocka_unit_test(known_names_of_the_environment_do_not_count),
		cmocka_unit_test(later_files_win),
		cmocka_unit_test(directives),
		cmocka_unit_test(limits),
		cmocka_unit_test(cache),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(plain_files_start_no_bash),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
