/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/archive_rules.h"

#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"

struct archive_entry {
	char *path; /* NULL: free slot */
	enum member_kind kind;
	uint64_t size;
};

char *archive_shown(const char *name)
{
	enum { SHOWN_MAX = 200 };
	char *s = xstrndup(name, SHOWN_MAX);

	for (char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
	return s;
}

static int refuse(struct fail *f, const char *name, const char *why)
{
	CLEAN(free) char *shown = archive_shown(name);

	return fail_set(f, -E_NOT_AN_ARCHIVE, "member '%s' %s", shown, why);
}

/* the table of what was seen -------------------------------------------------------------------- */

static size_t slot_of(const struct archive_rules *a, const char *path)
{
	uint64_t h = a->seed ^ 0xcbf29ce484222325U;
	size_t i;

	for (const char *p = path; *p; p++) {
		h = (h ^ (unsigned char)*p) * 0x100000001b3U;
		h ^= h >> 29;
	}
	for (i = h & (a->room - 1); a->table[i].path; i = (i + 1) & (a->room - 1))
		if (str_eq(a->table[i].path, path))
			break;
	return i;
}

static struct archive_entry *find(const struct archive_rules *a, const char *path)
{
	size_t i = slot_of(a, path);

	return a->table[i].path ? &a->table[i] : NULL;
}

static void grow(struct archive_rules *a)
{
	struct archive_entry *old = a->table;
	size_t n = a->room;

	a->room = n * 2;
	a->table = xcalloc(a->room, sizeof(*a->table));
	for (size_t i = 0; i < n; i++)
		if (old[i].path)
			a->table[slot_of(a, old[i].path)] = old[i];
	free(old);
}

static int too_many(const struct archive_rules *a, struct fail *f)
{
	fail_set(f, -E_NOT_AN_ARCHIVE, "it has more members than allowed");
	fail_hint(f, "archive_max_members in framework.conf sets how many are allowed (%llu)",
		  (unsigned long long)a->limits.members);
	return -E_NOT_AN_ARCHIVE;
}

static int remember(struct archive_rules *a, const char *path, enum member_kind kind, uint64_t size,
		    struct fail *f)
{
	if (a->n >= a->limits.members)
		return too_many(a, f);
	a->names += strlen(path) + 1;
	if (a->names > ARCHIVE_NAMES_MAX)
		return fail_set(f, -E_NOT_AN_ARCHIVE, "its names are more than %d bytes",
				ARCHIVE_NAMES_MAX);
	if (++a->n > a->room / 2)
		grow(a);
	a->table[slot_of(a, path)] = (struct archive_entry){ xstrdup(path), kind, size };
	return 0;
}

void archive_rules_init(struct archive_rules *a, const struct archive_limits *limits, uint64_t seed)
{
	enum { FIRST_ROOM = 256 };

	*a = (struct archive_rules){ .limits = *limits, .seed = seed, .room = FIRST_ROOM };
	a->table = xcalloc(a->room, sizeof(*a->table));
}

void archive_rules_done(struct archive_rules *a)
{
	for (size_t i = 0; i < a->room; i++)
		free(a->table[i].path);
	free(a->table);
	*a = (struct archive_rules){ 0 };
}

/* names ----------------------------------------------------------------------------------------- */

static int check_components(const char *path, const char *name, struct fail *f)
{
	size_t depth = 0;

	for (const char *p = path; *p; depth++) {
		size_t n = strcspn(p, "/");

		if (n > ARCHIVE_COMPONENT_MAX)
			return refuse(f, name, "has a name that is too long");
		p += n + (p[n] == '/');
	}
	return depth > ARCHIVE_DEPTH_MAX ? refuse(f, name, "lies too deep") : 0;
}

/* The name as a relative path without "." components; "" for the root. */
static int clean_name(const char *name, const char *shown_as, char **ret, struct fail *f)
{
	CLEAN(free) char *path = NULL;
	int r;

	if (str_is_empty(name))
		return refuse(f, shown_as, "has an empty name");
	if (strlen(name) > ARCHIVE_NAME_MAX)
		return refuse(f, shown_as, "has a name that is too long");
	if (*name == '/')
		return refuse(f, shown_as, "has an absolute name");
	if (path_has_dotdot(name))
		return refuse(f, shown_as, "has a '..' in its name");
	path = path_squeeze(name);
	if (str_eq(path, "."))
		*path = '\0';
	r = check_components(path, shown_as, f);
	if (r == 0)
		*ret = TAKE_PTR(path);
	return r;
}

/* Everything above must be a directory, and from now on stays one. */
static int take_parents(struct archive_rules *a, char *path, const char *name, struct fail *f)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		const struct archive_entry *e;
		int r = 0;

		*slash = '\0';
		e = find(a, path);
		if (!e)
			r = remember(a, path, MEMBER_DIR, 0, f);
		else if (e->kind == MEMBER_SYMLINK)
			r = refuse(f, name, "would be written through a link");
		else if (e->kind != MEMBER_DIR)
			r = refuse(f, name, "lies below a file");
		*slash = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

/* members --------------------------------------------------------------------------------------- */

static int count(struct archive_rules *a, uint64_t size, const char *name, struct fail *f)
{
	if (size > a->limits.size || a->size > a->limits.size - size) {
		refuse(f, name, "makes it larger than allowed");
		fail_hint(f, "archive_max_size in framework.conf sets how much is allowed (%llu MiB)",
			  (unsigned long long)(a->limits.size >> 20));
		return -E_NOT_AN_ARCHIVE;
	}
	a->size += size;
	return 0;
}

static int take_hardlink(struct archive_rules *a, const struct member *m, uint64_t *ret_size,
			 char **ret_target, struct fail *f)
{
	CLEAN(free) char *target = NULL;
	const struct archive_entry *e;
	int r = clean_name(m->target, m->name, &target, f);

	if (r < 0)
		return r;
	e = find(a, target);
	if (!e || e->kind != MEMBER_FILE)
		return refuse(f, m->name, "is a hard link to something that is no file of the archive");
	*ret_size = e->size;
	*ret_target = TAKE_PTR(target);
	return 0;
}

static int take_kind(struct archive_rules *a, const struct member *m, uint64_t *ret_size,
		     char **ret_target, struct fail *f)
{
	switch (m->kind) {
	case MEMBER_FILE:
		*ret_size = m->size;
		return 0;
	case MEMBER_DIR:
		return 0;
	case MEMBER_SYMLINK:
		if (str_is_empty(m->target) || strlen(m->target) > ARCHIVE_TARGET_MAX)
			return refuse(f, m->name, "is a link to an impossible name");
		return 0;
	case MEMBER_HARDLINK:
		return take_hardlink(a, m, ret_size, ret_target, f);
	default:
		return refuse(f, m->name, "is neither file, directory nor link");
	}
}

/* A hard link is one more file. The same name may come again if it is the same kind of thing. */
static int take_name(struct archive_rules *a, const char *path, const struct member *m, uint64_t size,
		     struct fail *f)
{
	enum member_kind kind = m->kind == MEMBER_HARDLINK ? MEMBER_FILE : m->kind;
	struct archive_entry *e = find(a, path);

	if (!e)
		return remember(a, path, kind, size, f);
	if (e->kind != kind)
		return refuse(f, m->name, "comes again as something else");
	e->size = size;
	return 0;
}

int archive_rules_take(struct archive_rules *a, const struct member *m, char **ret_path,
		       char **ret_target, struct fail *f)
{
	CLEAN(free) char *path = NULL, *target = NULL;
	uint64_t size = 0;
	int r;

	if (++a->members > a->limits.members)
		return too_many(a, f);
	r = clean_name(m->name, m->name ? m->name : "", &path, f);
	if (r == 0 && *path == '\0' && m->kind != MEMBER_DIR)
		r = refuse(f, m->name, "would replace the directory itself");
	if (r == 0)
		r = take_parents(a, path, m->name, f);
	if (r == 0)
		r = take_kind(a, m, &size, &target, f);
	if (r == 0)
		r = count(a, size, m->name, f);
	if (r == 0 && *path)
		r = take_name(a, path, m, size, f);
	if (r < 0)
		return r;
	*ret_path = TAKE_PTR(path);
	*ret_target = TAKE_PTR(target);
	return 0;
}
