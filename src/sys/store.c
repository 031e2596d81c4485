/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/digest.h"
#include "sys/stamp.h"

enum {
	ENTRY_MAX = 16 << 20,
	CANDIDATES_MAX = 32,
	LOG_MAX = 64 << 20,
	CHUNK = 256 << 10,
	READ_MAX = 64 << 20, /* larger needs are not digested */
	LEFTOVER_SEC = 3600,
};

#define ENTRY "entry"
#define LOG "log"
#define HALF ".new-"

int store_open(const char *dir, uint64_t max_size, struct store *ret, struct fail *f)
{
	struct stat st;
	int r;

	*ret = (struct store){ 0 };
	if (*dir != '/')
		return fail_set(f, -EINVAL, "build_store is '%s', not off or an absolute path", dir);
	if (!path_lexists(dir)) {
		r = dir_make(dir);
		if (r == 0 && chmod(dir, 0700) < 0)
			r = -errno;
		if (r < 0)
			return fail_errno(f, r, "cannot make the build store '%s'", dir);
	}
	if (stat(dir, &st) < 0)
		return fail_errno(f, errno, "cannot use the build store '%s'", dir);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return fail_set(f, -EPERM, "the build store '%s' is not used: it must be a directory of user %d "
				"that nobody else can write to", dir, (int)geteuid());
	ret->dir = xstrdup(dir);
	ret->max_size = max_size;
	return 0;
}

void store_done(struct store *s)
{
	free(s->dir);
	*s = (struct store){ 0 };
}

/* fetching */

static uint64_t stamp_now(const char *path)
{
	struct file_stamp s;

	stamp_look(AT_FDCWD, path, &s);
	return stamp_hash(MANIFEST_HASH, &s);
}

static bool is_need_met(const struct store_need *n)
{
	char hex[SHA256_HEX];

	if (stamp_now(n->path) == n->stamp)
		return true;
	return !str_eq(n->digest, "-") && digest_file(n->path, hex) == 0 && str_eq(hex, n->digest);
}

static bool are_needs_met(const struct store_entry *e)
{
	for (size_t i = 0; i < e->n_needs; i++)
		if (!is_need_met(&e->needs[i]))
			return false;
	return true;
}

/* Copies what is left of a file, up to its size; the digest is of what was written. */
static int copy_hashing(int from, int to, uint64_t size, char ret[SHA256_HEX])
{
	CLEAN(free) char *chunk = xmalloc(CHUNK);
	struct sha256 s;

	sha256_init(&s);
	for (uint64_t done = 0;;) {
		ssize_t n = read(from, chunk, CHUNK);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			sha256_hex(&s, ret);
			return n < 0 ? -errno : done == size ? 0 : -EBADMSG;
		}
		done += (uint64_t)n;
		if (done > size)
			return -EBADMSG;
		sha256_add(&s, chunk, (size_t)n);
		r = fd_write_all(to, chunk, (size_t)n);
		if (r < 0)
			return r;
	}
}

