/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/archive.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/manifest.h"
#include "core/name.h"
#include "core/outcome.h"
#include "core/tarball.h"
#include "sys/helper.h"
#include "sys/run.h"
#include "sys/tree.h"

enum { OUTPUT_MAX = 64 << 10, HELPER_REFUSED = 3, CONF_DEPTH_MAX = 64 };

static const char helper_name[] = "dkms-archive";

/* Runs the helper: its exit status with what it said in ret_said, or negative when it did not run. */
static int run_helper(const struct strv *args, const struct strv *environment, char **ret_said,
		      struct fail *f)
{
	CLEAN(buf) struct buf said = { 0 };
	CLEAN(free) char *helper = helper_find(helper_name);
	CLEAN(strv) struct strv argv = { 0 };
	struct run_result res = { 0 };
	struct run r = {
		.env = environment,
		.out_fd = RUN_NULL,
		.err_fd = RUN_AS_OUT,
		.capture = &said,
		.capture_max = OUTPUT_MAX,
	};
	int e;

	if (!helper)
		return fail_set(f, -ENOENT, "there is no program '%s/%s'", LIBEXEC_DIR, helper_name);
	strv_add(&argv, helper);
	strv_add_all(&argv, args);
	r.argv = (const char *const *)argv.items;
	e = run_command(&r, &res, f);
	if (e < 0)
		return e;
	*ret_said = helper_said(&said, helper);
	return res.status;
}

/* loading --------------------------------------------------------------------------------------- */

void archive_done(struct archive *a)
{
	scratch_done(&a->temp);
	free(a->source);
	free(a->module);
	free(a->version);
	for (size_t i = 0; i < a->n_builds; i++) {
		free(a->builds[i].kernel);
		free(a->builds[i].arch);
		free(a->builds[i].dir);
	}
	free(a->builds);
	*a = (struct archive){ 0 };
}

/* What was unpacked is never looked at through links. *err: what could not be looked at. */
static bool is_kind(const char *path, mode_t kind, int *err)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return (st.st_mode & S_IFMT) == kind;
	if (errno != ENOENT && errno != ENOTDIR)
		*err = -errno;
	return false;
}

static bool has_conf(const char *dir, int *err)
{
	CLEAN(free) char *conf = path_join(dir, "dkms.conf");

	return is_kind(conf, S_IFREG, err);
}

static void list(const char *dir, struct strv *ret, int *err)
{
	int r = dir_list(dir, ret);

	if (r < 0 && r != -ENOENT)
		*err = r;
}

static int not_ours(const struct archive_request *rq, struct fail *f)
{
	fail_set(f, -E_NOT_AN_ARCHIVE, "'%s' is not a dkms archive: there is no dkms.conf in it", rq->path);
	fail_hint(f, "it must be a tarball from 'dkms mktarball', or of a source with a dkms.conf");
	return f->code;
}

/* The private directory, in which only root (or the user) can go anywhere, and one in it for the
 * helper's user. */
static int make_room(const struct archive_request *rq, struct archive *a, char **ret_root,
		     struct fail *f)
{
	int r = scratch_make(rq->tmp_location, "archive", &a->temp, f);

	if (r < 0)
		return r;
	*ret_root = path_join(a->temp.dir, "content");
	if (mkdir(*ret_root, 0700) < 0)
		return fail_errno(f, errno, "cannot make a directory in '%s'", a->temp.dir);
	return 0;
}

static int unpack(const struct archive_request *rq, const char *root, struct fail *f)
{
	CLEAN(strv) struct strv args = { 0 };
	CLEAN(free) char *said = NULL;
	int r;

	strv_add(&args, "extract");
	strv_add(&args, rq->path);
	strv_add(&args, root);
	strv_add_fmt(&args, "%llu", (unsigned long long)rq->max_size);
	strv_add_fmt(&args, "%llu", (unsigned long long)rq->max_members);
	r = run_helper(&args, rq->environment, &said, f);
	if (r <= 0)
		return r;
	if (r == HELPER_REFUSED)
		return fail_set(f, -E_NOT_AN_ARCHIVE, "'%s' is not a dkms archive: %s", rq->path, said);
	/* killed: what takes too long or falls over is no archive for us */
	if (r > 128)
		return fail_set(f, -E_NOT_AN_ARCHIVE, "'%s' is not a dkms archive: reading it ended by signal %d",
				rq->path, r - 128);
	return fail_set(f, -EIO, "cannot unpack '%s': %s", rq->path, said);
}

