/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sandbox_choice.h"

#include "base/mem.h"
#include "unit.h"

static void deny(struct denials *list, enum denial_kind kind, const char *what, const char *let_in,
		 bool needs_root, bool is_hidden)
{
	struct denial d = { .kind = kind,
			    .what = xstrdup(what),
			    .let_in = xstrdup(let_in),
			    .needs_root = needs_root,
			    .is_hidden = is_hidden };

	denials_take(list, &d);
	assert_null(d.what);
}

static void modes(void **state)
{
	enum sandbox_mode m = SANDBOX_OFF;

	assert_true(sandbox_mode_parse("auto", &m));
	assert_int_equal(m, SANDBOX_AUTO);
	assert_true(sandbox_mode_parse("strict", &m));
	assert_int_equal(m, SANDBOX_STRICT);
	assert_true(sandbox_mode_parse("off", &m));
	assert_int_equal(m, SANDBOX_OFF);
	assert_false(sandbox_mode_parse("no", &m));
	assert_false(sandbox_mode_parse(NULL, &m));
}

static void texts(void **state)
{
	CLEAN(denials) struct denials d = { 0 };
	CLEAN(free) char *one = NULL, *two = NULL, *more = NULL;

	assert_null(denials_text(&d));
	deny(&d, DENIED_WRITE, "/etc/x", "/etc", false, false);
	deny(&d, DENIED_WRITE, "/etc/x", "/etc", true, false);
	assert_int_equal(d.n, 1);
	assert_true(d.items[0].needs_root);
	one = denials_text(&d);
	assert_string_equal(one, "writing '/etc/x'");
	deny(&d, DENIED_NETWORK, "192.0.2.1 port 80", NULL, false, false);
	two = denials_text(&d);
	assert_string_equal(two, "writing '/etc/x' and using the network (192.0.2.1 port 80)");
	deny(&d, DENIED_READ, "/r", "/r", true, false);
	deny(&d, DENIED_SIGNAL, "7", NULL, false, false);
	for (int i = 2; i < 8; i++) {
		CLEAN(free) char *what = xasprintf("/w%d", i);

		deny(&d, DENIED_WRITE, what, "/", false, false);
	}
	more = denials_text(&d);
	assert_string_equal(more, "writing '/etc/x', using the network (192.0.2.1 port 80), reading '/r', signalling process "
				  "7, writing '/w2', writing '/w3', writing '/w4', writing '/w5' and 2 more");
}

static void texts_of_all_kinds(void **state)
{
	CLEAN(denials) struct denials d = { 0 };
	CLEAN(free) char *text = NULL;

	deny(&d, DENIED_SIGNAL, "7", NULL, false, false);
	deny(&d, DENIED_READ, "/r", "/r", true, false);
	assert_true(denials_have(&d, DENIED_READ));
	assert_false(denials_have(&d, DENIED_NETWORK));
	text = denials_text(&d);
	assert_string_equal(text, "signalling process 7 and reading '/r'");
}

static void exceed(struct denials *list, enum denial_kind kind, const char *what, uint64_t limit)
{
	struct denial d = { .kind = kind, .what = xstrdup(what), .limit = limit };

	denials_take(list, &d);
}

static void texts_of_limits(void **state)
{
	CLEAN(denials) struct denials d = { 0 };
	CLEAN(sandbox_grants) struct sandbox_grants g = { 0 };
	CLEAN(free) char *text = NULL;

	exceed(&d, DENIED_SPACE, "/run", 4 << 20);
	exceed(&d, DENIED_SPACE, "/run", 4 << 20);
	exceed(&d, DENIED_FILES, "/run", 4096);
	exceed(&d, DENIED_SIZE, "/b/fat", 3 << 10);
	exceed(&d, DENIED_SIZE, "/b/odd", 1025);
	exceed(&d, DENIED_SIZE, "", 1ULL << 33);
	text = denials_text(&d);
	assert_string_equal(text, "filling '/run' beyond its 4 MiB, filling '/run' beyond its 4096 files, making '/b/fat' "
				  "larger than 3 KiB, making '/b/odd' larger than 1025 bytes and making a file larger "
				  "than 8192 MiB");
	/* no try has more room */
	assert_false(sandbox_next_try(&d, &g));
}

