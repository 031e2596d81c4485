/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes archives that somebody might send who means harm, or whose disk did.
 *
 *   hostile SEED FIRST COUNT OUT_DIR CANARY_DIR
 *
 * writes archives FIRST to FIRST+COUNT-1 as OUT_DIR/<number>.<kind>.<wanted>. The same seed gives the same
 * archives. They try to get at CANARY_DIR. <wanted> is what must become of it: "refused", "shape" (built modules
 * without a dkms.conf), "loaded", or "any" where all that counts is that nothing happens outside.
 * Some are bombs only for who allows no more than 64 MiB and 5000 members.
 */
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

enum { BLOCK = 512, MIB = 1 << 20, LIMIT_MIB = 64, LIMIT_MEMBERS = 5000 };

struct maker {
	uint64_t state; /* of the random numbers */
	struct buf tar;
	const char *canary;
	const char *wanted;
	bool is_final; /* `tar` is no tar that can be compressed, cut or ended */
};

static uint64_t any(struct maker *m, uint64_t n)
{
	uint64_t z = (m->state += 0x9e3779b97f4a7c15U);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return (z ^ (z >> 31)) % n;
}

/* tar ------------------------------------------------------------------------------------------- */

struct header {
	const char *name, *prefix, *target;
	char type;
	uint64_t size;
	unsigned mode;
	const char *magic; /* NULL: ustar */
	bool bad_sum;
};

static void put_number(char *field, size_t n, uint64_t value)
{
	char text[32];

	if (value >> (3 * (n - 1))) {
		memset(field, 0, n);
		for (size_t i = 0; i < 8; i++)
			field[n - 1 - i] = (char)(value >> (8 * i));
		field[0] |= (char)0x80;
		return;
	}
	snprintf(text, sizeof(text), "%0*llo", (int)(n - 1), (unsigned long long)value);
	memcpy(field, text, n);
}

static void set_sum(char *b)
{
	unsigned sum = 0;
	char text[16];

	memset(b + 148, ' ', 8);
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)b[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(b + 148, text, 7);
}

static void put_header(struct maker *m, struct header h)
{
	char b[BLOCK] = { 0 };

	memcpy(b, h.name, strnlen(h.name, 100));
	put_number(b + 100, 8, h.mode ? h.mode : 0644);
	put_number(b + 108, 8, 1234);
	put_number(b + 116, 8, 1234);
	put_number(b + 124, 12, h.size);
	put_number(b + 136, 12, 1500000000);
	b[156] = h.type ? h.type : '0';
	if (h.target)
		memcpy(b + 157, h.target, strnlen(h.target, 100));
	memcpy(b + 257, h.magic ? h.magic : "ustar\00000", 8);
	if (h.prefix)
		memcpy(b + 345, h.prefix, strnlen(h.prefix, 155));
	set_sum(b);
	if (h.bad_sum)
		b[148] ^= 1;
	buf_add(&m->tar, b, BLOCK);
}

static void put_data(struct maker *m, const void *data, size_t n)
{
	static const char zeros[BLOCK];

	buf_add(&m->tar, data, n);
	buf_add(&m->tar, zeros, (BLOCK - n % BLOCK) % BLOCK);
}

static void put_zeros(struct maker *m, size_t n)
{
	memset(buf_reserve(&m->tar, n), 0, n);
	m->tar.len += n;
}

static void put_file(struct maker *m, const char *name, const char *text)
{
	put_header(m, (struct header){ .name = name, .size = strlen(text) });
	put_data(m, text, strlen(text));
}

static void put_dir(struct maker *m, const char *name)
{
	put_header(m, (struct header){ .name = name, .type = '5', .mode = 0755 });
}

static void put_link(struct maker *m, const char *name, const char *target)
{
	put_header(m, (struct header){ .name = name, .type = '2', .target = target });
}

static void put_hard(struct maker *m, const char *name, const char *target)
{
	put_header(m, (struct header){ .name = name, .type = '1', .target = target });
}

