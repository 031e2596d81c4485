/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/certificate.h"

/* The certificate in data/certificate.hex, made by openssl, and what openssl says of it. */
static const char name[] = "Test of certificates", serial[] = "F1:E2:D3:C4",
		  key_id[] = "03:34:59:3F:83:E5:63:17:5F:06:22:9C:0A:09:FC:A7:F0:B2:3C:B1";

static void load(struct buf *ret)
{
	CLEAN(buf) struct buf hex = { 0 };

	assert_int_equal(file_read(AT_FDCWD, TEST_DATA_DIR "/certificate.hex", 4096, &hex), 0);
	for (const char *p = buf_str(&hex); *p; p += strspn(p, "\n")) {
		const char pair[] = { p[0], p[1], '\0' };

		buf_add_char(ret, (char)strtol(pair, NULL, 16));
		p += 2;
	}
}

static void reads(void **state)
{
	CLEAN(buf) struct buf der = { 0 };
	CLEAN(certificate) struct certificate c = { 0 };

	load(&der);
	assert_true(certificate_parse(der.data, der.len, &c));
	assert_string_equal(c.issuer, name);
	assert_string_equal(c.serial, serial);
	assert_string_equal(c.key_id, key_id);
	assert_true(certificate_signed(&c, name, serial));
	assert_true(certificate_signed(&c, NULL, key_id));
	assert_false(certificate_signed(&c, "Somebody else", serial));
	assert_false(certificate_signed(&c, name, "F1:E2:D3:C5"));
	assert_false(certificate_signed(&c, NULL, serial));
	assert_false(certificate_signed(&c, name, NULL));
	assert_false(certificate_signed(&(struct certificate){ 0 }, NULL, NULL));
}

/* Each in memory of its own size, so that a sanitizer sees what reads beyond. */
static void damaged(void **state)
{
	CLEAN(buf) struct buf der = { 0 };

	load(&der);
	for (size_t n = 0; n < der.len; n++) {
		CLEAN(free) char *copy = xcalloc(n + 1, 1);
		CLEAN(certificate) struct certificate c = { 0 };
		char *cut = n ? memcpy(copy + 1, der.data, n) : NULL;

		assert_false(certificate_parse(cut, n, &c));
		assert_null(c.issuer);
	}
	for (size_t n = 0; n < der.len * 8; n++) {
		CLEAN(free) char *copy = xcalloc(der.len, 1);
		CLEAN(certificate) struct certificate c = { 0 };

		memcpy(copy, der.data, der.len);
		copy[n / 8] = (char)(copy[n / 8] ^ 1 << n % 8);
		certificate_parse(copy, der.len, &c);
	}
}

static void add_le32(struct buf *b, size_t n)
{
	for (int i = 0; i < 4; i++)
		buf_add_char(b, (char)(n >> 8 * i));
}

static void add_list(struct buf *b, const char *type, size_t header, const struct buf *one)
{
	static const char zeros[64];

	buf_add(b, type, 16);
	add_le32(b, 28 + header + 2 * (16 + one->len));
	add_le32(b, header);
	add_le32(b, 16 + one->len);
	buf_add(b, zeros, header + 16);
	/* the first is none */
	for (size_t i = 0; i < one->len; i++)
		buf_add_char(b, 'x');
	buf_add(b, zeros, 16);
	buf_add(b, one->data, one->len);
}

static void databases(void **state)
{
	static const char x509[] = "\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72";
	static const char other[] = "\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28";
	CLEAN(buf) struct buf der = { 0 }, db = { 0 };

	load(&der);
	add_list(&db, other, 0, &der);
	assert_false(certificate_in_database(db.data, db.len, name, serial));
	add_list(&db, x509, 8, &der);
	assert_true(certificate_in_database(db.data, db.len, name, serial));
	assert_true(certificate_in_database(db.data, db.len, NULL, key_id));
	assert_false(certificate_in_database(db.data, db.len, name, "01"));
	for (size_t n = 0; n < db.len; n++) {
		CLEAN(free) char *copy = xcalloc(n + 1, 1);

		memcpy(copy + 1, db.data, n);
		assert_false(certificate_in_database(copy + 1, n, name, serial));
	}
	assert_false(certificate_in_database(NULL, 0, name, serial));
	assert_false(certificate_in_database(db.data, db.len, name, NULL));
	assert_true(certificate_name_in_database(db.data, db.len, name));
	assert_false(certificate_name_in_database(db.data, db.len, "Test of"));
	assert_false(certificate_name_in_database(db.data, db.len, NULL));
	/* sizes that cannot be */
	for (size_t at = 16; at < 28; at++) {
		CLEAN(buf) struct buf odd = { 0 };

		add_list(&odd, x509, 0, &der);
		odd.data[at] = (char)0xff;
		assert_false(certificate_in_database(odd.data, odd.len, name, serial));
		odd.data[at] = 0;
		certificate_in_database(odd.data, odd.len, name, serial);
	}
}

static void kernels_keys(void **state)
{
#define ROOTS "I------     1 perm 1f010000     0     0 "
	static const char keys[] =
		"2f3fa05c " ROOTS "keyring   .platform: 2\n"
		"0add5cd9 " ROOTS "blacklist bin:03\n"
		"3061961b " ROOTS "asymmetri One: a92902398e16c49778cd90f99e4f9ae17c55af53: X509.rsa 7c55af53 []\n"
		"339191be " ROOTS "asymmetri Two words: f1e2d3c4: X509.ecdsa f1e2d3c4 []\n"
		"339191bf I------ 1 perm 1f010000  1000  1000 asymmetri Mine: 03: X509.rsa 03 []\n";
	static const struct certificate in = { .key_id = "A9:29:02:39:8E:16:C4:97:78:CD:90:F9:9E:4F:9A:E1:7C:55:AF:53" },
					by_serial = { .serial = "F1:E2:D3:C4" },
					out = { .key_id = "55:AF:53", .serial = "F1:E2:D3:C4" },
					of_user = { .key_id = "03" }, none = { 0 };

	assert_true(certificate_in_kernel(keys, &in));
	assert_true(certificate_in_kernel(keys, &by_serial));
	assert_false(certificate_in_kernel(keys, &out));
	assert_false(certificate_in_kernel(keys, &of_user));
	assert_false(certificate_in_kernel(keys, &none));
	assert_false(certificate_in_kernel("", &in));
	assert_true(certificate_name_in_kernel(keys, "Two words"));
	assert_false(certificate_name_in_kernel(keys, "Two"));
	assert_false(certificate_name_in_kernel(keys, "Mine"));
	assert_false(certificate_name_in_kernel(keys, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(damaged),
		cmocka_unit_test(databases),
		cmocka_unit_test(kernels_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
