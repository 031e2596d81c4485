/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "core/module_check.h"

struct magic_row {
	const char *ours, *theirs;
	enum magic_verdict verdict;
};

static const struct magic_row magics[] = {
	{ "6.1.0-9-amd64 SMP preempt mod_unload modversions ",
	  "6.1.0-9-amd64 SMP preempt mod_unload modversions ", MAGIC_SAME },
	{ "6.1.0-8-amd64 SMP preempt mod_unload modversions ",
	  "6.1.0-9-amd64 SMP preempt mod_unload modversions ", MAGIC_RELEASE_DIFFERS },
	{ "6.1.0-9-amd64 SMP mod_unload modversions ",
	  "6.1.0-9-amd64 SMP preempt mod_unload modversions ", MAGIC_DIFFERS },
	{ "6.1.0-8-amd64 SMP mod_unload ", "6.1.0-9-amd64 mod_unload ", MAGIC_DIFFERS },
	/* the kernel compares bytes: a blank at the end counts */
	{ "6.1.0 SMP ", "6.1.0 SMP", MAGIC_DIFFERS },
	{ "6.1.0", "6.1.1", MAGIC_RELEASE_DIFFERS },
	{ NULL, "6.1.0 SMP ", MAGIC_DIFFERS },
};

static void vermagics(void **state)
{
	for (size_t i = 0; i < COUNT_OF(magics); i++)
		if (module_magic_compare(magics[i].ours, magics[i].theirs) != magics[i].verdict)
			fail_msg("row %zu: '%s' with '%s'", i, magics[i].ours, magics[i].theirs);
}

enum { OURS = 62, OTHER = 183 };

struct check_row {
	const char *name;
	const char *magic;
	int machine;
	const char *shipped, *headers; /* NULL: none */
	bool modversions, force;
	enum module_verdict verdict;
};

static const struct check_row checks[] = {
	{ "fits", "1.0 SMP ", OURS, "1.0 SMP ", "1.0", false, false, MODULE_FITS },
	{ "release", "2.0 SMP ", OURS, "1.0 SMP ", "2.0", false, false, MODULE_REFUSED },
	{ "release, CRCs", "2.0 SMP ", OURS, "1.0 SMP ", "2.0", true, false, MODULE_DOUBTFUL },
	{ "flags", "1.0 UP ", OURS, "1.0 SMP ", "1.0", true, false, MODULE_REFUSED },
	{ "flags, force", "1.0 UP ", OURS, "1.0 SMP ", "1.0", true, true, MODULE_DOUBTFUL },
	{ "machine", "1.0 SMP ", OTHER, "1.0 SMP ", "1.0", true, false, MODULE_REFUSED },
	{ "machine, force", "1.0 SMP ", OTHER, "1.0 SMP ", "1.0", true, true, MODULE_DOUBTFUL },
	{ "no magic", NULL, OURS, "1.0 SMP ", "1.0", false, false, MODULE_REFUSED },
	{ "headers fit", "1.0 SMP ", OURS, NULL, "1.0", false, false, MODULE_FITS },
	{ "headers differ", "1.0-1 SMP ", OURS, NULL, "1.0", false, false, MODULE_DOUBTFUL },
	{ "headers silent", "1.0 SMP ", OURS, NULL, NULL, false, false, MODULE_FITS },
	{ "headers, no magic", NULL, OURS, NULL, "1.0", false, false, MODULE_DOUBTFUL },
};

/* Where no module of the kernel is at hand, the architecture that it is built for decides. */
static void machine_of_the_architecture(void **state)
{
	struct module_info m = { .machine = OTHER };
	struct module_target t = { .machine = OURS };
	char *why = NULL;

	assert_int_equal(module_check(&m, &t, &why), MODULE_REFUSED);
	assert_string_equal(why, "it is for another machine (ELF machine 183; the kernel's is 62)");
	free(why);
	t.force = true;
	assert_int_equal(module_check(&m, &t, &why), MODULE_DOUBTFUL);
	free(why);
}

static void verdicts(void **state)
{
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		const struct check_row *r = &checks[i];
		struct module_info m = { .vermagic = (char *)r->magic,
					 .machine = r->machine,
					 .elf_class = 2 };
		struct module_info shipped = { .vermagic = (char *)r->shipped,
					       .machine = OURS,
					       .elf_class = 2 };
		struct module_target t = { .shipped = r->shipped ? &shipped : NULL,
					   .headers_release = r->headers,
					   .modversions = r->modversions,
					   .force = r->force };
		CLEAN(free) char *why = NULL;

		if (module_check(&m, &t, &why) != r->verdict)
			fail_msg("%s: another verdict: %s", r->name, why ? why : "fits");
		assert_int_equal(why != NULL, r->verdict != MODULE_FITS);
	}
}

static void word_size_and_byte_order_are_the_machine(void **state)
{
	struct module_info shipped = { .vermagic = (char *)"1 ", .machine = 8, .elf_class = 2 };
	struct module_target t = { .shipped = &shipped };
	struct module_info m = shipped;
	char *why = NULL;

	m.elf_class = 1;
	assert_int_equal(module_check(&m, &t, &why), MODULE_REFUSED);
	free(why);
	m.elf_class = 2;
	m.big_endian = true;
	assert_int_equal(module_check(&m, &t, &why), MODULE_REFUSED);
	free(why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vermagics),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(machine_of_the_architecture),
		cmocka_unit_test(word_size_and_byte_order_are_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