/* A name (type L) or link target (type K) of any length for the next header, as GNU tar has them. */
static void put_long(struct maker *m, char type, const char *text, size_t n)
{
	put_header(m, (struct header){ .name = "././@LongLink", .type = type, .size = n + 1,
				       .magic = "ustar  " });
	put_data(m, text, n);
	if (n % BLOCK == 0)
		put_zeros(m, BLOCK);
}

/* A record of an extended header for the next header. */
static void put_pax(struct maker *m, char type, const char *key, const char *value, size_t n)
{
	CLEAN(buf) struct buf b = { 0 };
	size_t length = strlen(key) + n + 3, digits = 1;

	for (size_t k = 10; k <= length + digits; k *= 10)
		digits++;
	buf_add_fmt(&b, "%zu %s=", length + digits, key);
	buf_add(&b, value, n);
	buf_add_char(&b, '\n');
	put_header(m, (struct header){ .name = "PaxHeaders/x", .type = type, .size = b.len });
	put_data(m, b.data, b.len);
}

static void put_pax_text(struct maker *m, const char *key, const char *value)
{
	put_pax(m, 'x', key, value, strlen(value));
}

/* A tarball as it should be, but for what else is put into it. */
static void put_good_source(struct maker *m)
{
	put_dir(m, "./dkms_main_tree/");
	put_dir(m, "./dkms_source_tree/");
	put_file(m, "./dkms_source_tree/Makefile", "obj-m := alpha.o\n");
	put_file(m, "./dkms_source_tree/dkms.conf",
		 "PACKAGE_NAME=alpha\nPACKAGE_VERSION=1.0\nBUILT_MODULE_NAME[0]=alpha\n"
		 "DEST_MODULE_LOCATION[0]=/updates\n");
}

static void put_good_build(struct maker *m)
{
	put_dir(m, "./dkms_main_tree/6.1.0-1/x86_64/");
	put_file(m, "./dkms_main_tree/6.1.0-1/x86_64/module/alpha.ko", "no module at all");
	put_file(m, "./dkms_main_tree/6.1.0-1/x86_64/log/make.log", "DKMS make.log\n");
}

/* what they try ------------------------------------------------------------------------------------ */

/* A name that leads out, often to the canary. */
static char *bad_name(struct maker *m)
{
	switch (any(m, 12)) {
	case 0:
		return xasprintf("%s/new", m->canary);
	case 1:
		return xasprintf("../../../../../../../../../../../..%s/new", m->canary);
	case 2:
		return xasprintf("./dkms_source_tree/../../../../../../../../../..%s/new", m->canary);
	case 3:
		return xstrdup("../new");
	case 4:
		return xstrdup("./../new");
	case 5:
		return xstrdup("dkms_source_tree/../../new");
	case 6:
		return xstrdup("..");
	case 7:
		return xstrdup("dkms_source_tree/..");
	case 8:
		return xstrdup("/");
	case 9:
		return xasprintf("//%s/new", m->canary);
	case 10:
		return xstrdup("a//..//..//./../new");
	default:
		return xstrdup("dkms_main_tree/6.1.0-1/../../../new");
	}
}

static void traversal(struct maker *m)
{
	CLEAN(free) char *name = bad_name(m);
	static const char types[] = "0005";
	struct header h = { .name = name, .type = types[any(m, 4)] };

	m->wanted = "refused";
	put_good_source(m);
	switch (any(m, 4)) {
	case 0:
		put_long(m, 'L', name, strlen(name));
		h.name = "innocent";
		h.magic = "ustar  ";
		break;
	case 1:
		put_pax_text(m, "path", name);
		h.name = "innocent";
		break;
	case 2:
		/* "<prefix>/<name>" */
		h.prefix = "./../x";
		break;
	default:
		break;
	}
	if (h.type == '0')
		h.size = 4;
	put_header(m, h);
	if (h.size)
		put_data(m, "new\n", 4);
	put_good_build(m);
}

