/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/module_file.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/file.h"
#include "base/mem.h"
#include "sys/module_image.h"

/* Output room asked for at a time. A decoder that needs more memory of its own than this is
 * refused: xz -9 takes 65 MiB. */
enum { STEP = 256 * 1024, DECODER_MEMORY = 256 << 20, ZSTD_WINDOW_LOG = 27 };

struct unpacking {
	const uint8_t *data;
	size_t len, max;
	struct buf *ret;
	int fd; /* where it goes instead of ret; -1: nowhere */
	size_t total;
	struct fail *f;
};

static int is_damaged(const struct unpacking *u, const char *format)
{
	return fail_set(u->f, -EBADMSG, "the %s data is damaged or cut off", format);
}

static int is_too_large(const struct unpacking *u)
{
	return fail_set(u->f, -EFBIG, "it is larger than %zu bytes when unpacked", u->max);
}

/* Counts what a decoder wrote into the room from buf_reserve; false: over the limit, or there is no room for it. */
static bool keep(struct unpacking *u, size_t n)
{
	u->ret->len += n;
	u->ret->data[u->ret->len] = '\0';
	u->total += n;
	if (u->total > u->max)
		return false;
	if (u->fd < 0)
		return true;
	if (fd_write_all(u->fd, u->ret->data, u->ret->len) < 0)
		return false;
	buf_reset(u->ret);
	return true;
}

/* --- gzip: members one after the other --- */

static void clean_inflate(z_stream **z)
{
	if (*z)
		inflateEnd(*z);
}

static int unpack_gzip(struct unpacking *u)
{
	z_stream stream = { .next_in = (Bytef *)u->data, .avail_in = (uInt)u->len };
	CLEAN(inflate) z_stream *z = NULL;

	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		return fail_errno(u->f, ENOMEM, "cannot unpack gzip");
	z = &stream;
	for (;;) {
		int r;

		z->next_out = (Bytef *)buf_reserve(u->ret, STEP);
		z->avail_out = STEP;
		r = inflate(z, Z_NO_FLUSH);
		if (!keep(u, STEP - z->avail_out))
			return is_too_large(u);
		if (r == Z_STREAM_END && z->avail_in == 0)
			return 0;
		if (r == Z_STREAM_END)
			r = inflateReset(z);
		if (r != Z_OK)
			return is_damaged(u, "gzip");
	}
}

/* --- xz --- */

static void clean_lzma(lzma_stream *s)
{
	lzma_end(s);
}

static int unpack_xz(struct unpacking *u)
{
	CLEAN(lzma) lzma_stream s = LZMA_STREAM_INIT;

	if (lzma_stream_decoder(&s, DECODER_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		return fail_errno(u->f, ENOMEM, "cannot unpack xz");
	s.next_in = u->data;
	s.avail_in = u->len;
	for (;;) {
		lzma_ret r;

		s.next_out = (uint8_t *)buf_reserve(u->ret, STEP);
		s.avail_out = STEP;
		r = lzma_code(&s, LZMA_FINISH);
		if (!keep(u, STEP - s.avail_out))
			return is_too_large(u);
		if (r == LZMA_STREAM_END)
			return 0;
		if (r == LZMA_MEMLIMIT_ERROR)
			return fail_set(u->f, -EFBIG,
					"the xz data needs too much memory to unpack");
		if (r != LZMA_OK)
			return is_damaged(u, "xz");
	}
}

/* --- zstd: frames one after the other --- */

static void clean_zstd(ZSTD_DCtx **z)
{
	ZSTD_freeDCtx(*z);
}

static int unpack_zstd(struct unpacking *u)
{
	CLEAN(zstd) ZSTD_DCtx *z = ZSTD_createDCtx();
	ZSTD_inBuffer in = { u->data, u->len, 0 };

	if (!z || ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
		return fail_errno(u->f, ENOMEM, "cannot unpack zstd");
	for (;;) {
		ZSTD_outBuffer out = { buf_reserve(u->ret, STEP), STEP, 0 };
		size_t before = in.pos, left = ZSTD_decompressStream(z, &out, &in);

		if (ZSTD_isError(left))
			return is_damaged(u, "zstd");
		if (!keep(u, out.pos))
			return is_too_large(u);
		if (left == 0 && in.pos == in.size)
			return 0;
		if (out.pos == 0 && in.pos == before)
			return is_damaged(u, "zstd");
	}
}

static int take_as_it_is(struct unpacking *u)
{
	if (u->len > u->max)
		return is_too_large(u);
	buf_add(u->ret, u->data, u->len);
	return 0;
}

struct format {
	const char *magic;
	size_t len;
	int (*unpack)(struct unpacking *u);
};

static const struct format formats[] = {
	{ "\x1f\x8b", 2, unpack_gzip },
	{ "\xfd"
	  "7zXZ\0",
	  6, unpack_xz },
	{ "\x28\xb5\x2f\xfd", 4, unpack_zstd },
};

/* NULL: none of them. */
static const struct format *find_format(const void *data, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++)
		if (len >= formats[i].len && memcmp(data, formats[i].magic, formats[i].len) == 0)
			return &formats[i];
	return NULL;
}

bool module_file_is_packed(const void *data, size_t len)
{
	return find_format(data, len) != NULL;
}

int module_file_unpack(const void *data, size_t len, size_t max, struct buf *ret, struct fail *f)
{
	struct unpacking u = { .data = data, .len = len, .max = max, .ret = ret, .fd = -1, .f = f };
	const struct format *format = find_format(data, len);
	int r = format ? format->unpack(&u) : take_as_it_is(&u);

	if (r < 0)
		buf_done(ret);
	return r;
}

int module_file_unpack_to(const void *data, size_t len, size_t max, int fd, struct fail *f)
{
	CLEAN(buf) struct buf step = { 0 };
	struct unpacking u = { .data = data, .len = len, .max = max, .ret = &step, .fd = fd, .f = f };
	const struct format *format = find_format(data, len);

	if (format)
		return format->unpack(&u);
	if (len > max)
		return is_too_large(&u);
	return fd_write_all(fd, data, len);
}

static int load(const char *path, struct buf *ret, struct fail *f)
{
	CLEAN(buf) struct buf raw = { 0 };
	int r = file_read(AT_FDCWD, path, MODULE_FILE_MAX, &raw);

	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", path);
	if (!find_format(raw.data, raw.len)) {
		*ret = raw;
		raw = (struct buf){ 0 };
		return 0;
	}
	r = module_file_unpack(raw.data, raw.len, MODULE_FILE_MAX, ret, f);
	if (r < 0)
		fail_wrap(f, "cannot unpack '%s'", path);
	return r;
}

int module_file_load(const char *path, struct buf *ret, struct fail *f)
{
	CLEAN(buf) struct buf got = { 0 };
	int r = load(path, &got, f);

	if (r < 0)
		return r;
	buf_done(ret);
	*ret = got;
	got = (struct buf){ 0 };
	return 0;
}

int module_file_info(const char *path, struct module_info *ret, struct fail *f)
{
	CLEAN(module_image) struct module_image image = { 0 };
	int r = module_image_read(path, &image, f);

	*ret = (struct module_info){ 0 };
	if (r < 0)
		return r;
	r = module_info_parse(image.data, image.len, ret, f);
	if (r < 0)
		fail_wrap(f, "'%s'", path);
	return r;
}
