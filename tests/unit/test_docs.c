/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the manual pages and framework.conf say, against the tables of the program.
 */
#include "unit.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/options.h"
#include "core/conf_values.h"
#include "core/outcome.h"

static char *read_source(const char *name)
{
	CLEAN(free) char *path = path_join(SOURCE_DIR, name);
	CLEAN(buf) struct buf text = { 0 };

	if (file_read(AT_FDCWD, path, 1 << 20, &text) < 0)
		fail_msg("cannot read %s", path);
	return buf_take(&text);
}

/* The text of a section, from its heading to the next one; caller frees. */
static char *section(const char *page, const char *heading)
{
	CLEAN(free) char *mark = xasprintf("\n# %s\n", heading);
	const char *from = strstr(page, mark), *to;

	if (!from)
		fail_msg("there is no section %s", heading);
	from += strlen(mark);
	to = strstr(from, "\n# ");
	return to ? xstrndup(from, (size_t)(to - from)) : xstrdup(from);
}

static bool option_exists(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (str_eq(option_table[i].short_name, name) ||
		    str_eq(option_table[i].long_name, name) || str_eq(option_table[i].alias, name))
			return true;
	return false;
}

static void every_option_has_prose(void **state)
{
	CLEAN(free) char *page = read_source("man/dkms.8.scd");
	CLEAN(free) char *options = section(page, "OPTIONS");

	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *o = &option_table[i];
		const char *const names[] = { o->short_name, o->long_name, o->alias };

		/* for our own scripts, and no promise */
		if (o->id == OPT_HOOK || o->id == OPT_SETTINGS)
			continue;
		for (size_t k = 0; k < COUNT_OF(names); k++) {
			CLEAN(free) char *bold = NULL;

			if (!names[k])
				continue;
			bold = xasprintf("*%s*", names[k]);
			if (!strstr(options, bold))
				fail_msg("dkms(8) does not describe %s", names[k]);
		}
	}
}

/* "*-k*, *--kernelver*" at the beginning of a line describes these. */
static void all_prose_has_an_option(void **state)
{
	CLEAN(free) char *page = read_source("man/dkms.8.scd");
	CLEAN(free) char *options = section(page, "OPTIONS");
	CLEAN(strv) struct strv lines = { 0 };

	strv_split(&lines, options, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		if (!str_has_prefix(lines.items[i], "*-"))
			continue;
		for (const char *p = strstr(lines.items[i], "*-"); p; p = strstr(p, "*-")) {
			CLEAN(free) char *name = xstrndup(p + 1, strcspn(p + 1, "*"));

			if (!option_exists(name))
				fail_msg("dkms(8) describes %s, which dkms does not know", name);
			p += strlen(name) + 2;
		}
	}
}

static void every_action_has_prose(void **state)
{
	CLEAN(free) char *page = read_source("man/dkms.8.scd");
	CLEAN(free) char *actions = section(page, "ACTIONS");
	CLEAN(strv) struct strv lines = { 0 }, described = { 0 };

	strv_split(&lines, actions, "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (str_has_prefix(lines.items[i], "## "))
			strv_split(&described, lines.items[i] + 3, ", ");
	for (size_t i = 0; i < verb_count; i++)
		if (!strv_has(&described, verb_table[i].name))
			fail_msg("dkms(8) does not describe %s", verb_table[i].name);
	assert_int_equal(described.n, verb_count);
}

static void exit_statuses_are_the_table_s(void **state)
{
	static const int statuses[] = {
#define STATUS(name, status, word) status,
		OUTCOME_TABLE(STATUS)
#undef STATUS
	};
	CLEAN(free) char *page = read_source("man/dkms.8.scd");
	CLEAN(free) char *text = section(page, "EXIT STATUS");
	CLEAN(strv) struct strv lines = { 0 };

	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		CLEAN(free) char *row = xasprintf("\n*%d*\n", statuses[i]);

		if (!strstr(text, row))
			fail_msg("dkms(8) does not say what status %d means", statuses[i]);
	}
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		int n = 0;
		bool known = false;

		if (sscanf(lines.items[i], "*%d*", &n) != 1 || n == 0)
			continue;
		for (size_t k = 0; k < COUNT_OF(statuses); k++)
			known = known || statuses[k] == n;
		if (!known)
			fail_msg("dkms(8) describes the status %d, which dkms never has", n);
	}
}

static void every_directive_has_prose(void **state)
{
	CLEAN(free) char *page = read_source("man/dkms.conf.5.scd");
	CLEAN(free) char *text = section(page, "DIRECTIVES");

	for (size_t i = 0; i < conf_names.n; i++) {
		CLEAN(free) char *bold = xasprintf("*%s*", conf_names.items[i]);

		if (!strstr(text, bold))
			fail_msg("dkms.conf(5) does not describe %s", conf_names.items[i]);
	}
}

/* Every setting that framework.conf shows is described, and the reverse. */
static void settings_are_shown_and_described(void **state)
{
	CLEAN(free) char *page = read_source("man/dkms-framework.conf.5.scd");
	CLEAN(free) char *settings = section(page, "SETTINGS");
	CLEAN(free) char *conf = read_source("data/framework.conf");
	CLEAN(strv) struct strv shown = { 0 }, described = { 0 };

	strv_split(&shown, conf, "\n");
	for (size_t i = 0; i < shown.n; i++) {
		const char *s = shown.items[i];
		CLEAN(free) char *bold = xasprintf("*%.*s*", (int)strcspn(s, "=") - 1, s + 1);

		if (*s == '#' && s[1] >= 'a' && s[1] <= 'z' && strchr(s, '=') &&
		    !strstr(settings, bold))
			fail_msg("dkms-framework.conf(5) does not describe %s", bold);
	}
	strv_split(&described, settings, "\n");
	for (size_t i = 0; i < described.n; i++) {
		if (described.items[i][0] != '*')
			continue;
		for (char *p = described.items[i]; (p = strchr(p, '*'));
		     p = strchr(p + 1, '*') + 1) {
			CLEAN(free)
			char *line = xasprintf("\n#%.*s=", (int)strcspn(p + 1, "*"), p + 1);

			if (!strstr(conf, line))
				fail_msg("framework.conf does not show %s", line + 2);
		}
	}
}

static void json_page_has_every_word(void **state)
{
	CLEAN(free) char *page = read_source("docs/json.md");
	static const char *const words[] = {
#define WORD(name, status, word) word,
		OUTCOME_TABLE(WORD)
#undef WORD
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		CLEAN(free) char *quoted = xasprintf("`%s`", words[i]);

		if (!strstr(page, quoted))
			fail_msg("docs/json.md does not name the outcome %s", words[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_has_prose),
		cmocka_unit_test(all_prose_has_an_option),
		cmocka_unit_test(every_action_has_prose),
		cmocka_unit_test(exit_statuses_are_the_table_s),
		cmocka_unit_test(every_directive_has_prose),
		cmocka_unit_test(settings_are_shown_and_described),
		cmocka_unit_test(json_page_has_every_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