static void link_through(struct maker *m)
{
	CLEAN(free) char *victim = xasprintf("%s/file", m->canary);
	CLEAN(free) char *up = xasprintf("../../../../../../../../../..%s", m->canary);

	m->wanted = "refused";
	put_good_source(m);
	switch (any(m, 12)) {
	case 0:
		put_link(m, "dkms_source_tree/out", m->canary);
		put_file(m, "dkms_source_tree/out/new", "new\n");
		break;
	case 1:
		put_link(m, "./dkms_source_tree//out", up);
		put_file(m, "dkms_source_tree/./out/file", "new\n");
		break;
	case 2:
		put_link(m, "a", "b");
		put_link(m, "b", m->canary);
		put_file(m, "a/new", "new\n");
		break;
	case 3:
		put_link(m, "a", "dkms_source_tree");
		put_file(m, "a/new", "new\n");
		break;
	case 4:
		put_link(m, "a", victim);
		put_file(m, "a", "new\n");
		break;
	case 5:
		put_dir(m, "d");
		put_link(m, "d", m->canary);
		put_file(m, "d/new", "new\n");
		break;
	case 6:
		put_long(m, 'K', up, strlen(up));
		put_header(m, (struct header){ .name = "a", .type = '2', .magic = "ustar  " });
		put_dir(m, "a/new/");
		break;
	case 7:
		put_pax_text(m, "linkpath", m->canary);
		put_link(m, "a", "x");
		put_link(m, "a/new", "x");
		break;
	case 8:
		put_link(m, "dkms_main_tree/6.1.0-1", m->canary);
		put_file(m, "dkms_main_tree/6.1.0-1/x86_64/module/x.ko", "new\n");
		break;
	case 9:
		put_link(m, "dkms_main_tree/6.1.0-1", m->canary);
		break;
	case 10:
		put_dir(m, "dkms_main_tree/6.1.0-1/x86_64/module/");
		put_link(m, "dkms_main_tree/6.1.0-1/x86_64/module/alpha.ko", victim);
		break;
	default:
		put_dir(m, "dkms_source_tree/d/");
		put_link(m, "dkms_source_tree/d/", m->canary);
		break;
	}
}

static void hard_link(struct maker *m)
{
	CLEAN(free) char *victim = xasprintf("%s/file", m->canary);
	CLEAN(free) char *up = xasprintf("../../../../../../../../../..%s/file", m->canary);

	m->wanted = "refused";
	put_good_source(m);
	switch (any(m, 6)) {
	case 0:
		put_hard(m, "dkms_source_tree/h", victim);
		break;
	case 1:
		put_hard(m, "dkms_source_tree/h", up);
		put_file(m, "dkms_source_tree/h", "new\n");
		break;
	case 2:
		put_link(m, "s", victim);
		put_hard(m, "h", "s");
		put_file(m, "h", "new\n");
		break;
	case 3:
		put_hard(m, "h", "nothing");
		break;
	case 4:
		put_header(m, (struct header){ .name = "h", .type = '1', .target = victim, .size = 4 });
		put_data(m, "new\n", 4);
		break;
	default:
		put_pax_text(m, "linkpath", victim);
		put_hard(m, "h", "dkms_source_tree/dkms.conf");
		break;
	}
}

static void device(struct maker *m)
{
	static const char types[] = "346";

	m->wanted = "refused";
	put_good_source(m);
	put_header(m, (struct header){ .name = any(m, 2) ? "dkms_source_tree/null" :
					       "dkms_main_tree/6.1.0-1/x86_64/module/alpha.ko",
				       .type = types[any(m, 3)], .mode = 0666 });
	put_good_build(m);
}

static void no_conf(struct maker *m)
{
	CLEAN(free) char *victim = xasprintf("%s/dkms.conf", m->canary);

	m->wanted = "shape";
	put_good_build(m);
	if (any(m, 2))
		put_link(m, "dkms_source_tree/dkms.conf", victim);
	else
		put_dir(m, "dkms_source_tree/dkms.conf/");
}

