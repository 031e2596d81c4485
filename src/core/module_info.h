/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_MODULE_INFO_H
#define DKMS_CORE_MODULE_INFO_H

#include <stdint.h>

#include "base/fail.h"
#include "base/strv.h"

struct module_symbol {
	char *name;
	uint32_t crc;
	bool has_crc;
};

/* What a kernel module file (uncompressed ELF) tells of itself. Strings are NULL where it does not. */
struct module_info {
	char *name, *version, *srcversion, *vermagic, *depends;
	struct strv aliases;
	char *signer, *sig_id, *sig_key, *sig_hash; /* as modinfo prints them; NULL if not signed */
	int machine;    /* e_machine */
	int elf_class;  /* 1: 32 bit, 2: 64 bit */
	bool big_endian;
	struct module_symbol *imports; /* undefined symbols, with the CRC of __versions where there is one */
	size_t n_imports;
	struct module_symbol *exports; /* from __ksymtab_strings / __crc_ symbols */
	size_t n_exports;
};

/* Parses len bytes; every offset in them is checked. Negative with a text for what is no module or is
 * damaged; never reads outside. */
int module_info_parse(const void *data, size_t len, struct module_info *ret, struct fail *f);
void module_info_done(struct module_info *mi);
static inline void clean_module_info(struct module_info *mi)
{
	module_info_done(mi);
}

#endif