static bool fetch_file(const char *dir, const struct store_file *file, const char *to_dir)
{
	CLEAN(free) char *from_path = path_join(dir, file->name), *to_path = path_join(to_dir, file->name);
	CLEAN(fd) int from = open(from_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEAN(fd) int to = from < 0 ? -1 : open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	char hex[SHA256_HEX];

	return to >= 0 && copy_hashing(from, to, file->size, hex) == 0 && str_eq(hex, file->digest);
}

static bool fetch_log(const char *dir, const struct store_file *file, struct buf *log)
{
	CLEAN(free) char *path = path_join(dir, file->name);
	char hex[SHA256_HEX];
	struct sha256 s;

	if (file_read(AT_FDCWD, path, LOG_MAX, log) < 0 || log->len != file->size)
		return false;
	sha256_init(&s);
	sha256_add(&s, buf_str(log), log->len);
	sha256_hex(&s, hex);
	return str_eq(hex, file->digest);
}

static bool fetch_files(const char *dir, const struct store_entry *e, const char *to_dir, struct buf *log)
{
	bool ok = true;

	buf_reset(log);
	for (size_t i = 0; i < e->n_files && ok; i++)
		ok = str_eq(e->files[i].name, LOG) ? fetch_log(dir, &e->files[i], log)
						   : fetch_file(dir, &e->files[i], to_dir);
	for (size_t i = 0; i < e->n_files && !ok; i++) {
		CLEAN(free) char *path = path_join(to_dir, e->files[i].name);

		unlink(path);
	}
	return ok;
}

/* Out of sight at once, then away. */
static void drop_entry(const struct store *s, const char *dir)
{
	CLEAN(free) char *aside = NULL, *key_dir = path_dir(dir);
	static unsigned count;

	aside = xasprintf("%s/" HALF "old-%d-%u", s->dir, (int)getpid(), count++);
	if (rename(dir, aside) == 0)
		tree_remove(aside);
	rmdir(key_dir);
}

/* 1: it fits, and is copied; 0: it is for something else; negative: it is damaged. */
static int try_entry(const char *dir, const char *to_dir, struct buf *log)
{
	CLEAN(free) char *path = path_join(dir, ENTRY);
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(store_entry) struct store_entry e = { 0 };
	int r = file_read(AT_FDCWD, path, ENTRY_MAX, &text);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!store_entry_parse(text.data, text.len, &e))
		return -EBADMSG;
	if (!are_needs_met(&e))
		return 0;
	if (!fetch_files(dir, &e, to_dir, log))
		return -EBADMSG;
	/* used last: now */
	utimensat(AT_FDCWD, path, NULL, 0);
	return 1;
}

bool store_fetch(const struct store *s, const char *key, const char *to_dir, struct buf *log, char **ret_id)
{
	CLEAN(free) char *key_dir = path_join(s->dir, key);
	CLEAN(strv) struct strv names = { 0 };

	dir_list(key_dir, &names);
	for (size_t i = 0; i < names.n && i < CANDIDATES_MAX; i++) {
		CLEAN(free) char *dir = path_join(key_dir, names.items[i]);
		int r = try_entry(dir, to_dir, log);

		if (r < 0)
			drop_entry(s, dir);
		if (r <= 0)
			continue;
		*ret_id = xstrdup(names.items[i]);
		return true;
	}
	return false;
}

/* keeping */

struct making {
	struct store_entry entry;
	struct strv strings;
};

static void clean_making(struct making *m)
{
	store_entry_done(&m->entry);
	strv_done(&m->strings);
}

static const char *keep_string(struct making *m, const char *s)
{
	char *copy = xstrdup(s);

	strv_take(&m->strings, copy);
	return copy;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static bool add_need(struct making *m, const char *path, const struct timespec *since)
{
	uint64_t stamp = stamp_now(path);
	char hex[SHA256_HEX] = "-";
	struct stat st;

	if (stat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode) || !is_before(&st.st_ctim, since))
			return false;
		if (st.st_size <= READ_MAX && digest_file(path, hex) < 0)
			return false;
	}
	m->entry.needs[m->entry.n_needs++] = (struct store_need){ path, stamp, keep_string(m, hex) };
	return true;
}