/* What is worse than its length: all this must be refused. */
static void bomb(struct maker *m)
{
	m->wanted = "refused";
	put_good_source(m);
	switch (any(m, 8)) {
	case 0:
		put_header(m, (struct header){ .name = "big", .size = (uint64_t)1 << (32 + any(m, 30)) });
		put_zeros(m, MIB);
		break;
	case 1:
		put_header(m, (struct header){ .name = "big", .size = (LIMIT_MIB + 1) * (uint64_t)MIB });
		put_zeros(m, (LIMIT_MIB + 1) * (size_t)MIB);
		break;
	case 2:
		for (int i = 0; i <= LIMIT_MIB; i++) {
			put_header(m, (struct header){ .name = any(m, 2) ? "same" : "other", .size = MIB });
			put_zeros(m, MIB);
		}
		break;
	case 3:
		for (int i = 0; i <= LIMIT_MEMBERS; i++) {
			CLEAN(free) char *name = xasprintf("f%d", i);

			put_file(m, name, "");
		}
		break;
	case 4:
		put_header(m, (struct header){ .name = "f", .size = MIB });
		put_zeros(m, MIB);
		for (int i = 0; i <= LIMIT_MIB; i++) {
			CLEAN(free) char *name = xasprintf("h%d", i);

			put_hard(m, name, "f");
		}
		break;
	case 5:
		put_pax_text(m, "GNU.sparse.major", "0");
		put_pax_text(m, "size", "1152921504606846976");
		put_file(m, "sparse", "x");
		break;
	case 6:
		/* directories that are only implied */
		for (int i = 0; i < LIMIT_MEMBERS / 20; i++) {
			CLEAN(free) char *name = xasprintf("%d/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", i);

			put_file(m, name, "");
		}
		break;
	default: {
		CLEAN(buf) struct buf deep = { 0 };
		size_t n = 65 + any(m, 400);

		for (size_t i = 0; i < n; i++)
			buf_add_str(&deep, "d/");
		put_long(m, 'L', buf_str(&deep), deep.len);
		put_header(m, (struct header){ .name = "d", .type = '5', .magic = "ustar  " });
		break;
	}
	}
}

/* Headers that are too long, or that lie. */
static void huge_header(struct maker *m)
{
	CLEAN(buf) struct buf text = { 0 };
	size_t n = (size_t)1 << (10 + any(m, 14));

	m->wanted = "any";
	memset(buf_reserve(&text, n), 'a', n);
	text.len = n;
	text.data[n] = '\0';
	put_good_source(m);
	switch (any(m, 10)) {
	case 0:
		put_long(m, any(m, 2) ? 'L' : 'K', text.data, n);
		put_header(m, (struct header){ .name = "x", .type = '2', .target = "y", .magic = "ustar  " });
		break;
	case 1:
		put_pax(m, any(m, 2) ? 'x' : 'g', any(m, 2) ? "comment" : "path", text.data, n);
		put_file(m, "x", "");
		break;
	case 2:
		put_header(m, (struct header){ .name = "x", .type = "xgLK"[any(m, 4)],
					       .size = (uint64_t)1 << any(m, 62) });
		put_data(m, "30 path=", 8);
		break;
	case 3:
		put_header(m, (struct header){ .name = "x", .type = 'x', .size = 40 });
		put_data(m, "99999999999999999999999999999999 path=x\n", 40);
		put_file(m, "x", "");
		break;
	case 4:
		put_pax(m, 'x', "path", "a\0../b", 6);
		put_file(m, "x", "");
		break;
	case 5:
		put_pax_text(m, "size", any(m, 2) ? "-1" : "18446744073709551615");
		put_file(m, "x", "text");
		break;
	case 6:
		put_pax_text(m, "mtime", any(m, 2) ? "99999999999999999999.9" : "-5");
		put_pax_text(m, "path", "");
		put_file(m, "x", "text");
		break;
	case 7:
		put_pax_text(m, "GNU.sparse.map", "0,1,99999999999,1,5,5,-3,7");
		put_file(m, "x", "text");
		break;
	case 8:
		put_pax_text(m, "hdrcharset", "BINARY");
		put_pax(m, 'x', "path", "\xff\xfe\xff", 3);
		put_file(m, "x", "text");
		break;
	default:
		put_header(m, (struct header){ .name = "x", .bad_sum = true, .size = 4 });
		put_data(m, "new\n", 4);
		break;
	}
}

