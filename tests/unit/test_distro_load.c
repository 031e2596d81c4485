/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/distro_load.h"

static int make_root(void **state)
{
	char *root = xstrdup("/tmp/dkms-unit-XXXXXX");

	*state = mkdtemp(root);
	return *state ? 0 : -1;
}

static int drop_root(void **state)
{
	int r = tree_remove(*state);

	free(*state);
	return r;
}

static void put(const char *root, const char *file, const char *text)
{
	CLEAN(free) char *path = path_join(root, file);
	CLEAN(free) char *dir = path_dir(path);

	assert_int_equal(dir_make(dir), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644), 0);
}

static void none_is_told(void **state)
{
	CLEAN(distro) struct distro d = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	assert_int_equal(distro_load_below(*state, NULL, &d, &f), -E_NO_OS_RELEASE);
	assert_int_equal(outcome_exit_status(f.code), 4);
	assert_non_null(strstr(f.text, "os-release"));
}

static void etc_wins_over_usr(void **state)
{
	CLEAN(distro) struct distro d = { 0 }, e = { 0 };

	put(*state, "usr/lib/os-release", "ID=fedora\n");
	assert_int_equal(distro_load_below(*state, NULL, &d, NULL), 0);
	assert_string_equal(d.id, "fedora");
	put(*state, "etc/os-release", "ID=debian\n");
	assert_int_equal(distro_load_below(*state, NULL, &e, NULL), 0);
	assert_string_equal(e.id, "debian");
	assert_string_equal(e.dest, "/updates/dkms");
}

static void addon_modules_dir(void **state)
{
	CLEAN(distro) struct distro d = { 0 }, e = { 0 }, g = { 0 };
	CLEAN(strv) struct strv env = { 0 };

	put(*state, "etc/os-release", "ID=debian\n");
	put(*state, "etc/sysconfig/module-init-tools", "# x\nADDON_MODULES_DIR=\"updates/site\"\n");
	assert_int_equal(distro_load_below(*state, &env, &d, NULL), 0);
	assert_string_equal(d.dest, "/updates/site");
	env_set(&env, "ADDON_MODULES_DIR", "/extra/env");
	assert_int_equal(distro_load_below(*state, &env, &e, NULL), 0);
	assert_string_equal(e.dest, "/extra/env");
	env_set(&env, "ADDON_MODULES_DIR", "");
	assert_int_equal(distro_load_below(*state, &env, &g, NULL), 0);
	assert_string_equal(g.dest, "/updates/site");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(none_is_told, make_root, drop_root),
		cmocka_unit_test_setup_teardown(etc_wins_over_usr, make_root, drop_root),
		cmocka_unit_test_setup_teardown(addon_modules_dir, make_root, drop_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
