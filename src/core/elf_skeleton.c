/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/elf_skeleton.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>

#include "base/mem.h"

/* More than any module has. */
enum { SECTIONS_LIMIT = 65000, KEPT_LIMIT = 16, NAME_LIMIT = 1024 };
/* struct modversion_info of the kernel: a word with the CRC, then the name */
enum { VERSION_RECORD = 64, VERSION_NAME = 8 };

struct kept {
	unsigned index; /* in the module */
	const char *name;
	Elf64_Shdr header;
};

struct source {
	const uint8_t *data;
	size_t len;
	Elf64_Ehdr header;
	struct kept kept[KEPT_LIMIT];
	size_t n_kept;
	Elf64_Shdr names, symbols, strings;
	unsigned strings_index; /* of the first section called .strtab; 0: none */
	bool has_symbols;
};

static int odd(struct fail *f, const char *what)
{
	return fail_set(f, -EBADMSG, "no skeleton can be made of the kernel module: %s", what);
}

static bool is_inside(const struct source *s, uint64_t offset, uint64_t size)
{
	return offset <= s->len && size <= s->len - offset;
}

/* The string at an offset of a table, or NULL if it does not end in there, or is too long. */
static const char *string_in(const struct source *s, const Elf64_Shdr *table, uint64_t at)
{
	const char *p = (const char *)s->data + table->sh_offset;
	uint64_t room = at < table->sh_size ? table->sh_size - at : 0;

	if (room > NAME_LIMIT)
		room = NAME_LIMIT;
	return room && memchr(p + at, '\0', (size_t)room) ? p + at : NULL;
}

static int read_header(struct source *s, struct fail *f)
{
	const Elf64_Ehdr *h = &s->header;

	if (s->len < sizeof(s->header) || memcmp(s->data, ELFMAG, SELFMAG) != 0)
		return odd(f, "not an ELF file");
	memcpy(&s->header, s->data, sizeof(s->header));
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    BYTE_ORDER != LITTLE_ENDIAN)
		return fail_set(f, -ENOTSUP,
				"no skeleton is made of a 32-bit or big-endian kernel module");
	if (h->e_type != ET_REL || h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shnum == 0 ||
	    h->e_shnum > SECTIONS_LIMIT || h->e_shstrndx == 0 || h->e_shstrndx >= h->e_shnum)
		return odd(f, "an ELF file of another kind");
	if (!is_inside(s, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr)))
		return odd(f, "its section headers are outside of the file");
	return 0;
}

static int read_section(const struct source *s, unsigned i, Elf64_Shdr *ret, struct fail *f)
{
	memcpy(ret, s->data + s->header.e_shoff + (size_t)i * sizeof(*ret), sizeof(*ret));
	if (ret->sh_type != SHT_NOBITS && !is_inside(s, ret->sh_offset, ret->sh_size))
		return odd(f, "a section is outside of the file");
	return 0;
}