static int add_file(struct making *m, const char *from_dir, const char *name, const char *to_dir)
{
	CLEAN(free) char *from_path = path_join(from_dir, name), *to_path = path_join(to_dir, name);
	CLEAN(fd) int from = open(from_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	CLEAN(fd) int to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	char hex[SHA256_HEX];
	struct stat st;
	int r;

	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return -errno;
	r = copy_hashing(from, to, (uint64_t)st.st_size, hex);
	if (r < 0)
		return r;
	m->entry.files = xreallocarray(m->entry.files, m->entry.n_files + 1, sizeof(*m->entry.files));
	m->entry.files[m->entry.n_files++] = (struct store_file){ name, (uint64_t)st.st_size, keep_string(m, hex) };
	return 0;
}

static int add_log(struct making *m, const struct buf *log, const char *to_dir)
{
	CLEAN(free) char *path = path_join(to_dir, LOG);
	CLEAN(fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct sha256 s;
	char hex[SHA256_HEX];
	int r = fd < 0 ? -errno : fd_write_all(fd, buf_str(log), log->len);

	if (r < 0)
		return r;
	sha256_init(&s);
	sha256_add(&s, buf_str(log), log->len);
	sha256_hex(&s, hex);
	m->entry.files = xreallocarray(m->entry.files, m->entry.n_files + 1, sizeof(*m->entry.files));
	m->entry.files[m->entry.n_files++] = (struct store_file){ LOG, log->len, keep_string(m, hex) };
	return 0;
}

static int write_entry(const struct making *m, const char *dir)
{
	CLEAN(free) char *path = path_join(dir, ENTRY);
	CLEAN(fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	CLEAN(buf) struct buf text = { 0 };

	if (fd < 0)
		return -errno;
	if (!store_entry_format(&m->entry, &text) || text.len > ENTRY_MAX)
		return -EINVAL;
	return fd_write_all(fd, buf_str(&text), text.len);
}

static int fill(struct making *m, const struct store_result *res, const char *dir)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(res->dir, &names);

	m->entry.needs = xcalloc(res->needs->n + 1, sizeof(*m->entry.needs));
	for (size_t i = 0; i < res->needs->n && r == 0; i++)
		if (!add_need(m, res->needs->items[i], &res->since))
			r = -ESTALE;
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = add_file(m, res->dir, keep_string(m, names.items[i]), dir);
	if (r == 0)
		r = add_log(m, res->log, dir);
	return r == 0 ? write_entry(m, dir) : r;
}

struct kept {
	char *dir;
	uint64_t size;
	struct timespec used;
};

static int compare_used(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

static void measure(const char *dir, struct kept *k)
{
	CLEAN(strv) struct strv names = { 0 };

	*k = (struct kept){ .dir = xstrdup(dir) };
	dir_list(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		struct stat st;

		if (lstat(path, &st) < 0)
			continue;
		k->size += (uint64_t)st.st_size;
		if (str_eq(names.items[i], ENTRY))
			k->used = st.st_mtim;
	}
}

/* What a killed dkms left half made. */
static void drop_leftover(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && time(NULL) - st.st_mtim.tv_sec > LEFTOVER_SEC)
		tree_remove(path);
}

static void find_kept(const struct store *s, struct kept **ret, size_t *ret_n)
{
	CLEAN(strv) struct strv keys = { 0 };

	dir_list(s->dir, &keys);
	for (size_t i = 0; i < keys.n; i++) {
		CLEAN(free) char *key_dir = path_join(s->dir, keys.items[i]);
		CLEAN(strv) struct strv ids = { 0 };

		if (str_has_prefix(keys.items[i], HALF))
			drop_leftover(key_dir);
		if (keys.items[i][0] == '.' || dir_list(key_dir, &ids) < 0)
			continue;
		for (size_t k = 0; k < ids.n; k++) {
			CLEAN(free) char *dir = path_join(key_dir, ids.items[k]);

			*ret = xreallocarray(*ret, *ret_n + 1, sizeof(**ret));
			measure(dir, &(*ret)[(*ret_n)++]);
		}
	}
}

/* Those that were not used for longest go. */
static void clean_up(const struct store *s)
{
	struct kept *kept = NULL;
	uint64_t size = 0;
	size_t n = 0;

	find_kept(s, &kept, &n);
	for (size_t i = 0; i < n; i++)
		size += kept[i].size;
	if (n > 1)
		qsort(kept, n, sizeof(*kept), compare_used);
	for (size_t i = 0; i < n; i++) {
		if (size > s->max_size) {
			drop_entry(s, kept[i].dir);
			size -= kept[i].size;
		}
		free(kept[i].dir);
	}
	free(kept);
}

int store_keep(const struct store *s, const struct store_result *res)
{
	CLEAN(making) struct making m = { 0 };
	CLEAN(free) char *half = xasprintf("%s/" HALF "XXXXXX", s->dir), *to = NULL;
	CLEAN(free) char *key_dir = path_join(s->dir, res->key);
	char id[SHA256_HEX];
	int r;

	if (!mkdtemp(half))
		return -errno;
	r = fill(&m, res, half);
	if (r == 0) {
		store_entry_id(&m.entry, id);
		to = path_join(key_dir, id);
		/* a build that came out of the same was as good: what is there stays, unless it is damaged */
		if (mkdir(key_dir, 0700) < 0 && errno != EEXIST)
			r = -errno;
		else if (rename(half, to) < 0)
			r = -errno;
	}
	if (r < 0)
		tree_remove(half);
	else
		clean_up(s);
	return r == -ENOTEMPTY || r == -EEXIST ? 0 : r;
}
