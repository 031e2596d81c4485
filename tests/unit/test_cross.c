/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <elf.h>

#include "core/cross.h"

static void find(void **state)
{
	static const struct {
		const char *host, *target, *config, *prefix; /* NULL: none */
	} rows[] = {
		{ "x86_64", "aarch64", "CONFIG_ARM64=y\n", "aarch64-linux-gnu-" },
		{ "aarch64", "x86_64", "CONFIG_X86_64=y\n", "x86_64-linux-gnu-" },
		{ "x86_64", "armv7l", "CONFIG_ARM=y\n", "arm-linux-gnueabihf-" },
		{ "x86_64", "ppc64le", "CONFIG_PPC64=y\nCONFIG_CPU_LITTLE_ENDIAN=y\n", "powerpc64le-linux-gnu-" },
		{ "x86_64", "ppc64", "CONFIG_PPC64=y\nCONFIG_CPU_BIG_ENDIAN=y\n", "powerpc64-linux-gnu-" },
		{ "x86_64", "s390x", "CONFIG_S390=y\n", "s390x-linux-gnu-" },
		/* a machine that nobody has heard of may build for others all the same */
		{ "mine", "riscv64", "CONFIG_RISCV=y\nCONFIG_64BIT=y\n", "riscv64-linux-gnu-" },
		/* a name for the result, nothing else */
		{ "x86_64", "aarch64", "CONFIG_X86_64=y\n", NULL },
		{ "x86_64", "aarch64", "", NULL },
		{ "x86_64", "x86_64", "CONFIG_X86_64=y\n", NULL },
		{ "x86_64", "i686", "CONFIG_X86_32=y\n", NULL },
		{ "x86_64", "mine", "CONFIG_MINE=y\n", NULL },
		{ "x86_64", "aarch64", "CONFIG_ARM64=y\nCONFIG_CPU_BIG_ENDIAN=y\n", NULL },
		{ "x86_64", "ppc64", "CONFIG_PPC64=y\nCONFIG_CPU_LITTLE_ENDIAN=y\n", NULL },
		{ "ppc64le", "ppc64", "CONFIG_PPC64=y\n", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct kconfig kc = { rows[i].config, strlen(rows[i].config) };
		const struct cross *c = cross_find(rows[i].host, rows[i].target, &kc);

		if (!str_eq(c ? c->prefix : NULL, rows[i].prefix))
			fail_msg("row %zu: %s", i, c ? c->prefix : "none");
	}
}

static void foreign(void **state)
{
	assert_true(cross_is_foreign("x86_64", EM_AARCH64));
	assert_true(cross_is_foreign("aarch64", EM_X86_64));
	assert_true(cross_is_foreign("x86_64", EM_SPARC));
	assert_false(cross_is_foreign("x86_64", EM_X86_64));
	assert_false(cross_is_foreign("x86_64", EM_386));
	assert_false(cross_is_foreign("mine", EM_AARCH64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find),
		cmocka_unit_test(foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
