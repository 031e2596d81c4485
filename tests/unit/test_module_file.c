/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <lzma.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

#include "base/file.h"
#include "base/mem.h"
#include "fake_module.h"
#include "sys/module_file.h"

static void pack_gzip(const struct buf *from, struct buf *to)
{
	z_stream z = { .next_in = (Bytef *)from->data, .avail_in = (uInt)from->len };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.avail_out = (uInt)deflateBound(&z, from->len);
	z.next_out = (Bytef *)buf_reserve(to, z.avail_out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	to->len += z.total_out;
	deflateEnd(&z);
}

static void pack_xz(const struct buf *from, struct buf *to)
{
	size_t room = lzma_stream_buffer_bound(from->len), out = 0;
	uint8_t *at = (uint8_t *)buf_reserve(to, room);

	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, (uint8_t *)from->data,
						 from->len, at, &out, room),
			 LZMA_OK);
	to->len += out;
}

static void pack_zstd(const struct buf *from, struct buf *to)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(from->len);

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	to->len += ZSTD_compress2(c, buf_reserve(to, room), room, from->data, from->len);
	ZSTD_freeCCtx(c);
}

static void (*const packers[])(const struct buf *from, struct buf *to) = { pack_gzip, pack_xz, pack_zstd };

/* Both ways, into memory and into a file: with the same result. */
static int unpack(const char *data, size_t len, size_t max, struct buf *ret)
{
	CLEAN(free) char *copy = xmemdup(data, len);
	CLEAN(buf) struct buf there = { 0 };
	CLEAN(fd) int fd = memfd_create("unpacked", MFD_CLOEXEC);
	int r = module_file_unpack(copy, len, max, ret, NULL);

	assert_int_equal(module_file_unpack_to(copy, len, max, fd, NULL), r);
	if (r == 0) {
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(fd_read_all(fd, max, &there), 0);
		assert_int_equal(there.len, ret->len);
		assert_memory_equal(buf_str(&there), buf_str(ret), ret->len);
	}
	return r;
}

static void make_module(struct buf *b)
{
	struct fake_module m = { .wide = true, .cms = fake_cms, .cms_len = FAKE_CMS_LEN };

	fake_module_make(&m, b, NULL);
}

static void unpacks(void **state)
{
	CLEAN(buf) struct buf plain = { 0 };

	make_module(&plain);
	for (size_t i = 0; i < COUNT_OF(packers); i++) {
		CLEAN(buf) struct buf packed = { 0 }, got = { 0 };

		packers[i](&plain, &packed);
		assert_int_equal(unpack(packed.data, packed.len, plain.len, &got), 0);
		assert_int_equal(got.len, plain.len);
		assert_memory_equal(got.data, plain.data, plain.len);
	}
}

static void what_is_not_packed_is_taken_as_it_is(void **state)
{
	CLEAN(buf) struct buf got = { 0 }, none = { 0 }, large = { 0 };

	assert_int_equal(unpack("\x1f", 1, 1, &got), 0);
	assert_string_equal(buf_str(&got), "\x1f");
	assert_int_equal(unpack("", 0, 0, &none), 0);
	assert_int_equal(none.len, 0);
	assert_int_equal(unpack("12345", 5, 4, &large), -EFBIG);
	assert_null(large.data);
}

/* `cat a.gz b.gz` is what it looks like; anything else behind the data is damage. */
static void several_parts(void **state)
{
	CLEAN(buf) struct buf plain = { 0 };

	make_module(&plain);
	for (size_t i = 0; i < COUNT_OF(packers); i++) {
		CLEAN(buf) struct buf packed = { 0 }, got = { 0 };

		packers[i](&plain, &packed);
		packers[i](&plain, &packed);
		assert_int_equal(unpack(packed.data, packed.len, 2 * plain.len, &got), 0);
		assert_int_equal(got.len, 2 * plain.len);
		buf_reset(&got);
		buf_add_str(&packed, "garbage");
		assert_int_equal(unpack(packed.data, packed.len, 2 * plain.len, &got), -EBADMSG);
		assert_null(got.data);
	}
}

