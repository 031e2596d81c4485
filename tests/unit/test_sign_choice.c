/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/sign_choice.h"
#include "table.h"

static const char *word(const struct strv *w, size_t i)
{
	return str_eq(w->items[i], "-") ? NULL : w->items[i];
}

static void set_distro(const char *match, struct distro *ret)
{
	CLEAN(free) char *text = xasprintf("ID=x\nID_LIKE=\"%s\"\n", match);
	char *comma = strchr(text, ',');

	if (comma)
		*comma = ' ';
	distro_parse(text, ret);
}

static void check_keys(const char *line, const struct strv *w)
{
	CLEAN(distro) struct distro d = { 0 };
	CLEAN(sign_keys) struct sign_keys k = { 0 };
	CLEAN(free) char *config = NULL;
	struct kconfig kc = { 0 };
	struct sign_facts x = { .distro = &d, .kconfig = &kc, .kernel = "K", .kernel_source_dir = "/src",
				.install_tree = "/L" };

	print_message("%s\n", line);
	assert_int_equal(w->n, 10);
	set_distro(w->items[0], &d);
	x.configured_key = word(w, 1);
	x.configured_cert = word(w, 2);
	x.portage_key = word(w, 3);
	x.portage_cert = word(w, 4);
	config = xasprintf("CONFIG_MODULE_SIG_KEY=\"%s\"\n", word(w, 5) ? word(w, 5) : "");
	kc = (struct kconfig){ config, strlen(config) };
	sign_choose_keys(&x, &k);
	assert_string_equal(k.key, w->items[6]);
	assert_string_equal(k.certificate, w->items[7]);
	assert_int_equal(k.is_token, str_eq(w->items[8], "yes"));
	assert_int_equal(k.is_ubuntus, str_eq(w->items[9], "yes"));
}

static void check_files(const char *line, const struct strv *w)
{
	CLEAN(distro) struct distro d = { 0 };
	CLEAN(strv) struct strv got = { 0 };
	struct sign_facts x = { .distro = &d, .install_tree = "/L" };

	print_message("%s\n", line);
	set_distro(w->items[0], &d);
	x.kernel = w->items[1];
	sign_file_candidates(&x, &got);
	assert_int_equal(got.n, w->n - 2);
	for (size_t i = 0; i < got.n; i++)
		assert_string_equal(got.items[i], w->items[i + 2]);
}

static void keys(void **state)
{
	assert_int_equal(table_each_row("sign-keys", check_keys), 18);
}

static void files(void **state)
{
	assert_int_equal(table_each_row("sign-files", check_files), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
