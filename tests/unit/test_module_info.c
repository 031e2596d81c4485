/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "base/mem.h"
#include "core/module_info.h"
#include "core/module_sig.h"
#include "fake_module.h"

/* An allocation of exactly that size, so that ASan sees a byte read beyond. */
static int parse(const void *data, size_t len, struct module_info *ret, struct fail *f)
{
	char *copy = xmemdup(data, len);
	int r = module_info_parse(copy, len, ret, f);

	free(copy);
	return r;
}

static const struct module_symbol *find(const struct module_symbol *items, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(items[i].name, name))
			return &items[i];
	return NULL;
}

static void check_fields(const struct module_info *mi)
{
	assert_string_equal(mi->name, "fake");
	assert_string_equal(mi->version, "1.2-3");
	assert_string_equal(mi->srcversion, "ABCDEF");
	assert_string_equal(mi->vermagic, "6.1.0 SMP mod_unload ");
	assert_string_equal(mi->depends, "");
	assert_string_equal(mi->build_id, "0aff10");
	assert_int_equal(mi->aliases.n, 2);
	assert_string_equal(mi->aliases.items[0], "pci:v1*");
	assert_string_equal(mi->aliases.items[1], "of:N*");
}

static void check_symbols(const struct module_info *mi)
{
	const struct {
		const char *name;
		uint32_t crc;
		bool has_crc, weak;
	} imports[] = {
		{ "kfree" }, { "maybe", .weak = true }, { "module_layout", 0x11223344, true },
		{ "printk", 0xcafe0001, true },
	}, exports[] = {
		{ "absolute", 0x0badf00d, true }, { "offered", 0xdeadbeef, true }, { "plain" },
	};

	assert_int_equal(mi->n_imports, COUNT_OF(imports));
	for (size_t i = 0; i < COUNT_OF(imports); i++) {
		assert_string_equal(mi->imports[i].name, imports[i].name);
		assert_int_equal(mi->imports[i].crc, imports[i].crc);
		assert_int_equal(mi->imports[i].has_crc, imports[i].has_crc);
		assert_int_equal(mi->imports[i].weak, imports[i].weak);
	}
	assert_int_equal(mi->n_exports, COUNT_OF(exports));
	for (size_t i = 0; i < COUNT_OF(exports); i++) {
		assert_string_equal(mi->exports[i].name, exports[i].name);
		assert_int_equal(mi->exports[i].crc, exports[i].crc);
		assert_int_equal(mi->exports[i].has_crc, exports[i].has_crc);
	}
}

static void all_layouts(void **state)
{
	for (int i = 0; i < 16; i++) {
		struct fake_module m = {
			.wide = i & 1, .big = i & 2, .extended = i & 4, .ext_versions = i & 8
		};
		CLEAN(buf) struct buf b = { 0 };
		CLEAN(module_info) struct module_info mi = { 0 };

		fake_module_make(&m, &b, NULL);
		assert_int_equal(parse(b.data, b.len, &mi, NULL), 0);
		check_fields(&mi);
		check_symbols(&mi);
		assert_int_equal(mi.elf_class, m.wide ? 2 : 1);
		assert_int_equal(mi.big_endian, m.big);
		assert_int_equal(mi.machine, m.big ? EM_PPC64 : EM_X86_64);
		assert_null(mi.signer);
		assert_null(mi.sig_id);
	}
}

/* A note that is another one, or that is longer than its section, is no build id, and no damage. */
static void odd_build_ids(void **state)
{
	struct fake_module m = { .wide = true };
	CLEAN(buf) struct buf b = { 0 };
	char *note;

	fake_module_make(&m, &b, NULL);
	note = memmem(b.data, b.len, "GNU\0", 4);
	assert_non_null(note);
	for (int i = -12; i < 4; i++) {
		CLEAN(module_info) struct module_info mi = { 0 };
		char was = note[i];

		note[i] = (char)(was ^ 0x41);
		assert_int_equal(parse(b.data, b.len, &mi, NULL), 0);
		assert_null(mi.build_id);
		note[i] = was;
	}
}

static void stripped_of_symbols(void **state)
{
	struct fake_module m = { .wide = true, .stripped = true };
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(module_info) struct module_info mi = { 0 };

	fake_module_make(&m, &b, NULL);
	assert_int_equal(parse(b.data, b.len, &mi, NULL), 0);
	assert_int_equal(mi.n_imports, 2);
	assert_int_equal(mi.n_exports, 2);
	assert_non_null(find(mi.exports, mi.n_exports, "offered"));
	assert_non_null(find(mi.exports, mi.n_exports, "other"));
}