static void cut_off_anywhere(void **state)
{
	CLEAN(buf) struct buf plain = { 0 };

	make_module(&plain);
	for (size_t i = 0; i < COUNT_OF(packers); i++) {
		CLEAN(buf) struct buf packed = { 0 };

		packers[i](&plain, &packed);
		for (size_t n = 6; n < packed.len; n++) {
			CLEAN(buf) struct buf got = { 0 };

			assert_int_equal(unpack(packed.data, n, plain.len, &got), -EBADMSG);
		}
	}
}

static void bytes_changed(void **state)
{
	CLEAN(buf) struct buf plain = { 0 };
	unsigned seed = 1;

	make_module(&plain);
	for (size_t i = 0; i < COUNT_OF(packers); i++) {
		CLEAN(buf) struct buf packed = { 0 };

		packers[i](&plain, &packed);
		for (int n = 0; n < 500; n++) {
			CLEAN(buf) struct buf got = { 0 };
			char *at = &packed.data[6 + (size_t)rand_r(&seed) % (packed.len - 6)], was = *at;

			*at = (char)(was ^ (1 << rand_r(&seed) % 8));
			unpack(packed.data, packed.len, plain.len, &got);
			*at = was;
		}
	}
}

/* A thousandfold blow-up is not followed beyond the limit. */
static void bombs_are_refused(void **state)
{
	enum { SIZE = 32 << 20, MAX = 1 << 20 };
	CLEAN(buf) struct buf zeros = { 0 };

	memset(buf_reserve(&zeros, SIZE), 0, SIZE);
	zeros.len = SIZE;
	for (size_t i = 0; i < COUNT_OF(packers); i++) {
		CLEAN(buf) struct buf packed = { 0 }, got = { 0 };

		packers[i](&zeros, &packed);
		assert_true(packed.len < MAX);
		assert_int_equal(unpack(packed.data, packed.len, MAX, &got), -EFBIG);
		assert_null(got.data);
		assert_int_equal(unpack(packed.data, packed.len, SIZE, &got), 0);
		assert_int_equal(got.len, SIZE);
	}
}

static void files(void **state)
{
	char dir[] = "/tmp/dkms-unit.XXXXXX";
	CLEAN(buf) struct buf plain = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	CLEAN(free) char *path = NULL;

	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/m.ko", dir);
	make_module(&plain);
	for (size_t i = 0; i <= COUNT_OF(packers); i++) {
		CLEAN(buf) struct buf packed = { 0 }, got = { 0 };
		CLEAN(module_info) struct module_info mi = { 0 }, none = { 0 };

		if (i < COUNT_OF(packers))
			packers[i](&plain, &packed);
		else
			buf_add(&packed, plain.data, plain.len);
		assert_int_equal(file_write(path, packed.data, packed.len, 0644), 0);
		assert_int_equal(module_file_load(path, &got, &f), 0);
		assert_memory_equal(got.data, plain.data, plain.len);
		assert_int_equal(module_file_info(path, &mi, &f), 0);
		assert_string_equal(mi.signer, "Test");
		assert_int_equal(file_write(path, packed.data, packed.len / 2, 0644), 0);
		assert_int_equal(module_file_info(path, &none, &f), -EBADMSG);
		assert_non_null(strstr(f.text, path));
	}
	assert_int_equal(file_write(path, "", 0, 0644), 0);
	assert_int_equal(module_file_info(path, &(struct module_info){ 0 }, &f), -ENOEXEC);
	assert_int_equal(tree_remove(dir), 0);
	assert_int_equal(module_file_info(path, &(struct module_info){ 0 }, &f), -ENOENT);
	assert_non_null(strstr(f.text, "No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpacks),
		cmocka_unit_test(what_is_not_packed_is_taken_as_it_is),
		cmocka_unit_test(several_parts),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(bytes_changed),
		cmocka_unit_test(bombs_are_refused),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