/* Built modules are copied to where root reads them: no links among them. */
static int refuse_links(const struct archive_request *rq, const char *dir, int *err, struct fail *f)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(dir, &names);

	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", dir);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (is_kind(path, S_IFLNK, err))
			r = fail_set(f, -E_NOT_AN_ARCHIVE,
				     "'%s' is not a dkms archive: there are links among its built modules",
				     rq->path);
		else if (is_kind(path, S_IFDIR, err))
			r = refuse_links(rq, path, err, f);
	}
	return r;
}

static void find_arches(struct archive *a, const char *dir, const char *kernel, int *err)
{
	CLEAN(strv) struct strv names = { 0 };

	list(dir, &names, err);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *at = path_join(dir, names.items[i]);
		CLEAN(free) char *module = path_join(at, "module");
		CLEAN(free) char *manifest = path_join(at, MANIFEST_NAME);
		int r;

		if (!name_is_valid(names.items[i]) || !is_kind(module, S_IFDIR, err) ||
		    (!name_is_kernel(kernel) && !tree_is_built_for(AT_FDCWD, at, kernel, names.items[i])))
			continue;
		/* what is remembered of a build is never somebody else's word */
		r = tree_remove(manifest);
		if (r < 0)
			*err = r;
		a->builds = xreallocarray(a->builds, a->n_builds + 1, sizeof(*a->builds));
		a->builds[a->n_builds++] = (struct archive_build){
			.kernel = xstrdup(kernel),
			.arch = xstrdup(names.items[i]),
			.dir = TAKE_PTR(at),
		};
	}
}

static void find_builds(struct archive *a, const char *built, int *err)
{
	CLEAN(strv) struct strv names = { 0 };

	list(built, &names, err);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *at = path_join(built, names.items[i]);

		if (!name_is_beside_kernels(names.items[i]) && name_is_valid(names.items[i]) &&
		    is_kind(at, S_IFDIR, err))
			find_arches(a, at, names.items[i], err);
	}
}

/* One of the files that name a module without its source; NULL if it is not there. */
static char *read_name(const char *dir, const char *name, int *err)
{
	CLEAN(free) char *path = path_join(dir, name);
	char *line = NULL;
	int r = is_kind(path, S_IFREG, err) ? file_read_line(path, &line) : 0;

	if (r < 0 && r != -ENODATA)
		*err = r;
	return line;
}

/* A tarball that dkms made. */
static int look_at_ours(const struct archive_request *rq, struct archive *a, const char *root,
			const char *built, int *err, struct fail *f)
{
	CLEAN(free) char *source = path_join(root, TARBALL_SOURCE);
	CLEAN(free) char *binaries = path_join(root, TARBALL_BINARIES);
	int r = refuse_links(rq, built, err, f);

	if (r < 0)
		return r;
	a->binaries_only = !has_conf(source, err);
	if (a->binaries_only && *err == 0 && !has_conf(binaries, err) && *err == 0)
		return fail_set(f, -E_ARCHIVE_SHAPE,
				"'%s' has %s, but no dkms.conf in %s or %s", rq->path, TARBALL_BUILT,
				TARBALL_SOURCE, TARBALL_BINARIES);
	a->source = TAKE_PTR(*(a->binaries_only ? &binaries : &source));
	if (a->binaries_only) {
		a->module = read_name(a->source, "PACKAGE_NAME", err);
		a->version = read_name(a->source, "PACKAGE_VERSION", err);
	}
	find_builds(a, built, err);
	return 0;
}

static void add_subdirs(const char *dir, struct strv *ret, int *err)
{
	CLEAN(strv) struct strv names = { 0 };

	list(dir, &names, err);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		/* with a slash behind, they sort as the paths of what is in them do */
		if (is_kind(path, S_IFDIR, err))
			strv_add_fmt(ret, "%s/", path);
	}
}

/* The directory of the dkms.conf that counts; caller frees; NULL: there is none. */
static char *find_conf(const char *root, int *err)
{
	CLEAN(strv) struct strv level = { 0 };

	strv_add(&level, root);
	for (int depth = 0; depth <= CONF_DEPTH_MAX && level.n; depth++) {
		struct strv next = { 0 };

		strv_sort(&level);
		for (size_t i = 0; i < level.n; i++) {
			if (has_conf(level.items[i], err)) {
				strv_done(&next);
				return path_squeeze(level.items[i]);
			}
			add_subdirs(level.items[i], &next, err);
		}
		strv_done(&level);
		level = next;
	}
	return NULL;
}