static void signature(void **state)
{
	struct fake_module m = { .wide = true, .cms = fake_cms, .cms_len = FAKE_CMS_LEN };
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(module_info) struct module_info mi = { 0 };

	fake_module_make(&m, &b, NULL);
	assert_int_equal(parse(b.data, b.len, &mi, NULL), 0);
	check_symbols(&mi);
	assert_string_equal(mi.signer, "Test");
	assert_string_equal(mi.sig_id, "PKCS#7");
	assert_string_equal(mi.sig_key, "9A:0B");
	assert_string_equal(mi.sig_hash, "sha512");
	assert_int_equal(module_sig_body(b.data, b.len), b.len - 28 - 12 - FAKE_CMS_LEN);
	assert_int_equal(module_sig_body(b.data, b.len - 1), b.len - 1);
	assert_int_equal(module_sig_body("", 0), 0);
}

/* The form before Linux 4.3: names and key identifier stand outside of the signature. */
static void signature_of_old_kernels(void **state)
{
	static const char text[] = "bodySome One\x0a\xbc!!!\1\4\1\x8\2\0\0\0\0\0\0\3~Module signature appended~\n";
	CLEAN(module_sig) struct module_sig s = { 0 };
	char odd[sizeof(text)];

	assert_true(module_sig_parse(text, sizeof(text) - 1, &s));
	assert_string_equal(s.signer, "Some One");
	assert_string_equal(s.key, "0A:BC");
	assert_string_equal(s.id, "X509");
	assert_string_equal(s.hash, "sha256");
	assert_int_equal(module_sig_body(text, sizeof(text) - 1), 4);
	module_sig_done(&s);
	/* a hash that nobody knows */
	memcpy(odd, text, sizeof(odd));
	odd[sizeof("bodySome One\x0a\xbc!!!\1") - 1] = 8;
	assert_false(module_sig_parse(odd, sizeof(odd) - 1, &s));
	assert_null(s.signer);
}

/* Every length that is wrong, in the signature's own structure. */
static void signature_damaged(void **state)
{
	CLEAN(module_sig) struct module_sig s = { 0 };

	for (size_t i = 0; i < FAKE_CMS_LEN; i++) {
		for (int v = 0; v < 256; v++) {
			struct fake_module m = { .stripped = true, .cms_len = FAKE_CMS_LEN };
			CLEAN(buf) struct buf b = { 0 };
			char cms[FAKE_CMS_LEN];

			memcpy(cms, fake_cms, sizeof(cms));
			cms[i] = (char)v;
			m.cms = cms;
			fake_module_make(&m, &b, NULL);
			module_sig_parse(b.data + b.len - 40 - FAKE_CMS_LEN, 40 + FAKE_CMS_LEN, &s);
			module_sig_done(&s);
		}
	}
}

static void no_modules(void **state)
{
	const struct {
		const char *data;
		size_t len;
	} cases[] = {
		{ "", 0 }, { "\x7f"
			     "ELF", 4 },
		{ "hello world, this is no module at all", 37 },
		{ "\x7f"
		  "ELF\3\1\1aaaaaaaaaaaaaaaaaaaaaaaaa", 32 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct module_info mi;
		CLEAN(fail) struct fail f = { 0 };

		assert_int_equal(parse(cases[i].data, cases[i].len, &mi, &f), -ENOEXEC);
		assert_non_null(strstr(f.text, "no kernel module"));
	}
}

static void other_elf_files(void **state)
{
	struct fake_module m = { .wide = true };
	CLEAN(buf) struct buf b = { 0 };
	struct module_info mi;

	fake_module_make(&m, &b, NULL);
	b.data[16] = ET_DYN;
	assert_int_equal(parse(b.data, b.len, &mi, NULL), -ENOEXEC);
	b.data[16] = ET_REL;
	memcpy(memmem(b.data, b.len, ".modinfo", 9), ".madinfo", 8);
	assert_int_equal(parse(b.data, b.len, &mi, NULL), -ENOEXEC);
}

static void cut_off_anywhere(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct fake_module m = { .wide = i & 1, .big = i & 2 };
		CLEAN(buf) struct buf b = { 0 };

		fake_module_make(&m, &b, NULL);
		for (size_t n = 0; n < b.len; n++) {
			struct module_info mi;
			CLEAN(fail) struct fail f = { 0 };

			/* the section headers come last: no part of it is a module */
			assert_true(parse(b.data, n, &mi, &f) < 0);
			assert_non_null(f.text);
			assert_null(mi.name);
		}
	}
}