static bool is_kept(const char *name)
{
	static const char *const names[] = { ".modinfo", "__versions", "__version_ext_crcs",
					     "__version_ext_names", "__ksymtab_strings" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return str_has_prefix(name, "__kcrctab");
}

/* depmod goes by names and takes the first of them: two of one name are refused. */
static int keep(struct source *s, unsigned index, const char *name, const Elf64_Shdr *h,
		struct fail *f)
{
	for (size_t i = 0; i < s->n_kept; i++)
		if (str_eq(s->kept[i].name, name))
			return odd(f, "two sections have the same name");
	if (s->n_kept == KEPT_LIMIT || h->sh_type == SHT_NOBITS)
		return odd(f, "its sections are not those of a kernel module");
	s->kept[s->n_kept++] = (struct kept){ index, name, *h };
	return 0;
}

static int take_section(struct source *s, unsigned i, struct fail *f)
{
	Elf64_Shdr h;
	const char *name;
	int r = read_section(s, i, &h, f);

	if (r < 0)
		return r;
	name = string_in(s, &s->names, h.sh_name);
	if (!name)
		return odd(f, "the name of a section is outside of its table");
	if (is_kept(name))
		return keep(s, i, name, &h, f);
	if (str_eq(name, ".symtab") != (h.sh_type == SHT_SYMTAB))
		return odd(f, "its symbol table has another name");
	if (str_eq(name, ".symtab")) {
		if (s->has_symbols)
			return odd(f, "two symbol tables");
		s->symbols = h;
		s->has_symbols = true;
	}
	if (str_eq(name, ".strtab")) {
		if (s->strings_index || h.sh_type != SHT_STRTAB)
			return odd(f, "its table of strings is of another kind");
		s->strings = h;
		s->strings_index = i;
	}
	return 0;
}

static int read_sections(struct source *s, struct fail *f)
{
	int r = read_section(s, s->header.e_shstrndx, &s->names, f);

	if (r == 0 && (s->names.sh_type != SHT_STRTAB || s->names.sh_size == 0 ||
		       s->data[s->names.sh_offset + s->names.sh_size - 1] != '\0'))
		r = odd(f, "the names of its sections are damaged");
	for (unsigned i = 1; r == 0 && i < s->header.e_shnum; i++)
		r = take_section(s, i, f);
	if (r < 0)
		return r;
	if (!s->has_symbols || !s->strings_index || s->symbols.sh_link != s->strings_index ||
	    s->symbols.sh_size % sizeof(Elf64_Sym) || s->symbols.sh_size == 0 ||
	    s->strings.sh_size == 0 ||
	    s->data[s->strings.sh_offset + s->strings.sh_size - 1] != '\0')
		return odd(f, "it has no symbol table");
	return 0;
}

/* What depmod takes for a string must be one in the skeleton too, where other bytes follow. */
static int check_kept(const struct source *s, struct fail *f)
{
	bool has_modinfo = false;

	for (size_t i = 0; i < s->n_kept; i++) {
		const struct kept *k = &s->kept[i];
		const uint8_t *p = s->data + k->header.sh_offset;
		uint64_t n = k->header.sh_size;

		if (str_eq(k->name, ".modinfo")) {
			has_modinfo = true;
			if (n == 0 || p[n - 1] != '\0')
				return odd(f, "its .modinfo does not end");
		}
		if (!str_eq(k->name, "__versions"))
			continue;
		if (n % VERSION_RECORD)
			return odd(f, "its __versions have a wrong size");
		for (; n; n -= VERSION_RECORD, p += VERSION_RECORD)
			if (!memchr(p + VERSION_NAME, '\0', VERSION_RECORD - VERSION_NAME))
				return odd(f, "a name in __versions does not end");
	}
	return has_modinfo ? 0 : odd(f, "it has no .modinfo");
}

/* --- symbols --- */

struct symbols {
	struct buf records, names;
};

static void clean_symbols(struct symbols *s)
{
	buf_done(&s->records);
	buf_done(&s->names);
}

static unsigned new_index(const struct source *s, unsigned index)
{
	for (size_t i = 0; i < s->n_kept; i++)
		if (s->kept[i].index == index)
			return (unsigned)i + 1;
	return 0;
}

/* A CRC in a section that is not kept becomes the absolute symbol that it stands for. */
static int resolve_crc(const struct source *s, Elf64_Sym *sym, struct fail *f)
{
	Elf64_Shdr h;
	uint32_t crc;
	int r;

	if (sym->st_shndx >= s->header.e_shnum)
		return odd(f, "a CRC is in no section");
	r = read_section(s, sym->st_shndx, &h, f);
	if (r < 0)
		return r;
	if (h.sh_type == SHT_NOBITS || h.sh_size < sizeof(crc) ||
	    sym->st_value > h.sh_size - sizeof(crc))
		return odd(f, "a CRC is outside of its section");
	if (new_index(s, sym->st_shndx))
		return 0;
	memcpy(&crc, s->data + h.sh_offset + sym->st_value, sizeof(crc));
	sym->st_value = crc;
	sym->st_shndx = SHN_ABS;
	return 0;
}

static int take_symbol(const struct source *s, Elf64_Sym sym, struct symbols *to, struct fail *f)
{
	const char *name = string_in(s, &s->strings, sym.st_name);
	bool is_crc;
	int r = 0;

	if (!name)
		return odd(f, "the name of a symbol is outside of its table");
	is_crc = str_has_prefix(name, "__crc_");
	if (*name == '\0' || (sym.st_shndx != SHN_UNDEF && !is_crc &&
			      !str_eq(name, "init_module") && !str_eq(name, "cleanup_module")))
		return 0;
	if (is_crc && sym.st_shndx != SHN_UNDEF && sym.st_shndx != SHN_ABS)
		r = resolve_crc(s, &sym, f);
	if (r < 0)
		return r;
	/* names may overlap in the module; together they may not be many times its size */
	if (to->names.len + strlen(name) > 4 * s->len)
		return odd(f, "its symbols have too many names");
	if (sym.st_shndx != SHN_UNDEF && sym.st_shndx != SHN_ABS) {
		unsigned index = new_index(s, sym.st_shndx);

		sym.st_shndx = index ? (Elf64_Section)index : SHN_ABS;
	}
	sym.st_name = (Elf64_Word)to->names.len;
	sym.st_size = 0;
	buf_add(&to->names, name, strlen(name) + 1);
	buf_add(&to->records, &sym, sizeof(sym));
	return 0;
}

static int take_symbols(const struct source *s, struct symbols *to, struct fail *f)
{
	const Elf64_Sym none = { 0 };

	buf_add_char(&to->names, '\0');
	buf_add(&to->records, &none, sizeof(none));
	for (uint64_t at = sizeof(Elf64_Sym); at < s->symbols.sh_size; at += sizeof(Elf64_Sym)) {
		Elf64_Sym sym;
		int r;

		memcpy(&sym, s->data + s->symbols.sh_offset + at, sizeof(sym));
		r = take_symbol(s, sym, to, f);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- writing --- */

struct writer {
	struct buf *file;
	struct buf headers, names;
	size_t n;
};

static void clean_writer(struct writer *w)
{
	buf_done(&w->headers);
	buf_done(&w->names);
}

static void align(struct buf *b)
{
	while (b->len % 8)
		buf_add_char(b, '\0');
}

static void add_section(struct writer *w, const char *name, Elf64_Shdr h, const void *data,
			size_t n)
{
	align(w->file);
	h.sh_name = (Elf64_Word)w->names.len;
	h.sh_addr = 0;
	h.sh_offset = w->file->len;
	h.sh_size = n;
	buf_add(&w->names, name, strlen(name) + 1);
	if (n)
		buf_add(w->file, data, n);
	buf_add(&w->headers, &h, sizeof(h));
	w->n++;
}

static void write_skeleton(const struct source *s, const struct symbols *symbols, struct buf *ret)
{
	CLEAN(writer) struct writer w = { .file = ret, .n = 1 };
	const Elf64_Shdr none = { 0 }, table = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };
	Elf64_Ehdr h = s->header;
	CLEAN(buf) struct buf names = { 0 };

	buf_add(ret, &h, sizeof(h));
	buf_add(&w.headers, &none, sizeof(none));
	buf_add_char(&w.names, '\0');
	for (size_t i = 0; i < s->n_kept; i++) {
		Elf64_Shdr k = s->kept[i].header;

		k.sh_link = k.sh_info = 0;
		add_section(&w, s->kept[i].name, k, s->data + k.sh_offset, (size_t)k.sh_size);
	}
	add_section(&w, ".symtab",
		    (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
				  .sh_link = (Elf64_Word)w.n + 1,
				  .sh_info = 1,
				  .sh_addralign = 8,
				  .sh_entsize = sizeof(Elf64_Sym) },
		    symbols->records.data, symbols->records.len);
	add_section(&w, ".strtab", table, symbols->names.data, symbols->names.len);
	buf_add(&names, w.names.data, w.names.len);
	buf_add(&names, ".shstrtab", sizeof(".shstrtab"));
	add_section(&w, ".shstrtab", table, names.data, names.len);
	align(ret);
	h.e_shoff = ret->len;
	h.e_shnum = (Elf64_Half)w.n;
	h.e_shstrndx = (Elf64_Half)(w.n - 1);
	buf_add(ret, w.headers.data, w.headers.len);
	memcpy(ret->data, &h, sizeof(h));
}

int elf_skeleton_make(const void *data, size_t len, struct buf *ret, struct fail *f)
{
	struct source s = { .data = data, .len = len };
	CLEAN(symbols) struct symbols symbols = { 0 };
	int r = read_header(&s, f);

	if (r == 0)
		r = read_sections(&s, f);
	if (r == 0)
		r = check_kept(&s, f);
	if (r == 0)
		r = take_symbols(&s, &symbols, f);
	if (r == 0)
		write_skeleton(&s, &symbols, ret);
	return r;
}
