/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_publish.h"

#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/build_manifest.h"

char *dir_replaced(const char *to)
{
	CLEAN(free) char *dir = path_dir(to);

	return xasprintf("%s/.%s.dkms-old", dir, path_base(to));
}

/* The old one aside, the new one in; back again when that fails. */
static int replace_by_renames(const char *from, const char *to)
{
	CLEAN(free) char *aside = dir_replaced(to);
	int r = tree_remove(aside);

	if (r < 0)
		return r;
	if (rename(to, aside) < 0) {
		if (errno != EXDEV)
			return -errno;
		r = tree_remove(to);
		if (r < 0)
			return r;
	}
	if (rename(from, to) < 0) {
		r = -errno;
		rename(aside, to);
		return r;
	}
	tree_remove(aside);
	return 0;
}

int dir_replace(const char *from, const char *to)
{
	int r = path_probe(to);

	if (r < 0)
		return r;
	if (r == 0)
		return rename(from, to) < 0 ? -errno : 0;
	r = dir_exchange(from, to);
	if (r == -ENOTSUP)
		return replace_by_renames(from, to);
	if (r == 0)
		tree_remove(from);
	return r;
}

/* "<dependency>=<version>" becomes .dep_<dependency>, one line. */
static int write_dep_records(const struct build *b)
{
	const struct strv *deps = b->job->dep_records;
	int r = 0;

	for (size_t i = 0; deps && i < deps->n && r == 0; i++) {
		const char *eq = strchr(deps->items[i], '=');
		CLEAN(free) char *path = NULL, *line = NULL;

		if (!eq)
			continue;
		path = xasprintf("%s/.dep_%.*s", b->stage, (int)(eq - deps->items[i]),
				 deps->items[i]);
		line = xasprintf("%s\n", eq + 1);
		r = file_write(path, line, strlen(line), 0644);
	}
	return r;
}

/* What is built has its log from the first moment; POST_BUILD's part comes with build_publish_log. */
static int stage_log(const struct build *b)
{
	CLEAN(free) char *dir = path_join(b->stage, "log"), *path = path_join(dir, "make.log");
	int r = dir_make(dir);

	if (r == 0)
		r = build_log_save(&b->log, path);
	return r;
}

/* The files in it are on the disk already. */
static int sync_stage(const struct build *b)
{
	CLEAN(free) char *modules = path_join(b->stage, "module");
	CLEAN(free) char *in_it = path_join(modules, "any");
	int r = dir_sync_of(in_it);

	return r == 0 ? dir_sync_of(modules) : r;
}

/* What comes after the result has taken its place, the removal of an old one and the sync, may fail: it is
 * there all the same. */
static int put_in_place(struct build *b, const char *built)
{
	struct stat staged, now;
	int r = stat(b->stage, &staged) < 0 ? -errno : dir_replace(b->stage, built);

	if (r == 0)
		r = dir_sync_of(built);
	if (r == 0 || stat(built, &now) < 0 || now.st_ino != staged.st_ino ||
	    now.st_dev != staged.st_dev)
		return r;
	build_warn(b, NULL, "'%s' is stored, but: %s", built, strerror(-r));
	return 0;
}

int build_publish(struct build *b, struct fail *f)
{
	CLEAN(free) char *built = layout_built(&b->at);
	CLEAN(free) char *kernel_dir = path_dir(built);
	int r = write_dep_records(b);

	build_manifest_write(b);
	if (r == 0)
		r = stage_log(b);
	if (r == 0)
		r = sync_stage(b);
	if (r == 0)
		r = dir_make(kernel_dir);
	if (r == 0)
		r = put_in_place(b, built);
	if (r == 0)
		return 0;
	rmdir(kernel_dir);
	return fail_errno(f, r, "cannot store the result in '%s'", built);
}

/* Is what has the log's name still the log? A build can have put anything there. */
static bool is_log_in_place(const struct build_log *log)
{
	struct stat a, b;

	return fstat(log->fd, &a) == 0 && lstat(log->path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

void build_publish_log(struct build *b)
{
	CLEAN(free) char *path = layout_log(&b->at);
	CLEAN(free) char *dir = path_dir(path);
	int r = path_is_dir(dir) ? 0 : dir_make(dir);

	if (r == 0 && fchmod(b->log.fd, 0644) < 0)
		r = -errno;
	if (r == 0 && (!is_log_in_place(&b->log) || rename(b->log.path, path) < 0))
		r = build_log_save(&b->log, path);
	/* the log up to the end of make is there already */
	if (r < 0)
		build_warn(b, NULL, "cannot move the log to '%s': %s", path, strerror(-r));
	str_set(&b->log.path, path);
	/* what cannot be removed now, who started this build tries again */
	if (!b->job->is_private)
		tree_remove(b->build_dir);
}
