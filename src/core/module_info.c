/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/module_info.h"

#include <elf.h>
#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/module_sig.h"

/* Longer names are damage (the kernel's own limit is 512), and so is more of .modinfo. */
enum { NAME_LIMIT = 1024, MODINFO_LIMIT = 16 << 20 };

struct part {
	const uint8_t *p;
	size_t n;
};

enum section_kind {
	SEC_MODINFO,
	SEC_VERSIONS,
	SEC_EXT_CRCS,
	SEC_EXT_NAMES,
	SEC_EXPORT_NAMES,
	SEC_BUILD_ID,
	SEC_KINDS,
};

static const char *const section_names[SEC_KINDS] = {
	[SEC_MODINFO] = ".modinfo",
	[SEC_VERSIONS] = "__versions",
	[SEC_EXT_CRCS] = "__version_ext_crcs",
	[SEC_EXT_NAMES] = "__version_ext_names",
	[SEC_EXPORT_NAMES] = "__ksymtab_strings",
	[SEC_BUILD_ID] = ".note.gnu.build-id",
};

struct section {
	uint32_t name, type, link;
	uint64_t offset, size;
};

struct elf {
	struct part file;
	bool wide, big;
	uint64_t shoff;
	uint64_t n_sections;
	struct part sections[SEC_KINDS]; /* p NULL: not there */
	struct part symbols, symbol_names;
	size_t budget; /* bytes of names that may still be looked at and copied */
};

struct symbols {
	struct module_symbol *items;
	size_t n, room;
};

static int damaged(struct fail *f, const char *what)
{
	return fail_set(f, -EBADMSG, "the kernel module is damaged: %s", what);
}

/* --- bytes to numbers; `at` was checked --- */

static uint64_t get(const struct elf *e, const uint8_t *at, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | at[e->big ? i : n - 1 - i];
	return v;
}

/* The field of that offset and size in the 32-bit layout, or in the 64-bit layout. */
struct field {
	uint8_t at32, n32, at64, n64;
};