/* Compressions that ask for a lot. */
static void dictionary(struct maker *m)
{
	static const unsigned char lzma[] = { 0x5d, 0, 0, 0, 0x60, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					      0xff, 0xff, 0 };
	static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 0x02, 0x20, 0x80, 'a' };
	unsigned char xz[] = { 0xfd, '7', 'z', 'X', 'Z', 0, 0, 1, 0x69, 0x22, 0xde, 0x36, 2, 0, 0x21,
			       1,    40,  0,   0,   0,   0, 0, 0, 0,	 1,    0,    0,	   'a' };
	uint32_t crc = (uint32_t)crc32(0, xz + 12, 8);

	m->wanted = "refused";
	m->is_final = true;
	for (int i = 0; i < 4; i++)
		xz[20 + i] = (unsigned char)(crc >> (8 * i));
	switch (any(m, 3)) {
	case 0:
		buf_add(&m->tar, lzma, sizeof(lzma));
		break;
	case 1:
		buf_add(&m->tar, zstd, sizeof(zstd));
		break;
	default:
		buf_add(&m->tar, xz, sizeof(xz));
		break;
	}
	for (size_t i = 0; i < 4096; i++)
		buf_add_char(&m->tar, (char)any(m, 256));
}

static void gzip(struct buf *b)
{
	z_stream z = { 0 };
	uLong bound;
	CLEAN(buf) struct buf out = { 0 };

	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	bound = deflateBound(&z, b->len);
	z.next_in = (unsigned char *)b->data;
	z.avail_in = (unsigned)b->len;
	z.next_out = (unsigned char *)buf_reserve(&out, bound);
	z.avail_out = (unsigned)bound;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	out.len = z.total_out;
	deflateEnd(&z);
	buf_reset(b);
	buf_add(b, out.data, out.len);
}

static void nested(struct maker *m)
{
	size_t n = 2 + any(m, 40);

	m->wanted = "any";
	m->is_final = true;
	put_good_source(m);
	put_zeros(m, 1024 + any(m, 8) * MIB);
	for (size_t i = 0; i < n; i++)
		gzip(&m->tar);
}

/* A good one, up to somewhere. */
static void truncated(struct maker *m)
{
	m->wanted = "any";
	m->is_final = true;
	put_good_source(m);
	put_good_build(m);
	put_zeros(m, 1024);
	if (any(m, 2))
		gzip(&m->tar);
	m->tar.len = any(m, m->tar.len);
}

/* A good one, with bits turned over; the text of dkms.conf, which is run, stays as it is. */
static void damaged(struct maker *m)
{
	size_t n = 1 + any(m, 12), start, end;

	m->wanted = "any";
	put_good_build(m);
	start = m->tar.len;
	put_good_source(m);
	end = m->tar.len;
	for (size_t i = 0; i < n; i++) {
		size_t at = any(m, end);
		size_t block = at / BLOCK * BLOCK;

		if (at >= start && at >= end - BLOCK)
			continue;
		m->tar.data[at] ^= (char)(1 << any(m, 8));
		if (any(m, 4))
			set_sum(m->tar.data + block);
	}
}