static void full(void **state)
{
	static const struct {
		uint64_t all, free, free_max;
		bool is_full;
	} table[] = {
		{ 0, 0, 16, false }, /* without a limit */
		{ 1000, 0, 16, true },	 { 1000, 16, 16, true }, { 1000, 17, 16, false },
		{ 1000, 62, 100, true }, /* a part of it */
		{ 1000, 63, 100, false }, { 8, 0, 16, true },	 { 8, 1, 16, false },
	};

	for (size_t i = 0; i < COUNT_OF(table); i++)
		assert_int_equal(sandbox_is_full(table[i].all, table[i].free, table[i].free_max),
				 table[i].is_full);
}

static void list_is_bounded(void **state)
{
	CLEAN(denials) struct denials d = { 0 };

	for (int i = 0; i < 2 * DENIALS_MAX; i++) {
		CLEAN(free) char *what = xasprintf("/%d", i);

		deny(&d, DENIED_WRITE, what, "/x", false, false);
	}
	assert_int_equal(d.n, DENIALS_MAX);
}

static void path_first_then_root(void **state)
{
	CLEAN(denials) struct denials d = { 0 };
	CLEAN(sandbox_grants) struct sandbox_grants g = { 0 };

	deny(&d, DENIED_WRITE, "/a/x", "/a", false, false);
	assert_true(sandbox_next_try(&d, &g));
	assert_false(g.as_root);
	assert_string_equal(g.write.items[0], "/a");
	assert_true(sandbox_next_try(&d, &g));
	assert_true(g.as_root);
	assert_int_equal(g.write.n, 1);
	assert_false(sandbox_next_try(&d, &g));
}

static void root_at_once_where_a_path_is_not_enough(void **state)
{
	CLEAN(denials) struct denials d = { 0 };
	CLEAN(sandbox_grants) struct sandbox_grants g = { 0 };

	deny(&d, DENIED_READ, "/closed", "/closed", true, false);
	assert_true(sandbox_next_try(&d, &g));
	assert_true(g.as_root);
	assert_int_equal(g.read.n, 0);
	assert_false(sandbox_next_try(&d, &g));
}

static void never_the_network_alone_nor_the_root_directory(void **state)
{
	CLEAN(denials) struct denials net = { 0 }, root = { 0 };
	CLEAN(sandbox_grants) struct sandbox_grants g = { 0 }, h = { 0 };

	assert_false(sandbox_next_try(&net, &g));
	deny(&net, DENIED_NETWORK, "192.0.2.1 port 80", NULL, false, false);
	deny(&net, DENIED_SIGNAL, "1", NULL, false, false);
	assert_false(sandbox_next_try(&net, &g));
	assert_int_equal(g.tries, 0);
	deny(&root, DENIED_WRITE, "/x", "/", false, false);
	sandbox_next_try(&root, &h);
	assert_int_equal(h.write.n, 0);
}

static void never_what_cannot_be_let_in(void **state)
{
	CLEAN(denials) struct denials d = { 0 };
	CLEAN(sandbox_grants) struct sandbox_grants g = { 0 };

	deny(&d, DENIED_WRITE, "/proc/sys/kernel/x", NULL, false, false);
	deny(&d, DENIED_READ, "/etc/shadow", NULL, false, false);
	assert_false(sandbox_next_try(&d, &g));
	assert_false(g.as_root);
	deny(&d, DENIED_WRITE, "/a/x", "/a", false, false);
	assert_true(sandbox_next_try(&d, &g));
	assert_int_equal(g.write.n, 1);
}

static void tries_end(void **state)
{
	CLEAN(sandbox_grants) struct sandbox_grants g = { 0 };
	int n = 0;

	for (; n < 100; n++) {
		CLEAN(denials) struct denials d = { 0 };
		CLEAN(free) char *what = xasprintf("/d%d/x", n), *let_in = xasprintf("/d%d", n);

		deny(&d, DENIED_WRITE, what, let_in, false, false);
		if (!sandbox_next_try(&d, &g))
			break;
	}
	assert_int_equal(n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(texts),
		cmocka_unit_test(texts_of_all_kinds),
		cmocka_unit_test(texts_of_limits),
		cmocka_unit_test(full),
		cmocka_unit_test(list_is_bounded),
		cmocka_unit_test(path_first_then_root),
		cmocka_unit_test(root_at_once_where_a_path_is_not_enough),
		cmocka_unit_test(never_the_network_alone_nor_the_root_directory),
		cmocka_unit_test(never_what_cannot_be_let_in),
		cmocka_unit_test(tries_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
