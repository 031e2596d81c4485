/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/kernel_links.h"

#include <errno.h>
#include <fnmatch.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { DEPTH_MAX = 32 };

static bool matches(const char *const *patterns, const char *name)
{
	for (size_t i = 0; patterns[i]; i++)
		if (fnmatch(patterns[i], name, FNM_PATHNAME) == 0)
			return true;
	return false;
}

static bool is_left_out(const char *name)
{
	/* the last one: setlocalversion would ask git about the user's tree */
	static const char *const patterns[] = { ".config", ".config.old", "include/config", "include/generated",
						"arch/*/include/generated", ".git", NULL };

	return matches(patterns, name);
}

/* Directories with something in them that is left out. */
static bool is_opened(const char *name)
{
	static const char *const patterns[] = { "include", "arch", "arch/*", "arch/*/include", NULL };

	return matches(patterns, name);
}

static bool is_real_dir(const char *path)
{
	return path_is_dir(path) && !path_is_link(path);
}

/* `below` is relative to the tree, "" at its top. */
static int link_below(const char *tree, const char *to, const char *below, struct fail *f)
{
	CLEAN(free) char *from = path_join(tree, below), *dir = path_join(to, below);
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(from, &names);

	if (r == 0)
		r = dir_make(dir);
	if (r < 0)
		return fail_errno(f, r, "cannot make links to '%s' in '%s'", from, dir);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *name = path_join(below, names.items[i]);
		CLEAN(free) char *target = path_join(tree, name), *path = path_join(to, name);

		if (is_left_out(name))
			continue;
		if (is_opened(name) && is_real_dir(target))
			r = link_below(tree, to, name, f);
		else if (symlink(target, path) < 0)
			r = fail_errno(f, errno, "cannot make the link '%s'", path);
		if (r < 0)
			return r;
	}
	return 0;
}

int kernel_links_make(const char *tree, const char *to, struct fail *f)
{
	return link_below(tree, to, "", f);
}

static int complete(const char *tree, const char *prepared, int depth, struct fail *f)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(tree, &names);

	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", tree);
	for (size_t i = 0; i < names.n && depth < DEPTH_MAX; i++) {
		CLEAN(free) char *from = path_join(tree, names.items[i]);
		CLEAN(free) char *to = path_join(prepared, names.items[i]);

		if (names.items[i][0] == '.')
			continue;
		if (is_real_dir(from) && is_real_dir(to))
			r = complete(from, to, depth + 1, f);
		else if (!path_lexists(to) && symlink(from, to) < 0)
			r = fail_errno(f, errno, "cannot make the link '%s'", to);
		if (r < 0)
			return r;
	}
	return 0;
}

int kernel_links_complete(const char *tree, const char *prepared, struct fail *f)
{
	return complete(tree, prepared, 0, f);
}
