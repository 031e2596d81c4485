/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "core/symbol_wants.h"

static struct module_symbol imports_a[] = {
	{ .name = (char *)"printk", .crc = 0x11111111, .has_crc = true },
	{ .name = (char *)"print", .crc = 0x22222222, .has_crc = true },
	{ .name = (char *)"kmalloc" },
	{ .name = (char *)"__this_module" },
	{ .name = (char *)"only_if_there", .weak = true },
};
static struct module_symbol imports_b[] = {
	{ .name = (char *)"printk", .crc = 0x99999999, .has_crc = true },
	{ .name = (char *)"a_helps_b", .crc = 0x33333333, .has_crc = true },
};
static struct module_symbol exports_a[] = {
	{ .name = (char *)"a_helps_b", .crc = 0x33333333, .has_crc = true },
};

static void want(struct symbol_wants *w)
{
	struct module_info a = { .imports = imports_a, .n_imports = COUNT_OF(imports_a) };
	struct module_info b = { .imports = imports_b, .n_imports = COUNT_OF(imports_b) };

	symbol_wants_add(w, "a", &a);
	symbol_wants_add(w, "b", &b);
}

static enum symbol_state state_of(const struct symbol_wants *w, const char *module,
				  const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->items[i].name, name) && str_eq(w->items[i].module, module))
			return w->items[i].state;
	fail_msg("%s does not want %s", module, name);
	return SYMBOL_MISSING;
}

static void offers_settle_wants(void **state)
{
	static const char symvers[] = "0x11111111\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"
				      "0x00000000\tprint_more\tvmlinux\tEXPORT_SYMBOL\t\n"
				      "0x22222222\tprin\tvmlinux\tEXPORT_SYMBOL\t\n"
				      "0xabcdef01\tkmalloc\tvmlinux\tEXPORT_SYMBOL_GPL";
	struct module_info a = { .exports = exports_a, .n_exports = COUNT_OF(exports_a) };
	CLEAN(symbol_wants) struct symbol_wants w = { 0 };

	want(&w);
	assert_int_equal(symbol_wants_open(&w), 5);
	symbol_wants_offer_symvers(&w, symvers, sizeof(symvers) - 1);
	symbol_wants_offer_module(&w, &a);
	assert_int_equal(state_of(&w, "a", "printk"), SYMBOL_OFFERED);
	assert_int_equal(state_of(&w, "b", "printk"), SYMBOL_OTHER_CRC);
	assert_int_equal(state_of(&w, "a", "print"), SYMBOL_MISSING);
	assert_int_equal(state_of(&w, "a", "kmalloc"), SYMBOL_OFFERED);
	assert_int_equal(state_of(&w, "b", "a_helps_b"), SYMBOL_OFFERED);
	assert_int_equal(symbol_wants_open(&w), 2);
}

static void a_better_offer_counts_and_a_worse_does_not(void **state)
{
	CLEAN(symbol_wants) struct symbol_wants w = { 0 };

	want(&w);
	symbol_wants_offer(&w, "print", 5, 0x1);
	assert_int_equal(state_of(&w, "a", "print"), SYMBOL_OTHER_CRC);
	symbol_wants_offer(&w, "print", 5, 0x22222222);
	assert_int_equal(state_of(&w, "a", "print"), SYMBOL_OFFERED);
	symbol_wants_offer(&w, "print", 5, 0x1);
	assert_int_equal(state_of(&w, "a", "print"), SYMBOL_OFFERED);
}

/* The text comes from a build: whatever it is, nothing is read outside of it. */
static void damaged_symvers(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"0x",
		"0x1",
		"0x11111111",
		"0x11111111\t",
		"\tprintk",
		"0xzz\tprintk\n",
		"printk\t0x11111111\n",
		"0x111111111\tprintk\n",
		"0x1111111g\tprintk\n\n\n",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEAN(symbol_wants) struct symbol_wants w = { 0 };
		size_t n = strlen(texts[i]);
		char *exact = malloc(n ? n : 1);

		memcpy(exact, texts[i], n);
		want(&w);
		symbol_wants_offer_symvers(&w, exact, n);
		if (symbol_wants_open(&w) != 5)
			fail_msg("'%s' offers something", texts[i]);
		free(exact);
	}
}

static void nothing_wanted(void **state)
{
	CLEAN(symbol_wants) struct symbol_wants w = { 0 };

	symbol_wants_offer(&w, "printk", 6, 1);
	assert_int_equal(symbol_wants_open(&w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offers_settle_wants),
		cmocka_unit_test(a_better_offer_counts_and_a_worse_does_not),
		cmocka_unit_test(damaged_symvers),
		cmocka_unit_test(nothing_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
