/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <unistd.h>

#include "sys/tree_links.h"
#include "temp_dir.h"

/* The tree has a/b/f, in -> a, deep -> a/b and here -> . before the link is made. */
static const struct {
	const char *link, *target;
	bool stays;
} cases[] = {
	{ "l", "a", true },
	{ "l", "./a//b/f", true },
	{ "l", "nowhere", true },
	{ "l", "a/../a/b", true },
	{ "a/b/l", "../../a", true },
	{ "a/b/l", "../..", true },
	{ "a/l", "../in/b", true },
	{ "l", "in/../a", true },
	{ "l", "deep/../../a", true },
	{ "l", "..", false },
	{ "l", "../x", false },
	{ "a/b/l", "../../../x", false },
	{ "l", "a/../../x", false },
	/* out and in again: elsewhere it would not come back */
	{ "l", "../tree/a", false },
	/* the way counts, not the words */
	{ "a/b/l", "../../here/../x", false },
	{ "l", "in/../../a", false },
	{ "l", "/etc", false },
	{ "l", "/nowhere", false },
	{ "l", "/", false },
	{ "l", "l", false },
	{ "l", "/the/place", true },
	{ "l", "/the//place/a/b", true },
	{ "l", "/the/place/../x", false },
	{ "l", "/the/places", false },
	{ "a/b/l", "/the/place/in/b/../../a", true },
	{ "a/b/l", "/the/place/in/../../a", false },
};

static void make_link(const struct temp_dir *d, const char *target, const char *name)
{
	CLEAN(free) char *path = path_join(d->path, "tree", name);

	assert_int_equal(symlink(target, path), 0);
}

static void tree_set_up(struct temp_dir *d)
{
	temp_dir_make(d);
	temp_dir_put(d, "tree/a/b/f", "", 0644);
	make_link(d, "a", "in");
	make_link(d, "a/b", "deep");
	make_link(d, ".", "here");
}

static void each_link(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(temp_dir) struct temp_dir d = { 0 };
		CLEAN(free) char *tree = NULL;

		tree_set_up(&d);
		tree = temp_dir_at(&d, "tree");
		assert_true(tree_links_stay(tree, NULL));
		make_link(&d, cases[i].target, cases[i].link);
		if (tree_links_stay(tree, "/the/place") != cases[i].stays)
			fail_msg("%s -> %s", cases[i].link, cases[i].target);
		assert_false(*cases[i].target == '/' && tree_links_stay(tree, NULL));
	}
}

static void a_link_at_the_top_is_followed(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *top = NULL;

	tree_set_up(&d);
	top = temp_dir_at(&d, "top");
	assert_int_equal(symlink("tree", top), 0);
	assert_true(tree_links_stay(top, NULL));
	make_link(&d, "../tree", "l");
	assert_false(tree_links_stay(top, NULL));
}

/* Each goes twice through the next: 2^30 steps. */
static void a_way_has_an_end(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *tree = NULL;

	tree_set_up(&d);
	tree = temp_dir_at(&d, "tree");
	for (int i = 0; i < 30; i++) {
		CLEAN(free) char *name = xasprintf("l%d", i), *target = xasprintf("l%d/l%d", i + 1, i + 1);

		make_link(&d, target, name);
	}
	make_link(&d, ".", "l30");
	assert_false(tree_links_stay(tree, NULL));
}

static void what_cannot_be_read(void **state)
{
	assert_false(tree_links_stay("/nowhere", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_link),
		cmocka_unit_test(a_link_at_the_top_is_followed),
		cmocka_unit_test(a_way_has_an_end),
		cmocka_unit_test(what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