#define FIELD(type, name)                                                                          \
	((struct field){ offsetof(Elf32_##type, name), sizeof(((Elf32_##type *)NULL)->name),       \
			 offsetof(Elf64_##type, name), sizeof(((Elf64_##type *)NULL)->name) })

static uint64_t field(const struct elf *e, const uint8_t *record, struct field f)
{
	return e->wide ? get(e, record + f.at64, f.n64) : get(e, record + f.at32, f.n32);
}

static size_t record_size(const struct elf *e, size_t n32, size_t n64)
{
	return e->wide ? n64 : n32;
}

/* The bytes [offset, offset + size) of the file; false if they are not all there. */
static bool file_part(const struct elf *e, uint64_t offset, uint64_t size, struct part *ret)
{
	if (offset > e->file.n || size > e->file.n - offset)
		return false;
	*ret = (struct part){ e->file.p + offset, (size_t)size };
	return true;
}

/* The string at `offset` of a table, at most NAME_LIMIT long; false if it does not end in there. */
static bool table_string(struct part table, uint64_t offset, struct part *ret)
{
	const uint8_t *end;
	size_t room;

	if (offset >= table.n)
		return false;
	room = table.n - (size_t)offset;
	end = memchr(table.p + offset, '\0', room < NAME_LIMIT ? room : NAME_LIMIT);
	if (!end)
		return false;
	*ret = (struct part){ table.p + offset, (size_t)(end - table.p) - (size_t)offset };
	return true;
}

static bool part_is(struct part p, const char *s)
{
	return p.n == strlen(s) && memcmp(p.p, s, p.n) == 0;
}

static bool part_begins(struct part p, const char *s)
{
	return p.n > strlen(s) && memcmp(p.p, s, strlen(s)) == 0;
}

static struct part part_rest(struct part p, size_t n)
{
	return (struct part){ p.p + n, p.n - n };
}

/* --- sections --- */

static bool read_section(const struct elf *e, uint64_t i, struct section *ret)
{
	size_t size = record_size(e, sizeof(Elf32_Shdr), sizeof(Elf64_Shdr));
	struct part r;

	if (i >= e->n_sections || !file_part(e, e->shoff + i * size, size, &r))
		return false;
	ret->name = (uint32_t)field(e, r.p, FIELD(Shdr, sh_name));
	ret->type = (uint32_t)field(e, r.p, FIELD(Shdr, sh_type));
	ret->link = (uint32_t)field(e, r.p, FIELD(Shdr, sh_link));
	ret->offset = field(e, r.p, FIELD(Shdr, sh_offset));
	ret->size = field(e, r.p, FIELD(Shdr, sh_size));
	return true;
}

static bool section_part(const struct elf *e, const struct section *s, struct part *ret)
{
	return s->type != SHT_NOBITS && file_part(e, s->offset, s->size, ret);
}

static int read_header(struct elf *e, struct module_info *ret, struct fail *f)
{
	const uint8_t *h = e->file.p;
	size_t entry;

	if (e->file.n < EI_NIDENT || memcmp(h, ELFMAG, SELFMAG) != 0 ||
	    (h[EI_CLASS] != ELFCLASS32 && h[EI_CLASS] != ELFCLASS64) ||
	    (h[EI_DATA] != ELFDATA2LSB && h[EI_DATA] != ELFDATA2MSB))
		return fail_set(f, -ENOEXEC, "no kernel module: not an ELF file");
	e->wide = h[EI_CLASS] == ELFCLASS64;
	e->big = h[EI_DATA] == ELFDATA2MSB;
	if (e->file.n < record_size(e, sizeof(Elf32_Ehdr), sizeof(Elf64_Ehdr)))
		return damaged(f, "its header is cut off");
	if (field(e, h, FIELD(Ehdr, e_type)) != ET_REL)
		return fail_set(f, -ENOEXEC, "no kernel module: an ELF file of another kind");
	entry = (size_t)field(e, h, FIELD(Ehdr, e_shentsize));
	if (entry != record_size(e, sizeof(Elf32_Shdr), sizeof(Elf64_Shdr)))
		return damaged(f, "its section headers have a wrong size");
	e->shoff = field(e, h, FIELD(Ehdr, e_shoff));
	e->n_sections = field(e, h, FIELD(Ehdr, e_shnum));
	ret->machine = (int)field(e, h, FIELD(Ehdr, e_machine));
	ret->elf_class = h[EI_CLASS];
	ret->big_endian = e->big;
	return 0;
}

/* With very many sections their number, and the index of their names, stand in section 0. */
static int read_section_table(struct elf *e, struct part *ret_names, struct fail *f)
{
	size_t size = record_size(e, sizeof(Elf32_Shdr), sizeof(Elf64_Shdr));
	uint64_t names = field(e, e->file.p, FIELD(Ehdr, e_shstrndx));
	bool extended = e->n_sections == 0;
	struct section first = { 0 }, s;

	if (extended)
		e->n_sections = 1;
	if (e->shoff > e->file.n || !read_section(e, 0, &first))
		return damaged(f, "its section headers are outside of the file");
	if (extended)
		e->n_sections = first.size;
	if (names == SHN_XINDEX)
		names = first.link;
	if (e->n_sections > (e->file.n - e->shoff) / size)
		return damaged(f, "its section headers are outside of the file");
	if (!read_section(e, names, &s) || !section_part(e, &s, ret_names))
		return damaged(f, "the names of its sections are outside of the file");
	return 0;
}

static int find_symbols(struct elf *e, const struct section *s, struct fail *f)
{
	struct section names;

	if (!section_part(e, s, &e->symbols) || !read_section(e, s->link, &names) ||
	    !section_part(e, &names, &e->symbol_names))
		return damaged(f, "its symbols are outside of the file");
	return 0;
}

/* Of several sections with one name the first counts, as for the kernel. */
static int find_sections(struct elf *e, struct fail *f)
{
	struct part names = { 0 }, name;
	struct section s;
	int r = read_section_table(e, &names, f);

	if (r < 0)
		return r;
	for (uint64_t i = 1; i < e->n_sections; i++) {
		if (!read_section(e, i, &s))
			return damaged(f, "its section headers are outside of the file");
		if (s.type == SHT_SYMTAB && !e->symbols.p) {
			r = find_symbols(e, &s, f);
			if (r < 0)
				return r;
		}
		if (!table_string(names, s.name, &name))
			continue;
		for (size_t k = 0; k < SEC_KINDS; k++)
			if (!e->sections[k].p && part_is(name, section_names[k]) &&
			    !section_part(e, &s, &e->sections[k]))
				return damaged(f, "a section is outside of the file");
	}
	return 0;
}

/* --- modinfo --- */

static void take_modinfo(struct module_info *mi, struct part entry)
{
	const struct {
		const char *tag;
		char **to;
	} fields[] = {
		{ "name", &mi->name },
		{ "version", &mi->version },
		{ "srcversion", &mi->srcversion },
		{ "vermagic", &mi->vermagic },
		{ "depends", &mi->depends },
	};
	const uint8_t *eq = memchr(entry.p, '=', entry.n);
	struct part tag, value;

	if (!eq)
		return;
	tag = (struct part){ entry.p, (size_t)(eq - entry.p) };
	value = part_rest(entry, tag.n + 1);
	if (part_is(tag, "alias"))
		strv_take(&mi->aliases, xstrndup((const char *)value.p, value.n));
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (part_is(tag, fields[i].tag) && !*fields[i].to)
			*fields[i].to = xstrndup((const char *)value.p, value.n);
}

/* Takes the next string off a run of NUL-separated ones; false at the end. */
static bool next_string(struct part *from, struct part *ret)
{
	const uint8_t *end;

	if (from->n == 0)
		return false;
	end = memchr(from->p, '\0', from->n);
	*ret = (struct part){ from->p, end ? (size_t)(end - from->p) : from->n };
	*from = part_rest(*from, end ? ret->n + 1 : ret->n);
	return true;
}

static int read_modinfo(const struct elf *e, struct module_info *ret, struct fail *f)
{
	struct part all = e->sections[SEC_MODINFO], entry;

	if (!all.p)
		return fail_set(f, -ENOEXEC, "no kernel module: it has no .modinfo section");
	if (all.n > MODINFO_LIMIT)
		return damaged(f, "its .modinfo section is too large");
	while (next_string(&all, &entry))
		take_modinfo(ret, entry);
	return 0;
}

/* A note: sizes of name and content, a type, "GNU", the content. What is no such note is none. */
static char *read_build_id(const struct elf *e)
{
	enum { HEAD = 12, NAME = 4, ID_LIMIT = 64, NT_BUILD_ID = 3 };
	struct part note = e->sections[SEC_BUILD_ID];
	CLEAN(buf) struct buf hex = { 0 };
	size_t n;

	if (note.n < HEAD + NAME || get(e, note.p, 4) != NAME || get(e, note.p + 8, 4) != NT_BUILD_ID ||
	    memcmp(note.p + HEAD, "GNU", NAME) != 0)
		return NULL;
	n = (size_t)get(e, note.p + 4, 4);
	note = part_rest(note, HEAD + NAME);
	if (n == 0 || n > note.n || n > ID_LIMIT)
		return NULL;
	for (size_t i = 0; i < n; i++)
		buf_add_fmt(&hex, "%02x", note.p[i]);
	return buf_take(&hex);
}

/* --- symbols --- */

/* Names may overlap in the file; together they may not be many times its size. */
static int add_symbol(struct elf *e, struct symbols *to, struct part name,
		      const struct module_symbol *like, struct fail *f)
{
	if (name.n >= e->budget)
		return damaged(f, "its symbols have too many names");
	e->budget -= name.n + 1;
	if (to->n == to->room) {
		to->room = to->room ? to->room * 2 : 64;
		to->items = xreallocarray(to->items, to->room, sizeof(*to->items));
	}
	to->items[to->n] = *like;
	to->items[to->n].name = xstrndup((const char *)name.p, name.n);
	to->n++;
	return 0;
}

/* Where powerpc's functions begin with a dot, the kernel does without. */
static struct part without_dot(struct part name)
{
	return part_begins(name, ".") ? part_rest(name, 1) : name;
}

/* struct modversion_info: a word with the CRC, and the name in what is left of 64 bytes. */
static int read_versions(struct elf *e, struct symbols *imports, struct fail *f)
{
	enum { RECORD = 64 };
	size_t word = record_size(e, 4, 8);
	struct part all = e->sections[SEC_VERSIONS];

	if (all.n % RECORD)
		return damaged(f, "__versions has a wrong size");
	for (; all.n; all = part_rest(all, RECORD)) {
		struct module_symbol sym = { .crc = (uint32_t)get(e, all.p, word),
					     .has_crc = true };
		struct part name = { all.p + word,
				     strnlen((const char *)all.p + word, RECORD - word) };
		int r = name.n ? add_symbol(e, imports, without_dot(name), &sym, f) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* Linux 6.14 and later: CRCs in one section, names of any length in the other. */
static int read_extended_versions(struct elf *e, struct symbols *imports, struct fail *f)
{
	struct part crcs = e->sections[SEC_EXT_CRCS], names = e->sections[SEC_EXT_NAMES], name;

	for (; crcs.n >= 4 && next_string(&names, &name); crcs = part_rest(crcs, 4)) {
		struct module_symbol sym = { .crc = (uint32_t)get(e, crcs.p, 4), .has_crc = true };
		int r = name.n ? add_symbol(e, imports, without_dot(name), &sym, f) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* Undefined, but not for the kernel to provide (scripts/mod/modpost.c knows them too). */
static bool is_no_import(struct part name)
{
	return name.n == 0 || part_is(name, "_GLOBAL_OFFSET_TABLE_") ||
	       part_is(name, "__this_module") || part_is(name, ".TOC.") ||
	       part_begins(name, "__crc_");
}

/* A __crc_ symbol is the CRC itself where it is absolute, else it says where the CRC lies. */
static void read_crc(const struct elf *e, const uint8_t *record, struct module_symbol *ret)
{
	uint64_t index = field(e, record, FIELD(Sym, st_shndx));
	uint64_t value = field(e, record, FIELD(Sym, st_value));
	struct section s;
	struct part p;

	if (index == SHN_ABS) {
		ret->crc = (uint32_t)value;
		ret->has_crc = true;
	} else if (index < SHN_LORESERVE && read_section(e, index, &s) && section_part(e, &s, &p) &&
		   p.n >= 4 && value <= p.n - 4) {
		ret->crc = (uint32_t)get(e, p.p + value, 4);
		ret->has_crc = true;
	}
}

static int take_symbol(struct elf *e, const uint8_t *record, struct symbols *imports,
		       struct symbols *exports, struct fail *f)
{
	static const char offered[] = "__ksymtab_", crc[] = "__crc_";
	unsigned info = (unsigned)field(e, record, FIELD(Sym, st_info));
	struct module_symbol sym = { .weak = ELF64_ST_BIND(info) == STB_WEAK };
	struct part name;

	if (!table_string(e->symbol_names, field(e, record, FIELD(Sym, st_name)), &name))
		return damaged(f, "the name of a symbol is outside of its table");
	if (field(e, record, FIELD(Sym, st_shndx)) == SHN_UNDEF)
		return is_no_import(name) ? 0 : add_symbol(e, imports, without_dot(name), &sym, f);
	sym.weak = false;
	if (part_begins(name, offered))
		return add_symbol(e, exports, part_rest(name, sizeof(offered) - 1), &sym, f);
	if (part_begins(name, crc)) {
		read_crc(e, record, &sym);
		return add_symbol(e, exports, part_rest(name, sizeof(crc) - 1), &sym, f);
	}
	return 0;
}

static int read_symbols(struct elf *e, struct symbols *imports, struct symbols *exports,
			struct fail *f)
{
	size_t size = record_size(e, sizeof(Elf32_Sym), sizeof(Elf64_Sym));
	struct part all = e->symbols;

	for (; all.n >= size; all = part_rest(all, size)) {
		int r = take_symbol(e, all.p, imports, exports, f);

		if (r < 0)
			return r;
	}
	return 0;
}

/* For a module that was stripped of its symbols. */
static int read_export_names(struct elf *e, struct symbols *exports, struct fail *f)
{
	struct part all = e->sections[SEC_EXPORT_NAMES], name;
	struct module_symbol sym = { 0 };

	while (next_string(&all, &name)) {
		int r = name.n ? add_symbol(e, exports, name, &sym, f) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct module_symbol *)a)->name,
		      ((const struct module_symbol *)b)->name);
}

static void symbols_free(struct module_symbol *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(items[i].name);
	free(items);
}

/* Sorts and makes one of what has the same name. */
static void symbols_settle(struct symbols *v)
{
	size_t kept = 0;

	if (v->n)
		qsort(v->items, v->n, sizeof(*v->items), by_name);
	for (size_t i = 0; i < v->n; i++) {
		struct module_symbol *last = kept ? &v->items[kept - 1] : NULL, *s = &v->items[i];

		if (!last || !str_eq(last->name, s->name)) {
			v->items[kept++] = *s;
			continue;
		}
		if (s->has_crc && !last->has_crc) {
			last->crc = s->crc;
			last->has_crc = true;
		}
		last->weak |= s->weak;
		free(s->name);
	}
	v->n = kept;
}

static int read_all_symbols(struct elf *e, struct symbols *imports, struct symbols *exports,
			    struct fail *f)
{
	int r = read_versions(e, imports, f);

	if (r == 0)
		r = read_extended_versions(e, imports, f);
	if (r == 0)
		r = read_symbols(e, imports, exports, f);
	if (r == 0 && exports->n == 0)
		r = read_export_names(e, exports, f);
	symbols_settle(imports);
	symbols_settle(exports);
	return r;
}

static int parse(struct elf *e, struct module_info *ret, struct fail *f)
{
	struct symbols imports = { 0 }, exports = { 0 };
	struct module_sig sig;
	int r = read_header(e, ret, f);

	if (r == 0)
		r = find_sections(e, f);
	if (r == 0)
		r = read_modinfo(e, ret, f);
	if (r < 0)
		return r;
	ret->build_id = read_build_id(e);
	r = read_all_symbols(e, &imports, &exports, f);
	ret->imports = imports.items;
	ret->n_imports = imports.n;
	ret->exports = exports.items;
	ret->n_exports = exports.n;
	if (r < 0)
		return r;
	if (module_sig_parse(e->file.p, e->file.n, &sig)) {
		ret->signer = sig.signer;
		ret->sig_id = sig.id;
		ret->sig_key = sig.key;
		ret->sig_hash = sig.hash;
	}
	return 0;
}

int module_info_parse(const void *data, size_t len, struct module_info *ret, struct fail *f)
{
	struct elf e = { .file = { data, len }, .budget = 4 * len + 64 * 1024 };
	int r;

	*ret = (struct module_info){ 0 };
	r = parse(&e, ret, f);
	if (r < 0)
		module_info_done(ret);
	return r;
}

void module_info_done(struct module_info *mi)
{
	free(mi->name);
	free(mi->version);
	free(mi->srcversion);
	free(mi->vermagic);
	free(mi->depends);
	free(mi->build_id);
	strv_done(&mi->aliases);
	free(mi->signer);
	free(mi->sig_id);
	free(mi->sig_key);
	free(mi->sig_hash);
	symbols_free(mi->imports, mi->n_imports);
	symbols_free(mi->exports, mi->n_exports);
	*mi = (struct module_info){ 0 };
}
