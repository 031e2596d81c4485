/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { STATE_MAX = 64 << 20 };

static const char magic[] = "dkms depmod state 1";

uint64_t hash_bytes(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

char *boot_id(void)
{
	char *id = NULL;

	return file_read_line("/proc/sys/kernel/random/boot_id", &id) < 0 ? xstrdup("") : id;
}

/* --- the place --- */

static bool is_ours_alone(const char *dir)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 022);
}

/* Kernels whose modules are gone. */
static void forget_the_gone(const char *cache)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(cache, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *place = path_join(cache, names.items[i]);
		CLEAN(free) char *modules = path_join(place, "modules");

		if (path_is_link(modules) && !path_is_dir(modules))
			tree_remove(place);
	}
}

char *depmod_cache_place(const char *cache, const char *modules_dir, const char *kernel, bool make)
{
	CLEAN(free)
	char *name =
		xasprintf("%s-%016" PRIx64, kernel, hash_bytes(modules_dir, strlen(modules_dir)));

	if (make && !path_lexists(cache))
		dir_make(cache);
	if (!is_ours_alone(cache))
		return NULL;
	forget_the_gone(cache);
	return path_join(cache, name);
}

/* --- the state --- */

void depmod_cache_done(struct depmod_cache *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->items[i].path);
	free(c->items);
	free(c->judge);
	free(c->boot);
	free(c->dir);
	if (c->lock_fd > 0)
		close(c->lock_fd);
	*c = (struct depmod_cache){ 0 };
}

void depmod_cache_add(struct depmod_cache *c, const struct skeleton *s)
{
	if (c->n == c->room) {
		c->room = c->room ? c->room * 2 : 256;
		c->items = xreallocarray(c->items, c->room, sizeof(*c->items));
	}
	c->items[c->n] = *s;
	c->items[c->n++].path = xstrdup(s->path);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct skeleton *)a)->path, ((const struct skeleton *)b)->path);
}

void depmod_cache_sort(struct depmod_cache *c)
{
	if (c->n)
		qsort(c->items, c->n, sizeof(*c->items), by_path);
}

struct skeleton *depmod_cache_find(const struct depmod_cache *c, const char *path)
{
	struct skeleton key = { .path = (char *)path };

	return c->n ? bsearch(&key, c->items, c->n, sizeof(*c->items), by_path) : NULL;
}

static bool read_skeleton(char *line, struct skeleton *ret)
{
	int at = 0;

	if (sscanf(line,
		   "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNu64 " %" SCNd64 " %" SCNd64
		   " %" SCNu64 " %" SCNx64 " %n",
		   &ret->real.size, &ret->real.mtime, &ret->real.ctime, &ret->real.inode,
		   &ret->own.size, &ret->own.mtime, &ret->own.inode, &ret->hash, &at) != 8 ||
	    !at)
		return false;
	ret->path = line + at;
	return *ret->path != '\0';
}

/* The next line of a text, which is cut there; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line;
}

/* All of a state or, should any of it be missing, nothing. */
static bool parse_state(struct depmod_cache *c, char *text)
{
	char *first = next_line(&text), *judge = next_line(&text), *boot, *verdict, *line;

	boot = judge ? next_line(&text) : NULL;
	verdict = boot ? next_line(&text) : NULL;
	if (!verdict || !str_eq(first, magic) || strlen(verdict) != 1)
		return false;
	str_set(&c->judge, judge);
	str_set(&c->boot, boot);
	c->verdict = *verdict == 't'   ? VERDICT_TRUSTED
		     : *verdict == 'd' ? VERDICT_DIFFERS
				       : VERDICT_NONE;
	while ((line = next_line(&text))) {
		struct skeleton s = { 0 };

		if (str_eq(line, "end"))
			return true;
		if (!read_skeleton(line, &s))
			return false;
		depmod_cache_add(c, &s);
	}
	return false;
}

static void load_state(struct depmod_cache *c)
{
	CLEAN(free) char *path = path_join(c->dir, "state");
	CLEAN(buf) struct buf text = { 0 };

	if (file_read(AT_FDCWD, path, STATE_MAX, &text) == 0 && text.len &&
	    strlen(text.data) == text.len && parse_state(c, text.data)) {
		c->known = true;
		depmod_cache_sort(c);
		return;
	}
	for (size_t i = 0; i < c->n; i++)
		free(c->items[i].path);
	c->n = 0;
	c->verdict = VERDICT_NONE;
}

int depmod_cache_open(const char *place, const char *modules_dir, struct depmod_cache *ret)
{
	CLEAN(free) char *modules = path_join(place, "modules");
	CLEAN(free) char *lock = path_join(place, "lock");
	CLEAN(free) char *target = NULL;
	CLEAN(depmod_cache) struct depmod_cache c = { .dir = xstrdup(place) };
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (mkdir(place, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (!is_ours_alone(place))
		return -EPERM;
	c.lock_fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (c.lock_fd < 0)
		return -errno;
	if (fcntl(c.lock_fd, F_SETLK, &whole) < 0)
		return -errno;
	if (link_read(AT_FDCWD, modules, &target) == 0 && str_eq(target, modules_dir))
		load_state(&c);
	else if (link_set(modules_dir, modules) < 0)
		return -errno;
	*ret = c;
	c = (struct depmod_cache){ 0 };
	return 0;
}

int depmod_cache_save(struct depmod_cache *c)
{
	CLEAN(free) char *path = path_join(c->dir, "state");
	CLEAN(free) char *boot = boot_id();
	CLEAN(buf) struct buf b = { 0 };

	buf_add_fmt(&b, "%s\n%s\n%s\n%c\n", magic, c->judge ? c->judge : "", boot,
		    c->verdict == VERDICT_TRUSTED   ? 't'
		    : c->verdict == VERDICT_DIFFERS ? 'd'
						    : '-');
	for (size_t i = 0; i < c->n; i++) {
		const struct skeleton *s = &c->items[i];

		buf_add_fmt(&b,
			    "%" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64 " %" PRId64 " %" PRId64
			    " %" PRIu64 " %" PRIx64 " %s\n",
			    s->real.size, s->real.mtime, s->real.ctime, s->real.inode, s->own.size,
			    s->own.mtime, s->own.inode, s->hash, s->path);
	}
	buf_add_str(&b, "end\n");
	return file_write(path, b.data, b.len, 0600);
}

void depmod_cache_note(const char *place, const char *text)
{
	CLEAN(free) char *path = path_join(place, "last");
	CLEAN(fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0)
		fd_write_all(fd, "\n", 1);
}
