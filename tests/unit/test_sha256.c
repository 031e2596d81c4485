/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/sha256.h"

/* FIPS 180-4's examples, and lengths around the padding's edges as sha256sum(1) has them. */
static const struct {
	const char *text;
	size_t times;
	const char *hex;
} cases[] = {
	{ "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ "a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
	{ "a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
	{ "a", 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
	{ "a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
};

static void examples(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char hex[SHA256_HEX];
		struct sha256 s;

		sha256_init(&s);
		for (size_t k = 0; k < cases[i].times; k++)
			sha256_add(&s, cases[i].text, strlen(cases[i].text));
		sha256_hex(&s, hex);
		assert_string_equal(hex, cases[i].hex);
	}
}

/* However the bytes come in pieces, the digest is the same. */
static void pieces(void **state)
{
	static const size_t steps[] = { 1, 3, 63, 64, 65, 200, 999 };
	char data[999], want[SHA256_HEX], got[SHA256_HEX];
	struct sha256 s;

	memset(data, 'a', sizeof(data));
	sha256_init(&s);
	sha256_add(&s, data, sizeof(data));
	sha256_hex(&s, want);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		sha256_init(&s);
		for (size_t at = 0; at < sizeof(data); at += steps[i])
			sha256_add(&s, data + at,
				   at + steps[i] < sizeof(data) ? steps[i] : sizeof(data) - at);
		sha256_hex(&s, got);
		assert_string_equal(got, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