static void mixed(struct maker *m)
{
	static const char *const names[] = { "a",    "a/b",   "./a",  "a/b/c", "b",	 "b/c",	     "..",
					     "../x", "a/../x", "/x",   ".",	"dkms_source_tree",
					     "dkms_main_tree", "dkms_source_tree/dkms.conf",
					     "dkms_main_tree/6.1.0-1/x86_64/module", "a\033[31m\n", "" };
	size_t n = 3 + any(m, 25);

	m->wanted = "any";
	if (any(m, 2))
		put_good_source(m);
	for (size_t i = 0; i < n; i++) {
		struct header h = { .name = names[any(m, COUNT_OF(names))],
				    .target = any(m, 3) ? names[any(m, COUNT_OF(names))] : m->canary,
				    .type = "0000055522111346S7xgLKMNVD"[any(m, 26)],
				    .mode = (unsigned)any(m, 07777 + 1) };

		/* what is read as dkms.conf is run */
		if (strstr(h.name, "dkms.conf") && (h.type == '0' || h.type == '7'))
			h.type = '5';
		if (strchr("0xgLKS7", h.type))
			h.size = any(m, 2000);
		put_header(m, h);
		if (any(m, 10))
			put_zeros(m, (h.size + BLOCK - 1) / BLOCK * BLOCK);
	}
}

/* Odd, and nothing wrong with it. */
static void harmless(struct maker *m)
{
	CLEAN(free) char *victim = xasprintf("%s/file", m->canary);

	m->wanted = "loaded";
	put_good_source(m);
	put_link(m, "dkms_source_tree/COPYING", victim);
	put_link(m, "dkms_source_tree/up", "../../../../..");
	put_link(m, "dkms_source_tree/itself", "itself");
	put_link(m, "dkms_source_tree/dir", m->canary);
	put_header(m, (struct header){ .name = "dkms_source_tree/suid", .mode = 06777 });
	put_header(m, (struct header){ .name = "dkms_source_tree/sticky", .type = '5', .mode = 01777 });
	put_file(m, "dkms_source_tree/a\033[31m\n\xff", "");
	put_file(m, "dkms_source_tree/twice", "once");
	put_file(m, "dkms_source_tree/twice", "again");
	put_hard(m, "dkms_source_tree/hard", "./dkms_source_tree//twice");
	put_file(m, "dkms_source_tree/implied/by/this", "x");
	put_file(m, "elsewhere/file", "not one of ours");
	put_good_build(m);
}

static const struct {
	const char *name;
	void (*make)(struct maker *m);
} kinds[] = {
	{ "traversal", traversal }, { "link", link_through },	{ "hard", hard_link },
	{ "device", device },	    { "bomb", bomb },		{ "truncated", truncated },
	{ "header", huge_header },  { "dictionary", dictionary }, { "nested", nested },
	{ "damaged", damaged },	    { "mixed", mixed },		{ "harmless", harmless },
	{ "noconf", no_conf },	    { "mixed", mixed },		{ "damaged", damaged },
	{ "traversal", traversal }, { "link", link_through },
};

static int make_one(uint64_t seed, uint64_t i, const char *out, const char *canary)
{
	struct maker m = { .state = seed * 1000003 + i, .canary = canary };
	CLEAN(free) char *path = NULL;
	int r;

	kinds[i % COUNT_OF(kinds)].make(&m);
	if (!m.is_final) {
		if (any(&m, 5))
			put_zeros(&m, 1024);
		if (any(&m, 3) || m.tar.len > MIB)
			gzip(&m.tar);
	}
	path = xasprintf("%s/%04llu.%s.%s", out, (unsigned long long)i, kinds[i % COUNT_OF(kinds)].name,
			 m.wanted);
	r = file_write(path, m.tar.data ? m.tar.data : "", m.tar.len, 0644);
	buf_done(&m.tar);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	uint64_t seed, first, count;

	if (argc != 6)
		return 2;
	seed = strtoull(argv[1], NULL, 10);
	first = strtoull(argv[2], NULL, 10);
	count = strtoull(argv[3], NULL, 10);
	for (uint64_t i = first; i < first + count; i++)
		if (make_one(seed, i, argv[4], argv[5]) < 0)
			return 1;
	return 0;
}
