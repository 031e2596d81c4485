/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_TESTS_UNIT_FAKE_MODULE_H
#define DKMS_TESTS_UNIT_FAKE_MODULE_H

#include <elf.h>

#include "base/buf.h"

/*
 * Makes a small kernel module, as ELF goes, in memory: of either word size and byte order, with
 * .modinfo, __versions, symbols, exports and, if asked for, a signature in the kernel's format.
 */
struct fake_module {
	bool wide, big;
	bool stripped; /* no symbol table */
	bool ext_versions; /* CRCs in the sections of Linux 6.14 instead of __versions */
	bool extended; /* the number of sections and the index of their names stand in section 0 */
	const char *needs; /* one more symbol, without a CRC; NULL: none */
	const char *cms; /* signature to append, cms_len bytes; NULL: none */
	size_t cms_len;
};

static inline void fake_put(struct buf *b, const struct fake_module *m, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_add_char(b, (char)(v >> 8 * (m->big ? n - 1 - i : i)));
}

static inline void fake_word(struct buf *b, const struct fake_module *m, uint64_t v)
{
	fake_put(b, m, v, m->wide ? 8 : 4);
}

struct fake_section {
	const char *name;
	unsigned type, link;
	struct buf data;
	size_t offset;
};

enum { FAKE_NONE, FAKE_MODINFO, FAKE_VERSIONS, FAKE_STRTAB, FAKE_SYMTAB, FAKE_CRCS, FAKE_EXPORTS,
       FAKE_EXT_CRCS, FAKE_EXT_NAMES, FAKE_BUILD_ID, FAKE_SHSTRTAB, FAKE_SECTIONS };

static inline void fake_version(struct buf *b, const struct fake_module *m, uint32_t crc, const char *name)
{
	size_t end = b->len + 64;

	fake_word(b, m, crc);
	buf_add_str(b, name);
	while (b->len < end)
		buf_add_char(b, 0);
}

static inline void fake_symbol(struct fake_section *s, const struct fake_module *m, const char *name,
			       unsigned bind, unsigned shndx, uint64_t value)
{
	struct buf *b = &s[FAKE_SYMTAB].data, *names = &s[FAKE_STRTAB].data;
	size_t at = names->len;

	buf_add(names, name, strlen(name) + 1);
	fake_put(b, m, at, 4);
	if (m->wide) {
		fake_put(b, m, bind << 4, 1);
		fake_put(b, m, 0, 1);
		fake_put(b, m, shndx, 2);
		fake_put(b, m, value, 8);
		fake_put(b, m, 0, 8);
	} else {
		fake_put(b, m, value, 4);
		fake_put(b, m, 0, 4);
		fake_put(b, m, bind << 4, 1);
		fake_put(b, m, 0, 1);
		fake_put(b, m, shndx, 2);
	}
}

static inline void fake_fill(struct fake_section *s, const struct fake_module *m)
{
	static const char modinfo[] = "\0\0license=GPL\0alias=pci:v1*\0version=1.2-3\0name=fake\0"
				      "alias=of:N*\0depends=\0noequals\0srcversion=ABCDEF\0"
				      "vermagic=6.1.0 SMP mod_unload \0version=second";

	buf_add(&s[FAKE_MODINFO].data, modinfo, sizeof(modinfo));
	if (m->ext_versions) {
		fake_put(&s[FAKE_EXT_CRCS].data, m, 0x11223344, 4);
		fake_put(&s[FAKE_EXT_CRCS].data, m, 0xcafe0001, 4);
		buf_add(&s[FAKE_EXT_NAMES].data, "module_layout\0printk", 21);
	} else {
		fake_version(&s[FAKE_VERSIONS].data, m, 0x11223344, "module_layout");
		fake_version(&s[FAKE_VERSIONS].data, m, 0xcafe0001, "printk");
	}
	fake_put(&s[FAKE_CRCS].data, m, 0, 4);
	fake_put(&s[FAKE_CRCS].data, m, 0xdeadbeef, 4);
	buf_add(&s[FAKE_EXPORTS].data, "offered\0\0other", 15);
	fake_put(&s[FAKE_BUILD_ID].data, m, 4, 4);
	fake_put(&s[FAKE_BUILD_ID].data, m, 3, 4);
	fake_put(&s[FAKE_BUILD_ID].data, m, 3, 4);
	buf_add(&s[FAKE_BUILD_ID].data, "GNU\0\x0a\xff\x10", 7);
	if (m->stripped)
		return;
	fake_symbol(s, m, "", 0, 0, 0);
	fake_symbol(s, m, "local", STB_LOCAL, FAKE_CRCS, 0);
	fake_symbol(s, m, "printk", STB_GLOBAL, SHN_UNDEF, 0);
	fake_symbol(s, m, "kfree", STB_GLOBAL, SHN_UNDEF, 0);
	fake_symbol(s, m, "maybe", STB_WEAK, SHN_UNDEF, 0);
	fake_symbol(s, m, "_GLOBAL_OFFSET_TABLE_", STB_GLOBAL, SHN_UNDEF, 0);
	if (m->needs)
		fake_symbol(s, m, m->needs, STB_GLOBAL, SHN_UNDEF, 0);
	fake_symbol(s, m, "__ksymtab_offered", STB_LOCAL, FAKE_CRCS, 0);
	fake_symbol(s, m, "__crc_offered", STB_LOCAL, FAKE_CRCS, 4);
	fake_symbol(s, m, "__ksymtab_absolute", STB_LOCAL, FAKE_CRCS, 0);
	fake_symbol(s, m, "__crc_absolute", STB_GLOBAL, SHN_ABS, 0x0badf00d);
	fake_symbol(s, m, "__ksymtab_plain", STB_LOCAL, FAKE_CRCS, 0);
}

