/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/tree_links.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { DEPTH_MAX = 64, HOPS_MAX = 40 };

struct tree {
	const char *dir, *place;
	unsigned hops; /* of one link's way: as few as the kernel goes */
};

static bool follow(struct tree *t, struct buf *at, const char *target);

/* False: at is the top already. */
static bool go_up(struct buf *at)
{
	const char *slash;

	if (at->len == 0)
		return false;
	slash = strrchr(at->data, '/');
	at->len = slash ? (size_t)(slash - at->data) : 0;
	at->data[at->len] = '\0';
	return true;
}

static bool go_down(struct tree *t, struct buf *at, const char *name)
{
	CLEAN(free) char *path = path_join(t->dir, buf_str(at), name), *target = NULL;

	if (link_read(AT_FDCWD, path, &target) == 0)
		return t->hops++ < HOPS_MAX && follow(t, at, target);
	buf_add_fmt(at, "%s%s", at->len ? "/" : "", name);
	return true;
}

/* at: where in the tree the way begins, and then where it ends. */
static bool follow(struct tree *t, struct buf *at, const char *target)
{
	CLEAN(free) char *way = path_squeeze(target);
	CLEAN(strv) struct strv names = { 0 };
	bool stays = true;

	if (*way == '/') {
		if (!t->place || !path_is_below(way, t->place))
			return false;
		buf_reset(at);
	}
	strv_split(&names, *way == '/' ? way + strlen(t->place) : way, "/");
	for (size_t i = 0; i < names.n && stays; i++)
		if (str_eq(names.items[i], ".."))
			stays = go_up(at);
		else if (!str_eq(names.items[i], "."))
			stays = go_down(t, at, names.items[i]);
	return stays;
}

static bool all_stay(struct tree *t, const char *at, unsigned depth);

static bool entry_stays(struct tree *t, const char *at, const char *name, unsigned depth)
{
	CLEAN(free) char *below = path_join(at, name), *path = path_join(t->dir, below), *target = NULL;
	CLEAN(buf) struct buf from = { 0 };
	struct stat st;

	if (lstat(path, &st) < 0)
		return false;
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX && all_stay(t, below, depth + 1);
	if (!S_ISLNK(st.st_mode))
		return true;
	buf_add_str(&from, at);
	t->hops = 0;
	return link_read(AT_FDCWD, path, &target) == 0 && follow(t, &from, target);
}

static bool all_stay(struct tree *t, const char *at, unsigned depth)
{
	CLEAN(free) char *dir = path_join(t->dir, at);
	CLEAN(strv) struct strv names = { 0 };
	bool stay = dir_list(dir, &names) == 0;

	for (size_t i = 0; i < names.n && stay; i++)
		stay = entry_stays(t, at, names.items[i], depth);
	return stay;
}

bool tree_links_stay(const char *dir, const char *place)
{
	return all_stay(&(struct tree){ .dir = dir, .place = place }, "", 0);
}
