/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/initramfs.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/cpio.h"
#include "core/module_info.h"
#include "core/sha256.h"
#include "helper/libarchive.h"

enum { BLOCK = 64 << 10, NAME_MAX_SIZE = 4096, MODULE_MAX = 64 << 20 };

static const uint64_t total_max = 16ULL << 30;

/* Bytes of the file itself, or of what is compressed in it. */
struct stream {
	int fd;
	struct archive *unpacker; /* NULL: the file itself */
	char *own;		  /* a block, of the file itself */
	const char *block;
	size_t n; /* bytes of it that were not taken yet */
	uint64_t taken;
};

struct search {
	const char *kernel;
	char **names;
	size_t n_names;
};

static int damaged(struct fail *f)
{
	return fail_set(f, -EBADMSG, "it is no initramfs, or is damaged");
}

/* The next block; false at the end. Damage is an end that comes too early. */
static bool fill(struct stream *s)
{
	const void *block;
	la_int64_t offset;
	ssize_t n;

	if (s->unpacker) {
		if (archive_read_data_block(s->unpacker, &block, &s->n, &offset) != ARCHIVE_OK)
			return false;
		s->block = block;
		return s->n > 0;
	}
	n = read(s->fd, s->own, BLOCK);
	s->block = s->own;
	s->n = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* Takes n bytes, to `to` or (NULL) nowhere; false: there are not so many. */
static bool take(struct stream *s, void *to, uint64_t n)
{
	char *p = to;

	while (n > 0) {
		size_t k;

		if (s->n == 0 && !fill(s))
			return false;
		k = n < s->n ? (size_t)n : s->n;
		if (p) {
			memcpy(p, s->block, k);
			p += k;
		}
		s->block += k;
		s->n -= k;
		s->taken += k;
		n -= k;
	}
	return s->taken <= total_max;
}

/* Zeros between archives. False at the end. */
static bool skip_zeros(struct stream *s)
{
	while (s->n > 0 || fill(s)) {
		if (*s->block)
			return true;
		s->block++;
		s->n--;
		s->taken++;
	}
	return false;
}

/* modules ---------------------------------------------------------------------------------------
 */

static struct archive *unpacker_new(void)
{
	struct archive *a = archive_read_new();

	if (!a)
		return NULL;
	archive_read_support_format_raw(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lz4(a);
	archive_read_support_filter_zstd(a);
	return a;
}

/* Of a module that is compressed, or not: libarchive tells. */
static bool unpack_module(const void *data, size_t n, struct buf *ret)
{
	CLEAN(archive_reader) struct archive *a = unpacker_new();
	struct archive_entry *e;
	const void *block;
	la_int64_t offset;
	int r;

	if (!a || archive_read_open_memory(a, data, n) != ARCHIVE_OK ||
	    archive_read_next_header(a, &e) != ARCHIVE_OK)
		return false;
	while ((r = archive_read_data_block(a, &block, &n, &offset)) == ARCHIVE_OK) {
		if (n > MODULE_MAX - ret->len)
			return false;
		buf_add(ret, block, n);
	}
	return r == ARCHIVE_EOF;
}

static void print_module(const char *path, const void *data, size_t n)
{
	CLEAN(buf) struct buf module = { 0 };
	CLEAN(module_info) struct module_info mi = { 0 };
	char hex[SHA256_HEX];
	struct sha256 digest;

	if (!unpack_module(data, n, &module) ||
	    module_info_parse(module.data, module.len, &mi, NULL) < 0 ||
	    (mi.srcversion && strpbrk(mi.srcversion, " \n\r")))
		return;
	sha256_init(&digest);
	sha256_add(&digest, module.data, module.len);
	sha256_hex(&digest, hex);
	printf("%s %s %s %s %s\n", hex, mi.build_id ? mi.build_id : "-",
	       mi.srcversion ? mi.srcversion : "-", mi.sig_key ? mi.sig_key : "-", path);
}

static bool is_wanted(const struct search *x, const char *name)
{
	for (size_t i = 0; i < x->n_names; i++)
		if (str_eq(name, x->names[i]))
			return true;
	return false;
}

/* archives --------------------------------------------------------------------------------------
 */

/* A member's content, of size h->size. */
static bool take_content(struct stream *s, const struct search *x, const struct cpio_header *h, const char *path)
{
	CLEAN(free) char *name = S_ISREG(h->mode) && !strpbrk(path, "\n\r") ? cpio_module_name(path, x->kernel) : NULL;
	CLEAN(free) char *data = NULL;

	if (name)
		printf("- %s\n", name);
	if (!name || h->size == 0 || h->size > MODULE_MAX || !is_wanted(x, name))
		return take(s, NULL, h->size);
	data = xreallocarray(NULL, h->size, 1);
	if (!take(s, data, h->size))
		return false;
	print_module(path, data, h->size);
	return true;
}

/* All members of one archive; `first` has the first six bytes. */
static bool take_archive(struct stream *s, const struct search *x, const char *first)
{
	char head[CPIO_HEADER], name[NAME_MAX_SIZE];
	size_t have = 6;

	memcpy(head, first, have);
	for (;;) {
		struct cpio_header h;

		if (!take(s, head + have, CPIO_HEADER - have) || !cpio_header_parse(head, &h) ||
		    h.name_size == 0 || h.name_size > NAME_MAX_SIZE ||
		    !take(s, name, h.name_size) ||
		    !take(s, NULL, cpio_padding(CPIO_HEADER + h.name_size)))
			return false;
		name[h.name_size - 1] = '\0';
		if (str_eq(name, "TRAILER!!!"))
			return true;
		if (!take_content(s, x, &h, name) || !take(s, NULL, cpio_padding(h.size)))
			return false;
		have = 0;
	}
}

/*
 * Archives one after the other. 0: to the end. 1: up to something else, whose first six bytes were
 * taken. Negative: it is damaged.
 */
static int take_archives(struct stream *s, const struct search *x, struct fail *f)
{
	char first[6];

	while (skip_zeros(s)) {
		if (!take(s, first, sizeof(first)))
			return damaged(f);
		if (!cpio_is_member(first))
			return 1;
		if (!take_archive(s, x, first))
			return damaged(f);
	}
	return 0;
}

static int take_compressed(int fd, const struct search *x, struct fail *f)
{
	CLEAN(archive_reader) struct archive *a = unpacker_new();
	struct stream s = { .unpacker = a };
	struct archive_entry *e;

	if (!a || archive_read_open_fd(a, fd, BLOCK) != ARCHIVE_OK ||
	    archive_read_next_header(a, &e) != ARCHIVE_OK ||
	    archive_filter_code(a, 0) == ARCHIVE_FILTER_NONE)
		return damaged(f);
	return take_archives(&s, x, f) == 0 ? 0 : damaged(f);
}

int initramfs_list(int fd, const char *kernel, char **names, size_t n, struct fail *f)
{
	const struct search x = { kernel, names, n };
	CLEAN(free) char *own = xcalloc(1, BLOCK);
	struct stream s = { .fd = fd, .own = own };
	int r = take_archives(&s, &x, f);

	if (r <= 0)
		return r;
	if (lseek(fd, (off_t)s.taken - 6, SEEK_SET) < 0)
		return fail_errno(f, errno, "cannot read on");
	return take_compressed(fd, &x, f);
}
