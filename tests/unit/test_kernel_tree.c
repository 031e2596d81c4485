/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <string.h>

#include "base/util.h"
#include "core/kernel_tree.h"

static void configuration_names(void **state)
{
	static const struct {
		const char *release, *arch, *names; /* joined by blanks */
	} rows[] = {
		{ "6.1.0-9-amd64", "x86_64",
		  "kernel-6.1.0-9-amd64.config kernel-6.1.0-9-amd64-x86_64.config kernel-6.1.0-x86_64.config "
		  "kernel-x86_64.config" },
		{ "5.14.0-503.el9.x86_64+debug", "x86_64",
		  "kernel-5.14.0-503.el9.x86_64+debug.config kernel-5.14.0-503.el9.x86_64+debug-x86_64.config "
		  "kernel-5.14.0-x86_64-debug.config kernel-x86_64-debug.config" },
		{ "2.4.20-8smp", "i686",
		  "kernel-2.4.20-8smp.config kernel-2.4.20-8smp-i686.config kernel-2.4.20-i686-smp.config "
		  "kernel-i686-smp.config" },
		{ "6.1.0", "x86_64", "kernel-6.1.0.config kernel-6.1.0-x86_64.config kernel-x86_64.config" },
		/* what git adds to a version is no flavour */
		{ "6.1.0+", "x86_64",
		  "kernel-6.1.0+.config kernel-6.1.0+-x86_64.config kernel-6.1.0-x86_64.config kernel-x86_64.config" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(strv) struct strv names = { 0 };
		CLEAN(free) char *got = NULL;

		kernel_config_names(rows[i].release, rows[i].arch, &names);
		got = strv_join(&names, " ");
		assert_string_equal(got, rows[i].names);
	}
}

static void version_of_a_tree(void **state)
{
	static const struct {
		const char *makefile, *version; /* NULL: none */
	} rows[] = {
		{ "# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION =\n", "6.1.192" },
		{ "VERSION=6\nPATCHLEVEL=12\nSUBLEVEL=", "6.12.0" },
		{ "VERSION = 7\nPATCHLEVEL = 0", "7.0.0" },
		{ "VERSION = 6\nVERSION_LONG = 8\nPATCHLEVEL = 1\nVERSION = 9\n", "6.1.0" },
		{ "PATCHLEVEL = 1\n", NULL },
		{ "VERSION = six\nPATCHLEVEL = 1\n", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(free) char *got = kernel_tree_version(rows[i].makefile, strlen(rows[i].makefile));

		if (!str_eq(got, rows[i].version))
			fail_msg("row %zu: got %s", i, got ? got : "(null)");
	}
}

static void release_fits_a_tree(void **state)
{
	static const struct {
		const char *release, *version;
		bool fits;
	} rows[] = {
		{ "6.1.0-9-amd64", "6.1.192", true },	    { "6.12.1", "6.1.192", false },
		{ "6.1.0-9-amd64", "6.12.3", false },	    { "5.14.0-503.el9.x86_64", "5.14.0", true },
		{ "6.1", "6.1.0", true },		    { "6", "6.1.0", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (kernel_release_fits(rows[i].release, rows[i].version) != rows[i].fits)
			fail_msg("%s, %s", rows[i].release, rows[i].version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configuration_names),
		cmocka_unit_test(version_of_a_tree),
		cmocka_unit_test(release_fits_a_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