static inline void fake_header(struct buf *b, const struct fake_module *m, size_t shoff)
{
	buf_add(b, ELFMAG, SELFMAG);
	buf_add_char(b, m->wide ? ELFCLASS64 : ELFCLASS32);
	buf_add_char(b, m->big ? ELFDATA2MSB : ELFDATA2LSB);
	buf_add_char(b, EV_CURRENT);
	for (int i = 0; i < 9; i++)
		buf_add_char(b, 0);
	fake_put(b, m, ET_REL, 2);
	fake_put(b, m, m->big ? EM_PPC64 : EM_X86_64, 2);
	fake_put(b, m, EV_CURRENT, 4);
	fake_word(b, m, 0);
	fake_word(b, m, 0);
	fake_word(b, m, shoff);
	fake_put(b, m, 0, 4);
	fake_put(b, m, m->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), 2);
	fake_put(b, m, 0, 2);
	fake_put(b, m, 0, 2);
	fake_put(b, m, m->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr), 2);
	fake_put(b, m, m->extended ? 0 : FAKE_SECTIONS, 2);
	fake_put(b, m, m->extended ? SHN_XINDEX : FAKE_SHSTRTAB, 2);
}

static inline void fake_section_header(struct buf *b, const struct fake_module *m, size_t name,
				       const struct fake_section *s)
{
	bool first = s->type == SHT_NULL && m->extended;

	fake_put(b, m, name, 4);
	fake_put(b, m, s->type, 4);
	fake_word(b, m, 0);
	fake_word(b, m, 0);
	fake_word(b, m, s->offset);
	fake_word(b, m, first ? FAKE_SECTIONS : s->data.len);
	fake_put(b, m, first ? FAKE_SHSTRTAB : s->link, 4);
	fake_put(b, m, 0, 4);
	fake_word(b, m, 1);
	fake_word(b, m, 0);
}

/* The module in ret (empty before), which the caller frees. *ret_shoff (may be NULL): where the section headers are. */
static inline void fake_module_make(const struct fake_module *m, struct buf *ret, size_t *ret_shoff)
{
	struct fake_section s[FAKE_SECTIONS] = {
		[FAKE_NONE] = { "", SHT_NULL },
		[FAKE_MODINFO] = { ".modinfo", SHT_PROGBITS },
		[FAKE_VERSIONS] = { "__versions", SHT_PROGBITS },
		[FAKE_STRTAB] = { ".strtab", SHT_STRTAB },
		[FAKE_SYMTAB] = { ".symtab", m->stripped ? SHT_PROGBITS : SHT_SYMTAB, FAKE_STRTAB },
		[FAKE_CRCS] = { "__kcrctab", SHT_PROGBITS },
		[FAKE_EXPORTS] = { "__ksymtab_strings", SHT_PROGBITS },
		[FAKE_EXT_CRCS] = { m->ext_versions ? "__version_ext_crcs" : "", SHT_PROGBITS },
		[FAKE_EXT_NAMES] = { m->ext_versions ? "__version_ext_names" : "", SHT_PROGBITS },
		[FAKE_BUILD_ID] = { ".note.gnu.build-id", SHT_NOTE },
		[FAKE_SHSTRTAB] = { ".shstrtab", SHT_STRTAB },
	};
	size_t names[FAKE_SECTIONS], at = m->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);

	fake_fill(s, m);
	for (size_t i = 0; i < FAKE_SECTIONS; i++) {
		names[i] = s[FAKE_SHSTRTAB].data.len;
		buf_add(&s[FAKE_SHSTRTAB].data, s[i].name, strlen(s[i].name) + 1);
	}
	for (size_t i = 0; i < FAKE_SECTIONS; i++) {
		s[i].offset = at;
		at += s[i].data.len;
	}
	fake_header(ret, m, at);
	for (size_t i = 0; i < FAKE_SECTIONS; i++)
		buf_add(ret, s[i].data.data, s[i].data.len);
	for (size_t i = 0; i < FAKE_SECTIONS; i++)
		fake_section_header(ret, m, names[i], &s[i]);
	if (ret_shoff)
		*ret_shoff = at;
	if (m->cms) {
		const unsigned char trailer[12] = { [2] = 2, [10] = (unsigned char)(m->cms_len >> 8),
						    [11] = (unsigned char)m->cms_len };

		buf_add(ret, m->cms, m->cms_len);
		buf_add(ret, trailer, sizeof(trailer));
		buf_add_str(ret, "~Module signature appended~\n");
	}
	for (size_t i = 0; i < FAKE_SECTIONS; i++)
		buf_done(&s[i].data);
}

/* A signature as sign-file makes them, but for the signature's own bytes: issuer CN=Test, serial 00 9A 0B,
 * sha512. */
static const char fake_cms[] =
	"\x30\x5f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x52\x30\x50\x02\x01\x01"
	"\x31\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03"
	"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	"\x31\x2f\x30\x2d\x02\x01\x01\x30\x16\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04Test"
	"\x02\x03\x00\x9a\x0b\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x04\x03sig";
enum { FAKE_CMS_LEN = sizeof(fake_cms) - 1 };

#endif
