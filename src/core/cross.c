/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/cross.h"

#include <elf.h>

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

static const struct cross crosses[] = {
	{ "x86_64", "x86", "CONFIG_X86_64", NULL, "x86_64-linux-gnu-", EM_X86_64 },
	{ "i386", "x86", "CONFIG_X86_32", NULL, "i686-linux-gnu-", EM_386 },
	{ "i486", "x86", "CONFIG_X86_32", NULL, "i686-linux-gnu-", EM_386 },
	{ "i586", "x86", "CONFIG_X86_32", NULL, "i686-linux-gnu-", EM_386 },
	{ "i686", "x86", "CONFIG_X86_32", NULL, "i686-linux-gnu-", EM_386 },
	{ "aarch64", "arm64", "CONFIG_ARM64", "CONFIG_CPU_BIG_ENDIAN", "aarch64-linux-gnu-",
	  EM_AARCH64 },
	{ "armv6l", "arm", "CONFIG_ARM", "CONFIG_CPU_BIG_ENDIAN", "arm-linux-gnueabihf-", EM_ARM },
	{ "armv7l", "arm", "CONFIG_ARM", "CONFIG_CPU_BIG_ENDIAN", "arm-linux-gnueabihf-", EM_ARM },
	{ "loongarch64", "loongarch", "CONFIG_LOONGARCH", NULL, "loongarch64-linux-gnu-",
	  EM_LOONGARCH },
	{ "ppc64", "powerpc", "CONFIG_PPC64", "CONFIG_CPU_LITTLE_ENDIAN", "powerpc64-linux-gnu-",
	  EM_PPC64 },
	{ "ppc64le", "powerpc", "CONFIG_PPC64", "CONFIG_CPU_BIG_ENDIAN", "powerpc64le-linux-gnu-",
	  EM_PPC64 },
	{ "riscv64", "riscv", "CONFIG_RISCV", "CONFIG_32BIT", "riscv64-linux-gnu-", EM_RISCV },
	{ "s390x", "s390", "CONFIG_S390", NULL, "s390x-linux-gnu-", EM_S390 },
};

static const struct cross *find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(crosses); i++)
		if (str_eq(crosses[i].name, name))
			return &crosses[i];
	return NULL;
}

const struct cross *cross_find(const char *host, const char *target, const struct kconfig *kc)
{
	const struct cross *from = find(host), *to = find(target);

	if (!to || str_eq(host, target) || (from && str_eq(from->arch, to->arch)))
		return NULL;
	if (!kconfig_is_on(kc, to->symbol) || (to->without && kconfig_is_on(kc, to->without)))
		return NULL;
	return to;
}

bool cross_is_foreign(const char *host, int machine)
{
	const struct cross *from = find(host);

	/* a 64 bit machine runs what is for its 32 bit sisters, as far as we know */
	if (!from || from->machine == machine)
		return false;
	for (size_t i = 0; i < COUNT_OF(crosses); i++)
		if (crosses[i].machine == machine)
			return !str_eq(crosses[i].arch, from->arch);
	return true;
}
