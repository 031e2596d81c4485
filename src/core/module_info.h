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
	bool weak; /* an import that the kernel does without */
};

/* What a kernel module file (uncompressed ELF) tells of itself. Strings are NULL where it does not. */
struct module_info {
	char *name, *version, *srcversion, *vermagic, *depends;
	char *build_id; /* of the linker, in hex; stripping keeps it */
	struct strv aliases;
	char *signer, *sig_id, *sig_key, *sig_hash; /* as modinfo prints them; NULL if not signed */
	int machine;    /* e_machine */
	int elf_class;  /* 1: 32 bit, 2: 64 bit */
	bool big_endian;
	/* Undefined symbols and what __versions names (module_layout too), with the CRC where there is one;
	 * sorted by name, each once. */
	struct module_symbol *imports;
	size_t n_imports;
	struct module_symbol *exports; /* sorted, each once; the CRC where the module has them */
	size_t n_exports;
};

/*
 * Parses len bytes, of either byte order and word size. Every offset and size in them is checked, and what
 * is copied out of them is bounded by a small multiple of len. -ENOEXEC for what is no kernel module,
 * -EBADMSG for one that is damaged, with a text; ret is then empty. Strings come as they are in the file:
 * whoever prints them cares for control characters.
 */
int module_info_parse(const void *data, size_t len, struct module_info *ret, struct fail *f);
void module_info_done(struct module_info *mi);
static inline void clean_module_info(struct module_info *mi)
{
	module_info_done(mi);
}

#endif