/* Each byte takes values that lengths and offsets do not like; then several at once. */
static void bytes_changed(void **state)
{
	static const int values[] = { 0, 1, 0x7f, 0x80, 0xff };
	unsigned seed = 1;

	for (int i = 0; i < 4; i++) {
		struct fake_module m = { .wide = i & 1, .big = i & 2, .cms = fake_cms,
					 .cms_len = FAKE_CMS_LEN };
		CLEAN(buf) struct buf b = { 0 };
		struct module_info mi;

		fake_module_make(&m, &b, NULL);
		for (size_t n = 0; n < b.len; n++) {
			char was = b.data[n];

			for (size_t v = 0; v < COUNT_OF(values); v++) {
				b.data[n] = (char)values[v];
				parse(b.data, b.len, &mi, NULL);
				module_info_done(&mi);
			}
			b.data[n] = was;
		}
		for (int n = 0; n < 4000; n++) {
			CLEAN(free) char *copy = xmemdup(b.data, b.len);

			for (int k = 0; k < 4; k++)
				copy[(size_t)rand_r(&seed) % b.len] = (char)rand_r(&seed);
			parse(copy, b.len, &mi, NULL);
			module_info_done(&mi);
		}
	}
}

static void set_section(struct buf *b, size_t shoff, int section, uint64_t offset, uint64_t size)
{
	memcpy(b->data + shoff + (size_t)section * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_offset),
	       &offset, 8);
	memcpy(b->data + shoff + (size_t)section * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size), &size,
	       8);
}

static void sections_outside(void **state)
{
	static const uint64_t bad[][2] = {
		{ 0, UINT64_MAX }, { UINT64_MAX, 1 }, { UINT64_MAX, UINT64_MAX }, { 1, UINT64_MAX },
		{ UINT64_MAX - 7, 8 }, { 0, 1 << 20 }, { 1 << 20, 0 },
	};
	struct fake_module m = { .wide = true };

	for (int s = FAKE_MODINFO; s < FAKE_SECTIONS; s++) {
		for (size_t i = 0; i < COUNT_OF(bad); i++) {
			CLEAN(buf) struct buf b = { 0 };
			struct module_info mi;
			size_t shoff;

			if (s == FAKE_CRCS || s == FAKE_EXT_CRCS || s == FAKE_EXT_NAMES)
				continue;
			fake_module_make(&m, &b, &shoff);
			set_section(&b, shoff, s, bad[i][0], bad[i][1]);
			assert_int_equal(parse(b.data, b.len, &mi, NULL), -EBADMSG);
		}
	}
}

/* A CRC that is not in the file is no CRC. */
static void crc_outside(void **state)
{
	struct fake_module m = { .wide = true };
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(module_info) struct module_info mi = { 0 };
	size_t shoff;

	fake_module_make(&m, &b, &shoff);
	set_section(&b, shoff, FAKE_CRCS, 0, 3);
	assert_int_equal(parse(b.data, b.len, &mi, NULL), 0);
	assert_false(find(mi.exports, mi.n_exports, "offered")->has_crc);
	assert_true(find(mi.exports, mi.n_exports, "absolute")->has_crc);
}

/* All symbols of a huge table share one long name: what is copied stays in proportion. */
static void overlapping_names(void **state)
{
	enum { COUNT = 4000, NAME = 1000 };
	struct fake_module m = { .wide = true };
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	struct module_info mi;
	Elf64_Sym sym = { .st_name = 0, .st_shndx = SHN_UNDEF };
	size_t shoff, symbols, names;

	fake_module_make(&m, &b, &shoff);
	names = b.len;
	for (int i = 0; i < NAME; i++)
		buf_add_char(&b, 'x');
	buf_add_char(&b, 0);
	symbols = b.len;
	for (int i = 0; i < COUNT; i++)
		buf_add(&b, &sym, sizeof(sym));
	set_section(&b, shoff, FAKE_STRTAB, names, NAME + 1);
	set_section(&b, shoff, FAKE_SYMTAB, symbols, COUNT * sizeof(sym));
	assert_int_equal(parse(b.data, b.len, &mi, &f), -EBADMSG);
	assert_non_null(strstr(f.text, "too many names"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_layouts),
		cmocka_unit_test(odd_build_ids),
		cmocka_unit_test(stripped_of_symbols),
		cmocka_unit_test(signature),
		cmocka_unit_test(signature_of_old_kernels),
		cmocka_unit_test(signature_damaged),
		cmocka_unit_test(no_modules),
		cmocka_unit_test(other_elf_files),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(bytes_changed),
		cmocka_unit_test(sections_outside),
		cmocka_unit_test(crc_outside),
		cmocka_unit_test(overlapping_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