int archive_load(const struct archive_request *rq, struct archive *ret, struct fail *f)
{
	CLEAN(archive) struct archive a = { 0 };
	CLEAN(free) char *root = NULL, *built = NULL;
	int r, err = 0;

	if (!path_exists(rq->path)) {
		fail_set(f, -E_NO_ARCHIVE, "there is no archive '%s'", rq->path);
		fail_hint(f, "check the path");
		return f->code;
	}
	r = make_room(rq, &a, &root, f);
	if (r == 0)
		r = unpack(rq, root, f);
	if (r < 0)
		return r;
	built = path_join(root, TARBALL_BUILT);
	if (is_kind(built, S_IFDIR, &err)) {
		r = look_at_ours(rq, &a, root, built, &err, f);
	} else {
		a.source = find_conf(root, &err);
		r = a.source || err ? 0 : not_ours(rq, f);
	}
	if (r == 0 && err)
		r = fail_errno(f, err, "cannot look at what was unpacked of '%s'", rq->path);
	if (r < 0)
		return r;
	*ret = a;
	a = (struct archive){ 0 };
	return 0;
}

/* writing --------------------------------------------------------------------------------------- */

static int set_time(const char *path, int64_t made)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = made } };

	return utimensat(AT_FDCWD, path, times, 0) < 0 ? -errno : 0;
}

int archive_stage_names(const char *dir, const struct archive_name *names, size_t n, const char *conf,
			int64_t made, struct fail *f)
{
	CLEAN(free) char *copy = path_join(dir, "dkms.conf");
	int r = file_copy(conf, copy, 0644);

	if (r == 0)
		r = set_time(copy, made);
	for (size_t i = 0; i < n && r == 0; i++) {
		CLEAN(free) char *path = path_join(dir, names[i].file);
		CLEAN(free) char *line = xasprintf("%s\n", names[i].text);

		r = file_write(path, line, strlen(line), 0644);
		if (r == 0)
			r = set_time(path, made);
	}
	if (r == 0)
		r = set_time(dir, made);
	return r < 0 ? fail_errno(f, r, "cannot write to '%s'", dir) : 0;
}

static int check_place(const char *path, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(path);
	int r = dir_make(dir);

	if (r == 0 && faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	fail_set(f, -E_TARBALL_DIR, "cannot write to the directory '%s': %s", dir, strerror(-r));
	fail_hint(f, "name another place with --archive");
	return f->code;
}

int archive_write(const struct archive_job *job, struct fail *f)
{
	CLEAN(strv) struct strv args = { 0 };
	CLEAN(free) char *dir = path_dir(job->path), *said = NULL, *temp = NULL;
	bool is_new = !path_lexists(dir);
	int r = check_place(job->path, f);

	if (r < 0)
		return r;
	temp = xasprintf("%s/.%s.dkms-new", dir, path_base(job->path));
	if (unlink(temp) < 0 && errno != ENOENT) {
		fail_set(f, -E_TARBALL_WRITE, "cannot remove '%s': %s", temp, strerror(errno));
		if (is_new)
			rmdir(dir);
		return -E_TARBALL_WRITE;
	}
	strv_add(&args, "create");
	strv_add(&args, temp);
	strv_add(&args, path_base(job->path));
	strv_add_fmt(&args, "%lld", (long long)job->made);
	strv_add_all(&args, &job->parts);
	r = run_helper(&args, job->environment, &said, f);
	if (r > 0)
		r = fail_set(f, -E_TARBALL_WRITE, "cannot write '%s': %s", job->path, said);
	else if (r < 0 && r != -ECANCELED)
		fail_wrap(f, "cannot write '%s'", job->path);
	else if (r == 0 && rename(temp, job->path) < 0)
		r = fail_set(f, -E_TARBALL_WRITE, "cannot write '%s': %s", job->path, strerror(errno));
	if (r < 0)
		unlink(temp);
	if (r < 0 && is_new)
		rmdir(dir);
	if (r == 0)
		dir_sync_of(job->path);
	return r;
}
