/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/json.h"

static void nesting(void **state)
{
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(strv) struct strv words = { 0 };
	struct json j = { .out = &b };

	strv_add(&words, "a");
	strv_add(&words, "b");
	json_object(&j, NULL);
	json_string(&j, "none", NULL);
	json_int(&j, "n", -3);
	json_array(&j, "empty");
	json_end(&j);
	json_array(&j, "list");
	json_object(&j, NULL);
	json_bool(&j, "yes", true);
	json_end(&j);
	json_end(&j);
	json_strings(&j, "words", &words);
	json_end(&j);
	assert_string_equal(buf_str(&b), "{\n"
					 "  \"none\": null,\n"
					 "  \"n\": -3,\n"
					 "  \"empty\": [],\n"
					 "  \"list\": [\n"
					 "    {\n"
					 "      \"yes\": true\n"
					 "    }\n"
					 "  ],\n"
					 "  \"words\": [\n"
					 "    \"a\",\n"
					 "    \"b\"\n"
					 "  ]\n"
					 "}\n");
}

static void strings(void **state)
{
#define BAD "\xef\xbf\xbd"
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "plain /path", "plain /path" },
		{ "a\"b\\c", "a\\\"b\\\\c" },
		{ "\t\n\r\b\f", "\\t\\n\\r\\b\\f" },
		{ "\x01\x1f\x7f", "\\u0001\\u001f\\u007f" },
		{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		  "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xff|\x80|\xc3", BAD "|" BAD "|" BAD },
		{ "\xc0\xaf", BAD BAD },		 /* overlong */
		{ "\xed\xa0\x80", BAD BAD BAD },	 /* a surrogate */
		{ "\xf4\x90\x80\x80", BAD BAD BAD BAD }, /* above U+10FFFF */
		{ "\xe2\x82", BAD BAD },		 /* cut short */
		{ "\xf0\x9f\x98", BAD BAD BAD },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(buf) struct buf b = { 0 }, want = { 0 };
		struct json j = { .out = &b };

		json_array(&j, NULL);
		json_string(&j, NULL, rows[i].in);
		json_end(&j);
		buf_add_fmt(&want, "[\n  \"%s\"\n]\n", rows[i].out);
		assert_string_equal(buf_str(&b), buf_str(&want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nesting),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
