/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/examine.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/status.h"
#include "sys/install_tree.h"
#include "sys/kernel.h"
#include "sys/manifest_file.h"
#include "sys/stamp.h"

struct examined_kernel {
	struct kernel kernel;
	int dir_fd; /* <install tree>/<k>, or -1 */
	struct file_stamp config;
	bool config_looked;
};

void examine_begin(struct examiner *x, struct app *app)
{
	*x = (struct examiner){ .app = app, .version_fd = -1 };
	x->may_believe = !app->rq.conf_file && app->rq.directives.n == 0 && !conf_is_steered();
	app->conf_cache = &x->conf_cache;
}

void examine_done(struct examiner *x)
{
	for (size_t i = 0; i < x->n_kernels; i++) {
		kernel_done(&x->kernels[i].kernel);
		if (x->kernels[i].dir_fd >= 0)
			close(x->kernels[i].dir_fd);
	}
	free(x->kernels);
	free(x->module);
	free(x->version);
	if (x->version_fd >= 0)
		close(x->version_fd);
	buf_done(&x->text);
	buf_done(&x->path);
	x->app->conf_cache = NULL;
	conf_cache_done(&x->conf_cache);
}

static struct examined_kernel *find_kernel(struct examiner *x, const char *release,
					   const char *arch)
{
	const struct app *app = x->app;
	struct examined_kernel *k;

	for (size_t i = 0; i < x->n_kernels; i++)
		if (str_eq(x->kernels[i].kernel.release, release) &&
		    str_eq(x->kernels[i].kernel.arch, arch))
			return &x->kernels[i];
	x->kernels = xreallocarray(x->kernels, x->n_kernels + 1, sizeof(*x->kernels));
	k = &x->kernels[x->n_kernels++];
	*k = (struct examined_kernel){ .dir_fd = -1 };
	kernel_init(&k->kernel, release, arch, app->install_tree, app->rq.kernel_source_dir,
		    app->rq.config_file);
	k->dir_fd = open(k->kernel.install_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return k;
}

static void enter_version(struct examiner *x, const struct layout *l)
{
	CLEAN(free) char *dir = NULL;

	if (str_eq(x->module, l->module) && str_eq(x->version, l->version))
		return;
	if (x->version_fd >= 0)
		close(x->version_fd);
	str_set(&x->module, l->module);
	str_set(&x->version, l->version);
	dir = layout_version(l);
	x->version_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->version_fd >= 0)
		stamp_look(x->version_fd, "source/dkms.conf", &x->conf);
	else
		x->conf.is_known = false;
}

/* "<k>/<a>/<name>/<file>", below the version's directory; good until the next call. */
static const char *below_version(struct examiner *x, const struct snap_build *b, const char *name,
				 const char *file)
{
	const char *const parts[] = { b->kernel, "/", b->arch, "/", name, *file ? "/" : "", file };

	buf_reset(&x->path);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		buf_add_str(&x->path, parts[i]);
	return buf_str(&x->path);
}

/* what is remembered */

static bool is_config_same(struct examined_kernel *k, const struct manifest *m)
{
	if (!m->needs_config)
		return true;
	if (!k->config_looked && k->kernel.config_path)
		stamp_look(AT_FDCWD, k->kernel.config_path, &k->config);
	k->config_looked = true;
	return file_stamp_same(&k->config, &m->config);
}

static bool are_overrides_same(const struct conf_request *rq, const struct manifest *m)
{
	CLEAN(strv) struct strv names = { 0 };

	conf_override_names(rq, &names);
	if (names.n != m->n_overrides)
		return false;
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(rq->etc_dir, names.items[i]);
		struct file_stamp now;

		stamp_look(AT_FDCWD, path, &now);
		if (!str_eq(names.items[i], m->overrides[i].name) ||
		    !file_stamp_same(&now, &m->overrides[i].stamp))
			return false;
	}
	return true;
}

/* Would the conf still promise the same? */
static bool is_conf_same(struct examiner *x, const struct layout *l, struct examined_kernel *k,
			 const struct manifest *m)
{
	struct conf_request rq;

	if (!file_stamp_same(&x->conf, &m->conf) || !is_config_same(k, m))
		return false;
	rq = app_conf_request(x->app, l->module, l->version, &k->kernel);
	return conf_scope_hash(&rq, m->used) == m->scope && are_overrides_same(&rq, m);
}

/* Is `below` a place where the file would be looked for? */
static bool is_place(const char *place, const char *file, const char *below)
{
	size_t n;

	if (str_is_empty(place))
		return false;
	place += strspn(place, "/");
	n = strlen(place);
	while (n && place[n - 1] == '/')
		n--;
	return strncmp(below, place, n) == 0 && below[n] == '/' && str_eq(below + n + 1, file);
}

/* Are the built and the installed file the two that were the same? */
static bool is_installed_as_remembered(struct examiner *x, const struct snap_build *b,
				       const struct examined_kernel *k,
				       const struct manifest_module *mm)
{
	struct file_stamp now;

	if (!mm->installed || (!is_place(x->app->distro.dest, mm->file, mm->installed) &&
			       !is_place(mm->dest_location, mm->file, mm->installed)))
		return false;
	stamp_look(x->version_fd, below_version(x, b, "module", mm->file), &now);
	if (!file_stamp_same(&now, &mm->built) || k->dir_fd < 0)
		return false;
	stamp_look(k->dir_fd, mm->installed, &now);
	return file_stamp_same(&now, &mm->installed_stamp);
}

/* looking */

bool examine_note(struct examiner *x, int err)
{
	bool tells_nothing = err < 0 && err != -ENOENT && err != -ENOTDIR && err != -EACCES && err != -ELOOP;

	if (tells_nothing && x->err == 0)
		x->err = err;
	return tells_nothing;
}

/* Is there a file of the built one's name and bytes at one of the places where it may be? */
static bool is_installed_same(struct examiner *x, const struct snap_build *b,
			      const char *location, const char *built)
{
	const char *const places[] = { x->app->distro.dest, location };
	bool unknown = false;

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		CLEAN(free) char *path = NULL;
		int r;

		if (!places[i])
			continue;
		path = path_join(x->app->install_tree, b->kernel, places[i], path_base(built));
		r = file_same(built, path);
		if (r == 1)
			return true;
		unknown = examine_note(x, r) || unknown;
	}
	return unknown;
}

static unsigned compare_module(struct examiner *x, const struct layout *l,
			       const struct snap_build *b, const char *name, const char *location)
{
	CLEAN(free) char *dir = layout_built_files(l);
	CLEAN(strv) struct strv built = { 0 };
	bool unknown = examine_note(x, module_files_in(dir, name, &built));

	if (built.n == 0)
		return unknown ? 0 : STATUS_MISSING;
	if (b->installed && !is_installed_same(x, b, location, built.items[0]))
		return STATUS_DIFFERS;
	return 0;
}

/* What the conf promised, from memory. */
static unsigned compare_remembered(struct examiner *x, const struct layout *l,
				   const struct snap_build *b, const struct examined_kernel *k,
				   const struct manifest *m)
{
	struct file_stamp dir;
	unsigned flags = 0;

	stamp_look(x->version_fd, below_version(x, b, "module", ""), &dir);
	for (size_t i = 0; i < m->n_modules; i++) {
		const struct manifest_module *mm = &m->modules[i];
		unsigned found = 0;

		/* as long as the directory is the same, so are the names in it */
		if (!file_stamp_same(&dir, &m->dir) ||
		    (b->installed && !is_installed_as_remembered(x, b, k, mm)))
			found = compare_module(x, l, b, mm->dest_name, mm->dest_location);
		if (found & STATUS_MISSING)
			return STATUS_MISSING;
		flags |= found;
	}
	return flags;
}

/* What the conf promises, now. */
static unsigned compare_promised(struct examiner *x, const struct layout *l,
				 const struct snap_build *b, const struct conf *c,
				 const struct conf_exclusion *ex)
{
	unsigned flags = 0;

	for (size_t i = 0; i < c->n_modules; i++) {
		unsigned found;

		if (ex->modules && ex->modules[i])
			continue;
		found = compare_module(x, l, b, c->modules[i].dest_name,
				       c->modules[i].dest_location);
		if (found & STATUS_MISSING)
			return STATUS_MISSING;
		flags |= found;
	}
	return flags;
}

static bool needs_config(const struct conf *c)
{
	for (size_t i = 0; i < c->n_exclusives; i++)
		if (c->exclusives[i].config)
			return true;
	return false;
}

static void tell_conf_errors(const struct examiner *x, const struct layout *l, const struct conf *c)
{
	for (size_t i = 0; i < c->errors.n; i++) {
		CLEAN(fail) struct fail f = { 0 };

		fail_set(&f, -1, "dkms.conf of %s/%s: %s", l->module, l->version,
			 c->errors.items[i].text);
		report_error(&x->app->report, &f);
	}
}

/* Another dkms may have removed it since the tree was read: then there is nothing to complain of. */
static bool is_still_there(const struct layout *l)
{
	CLEAN(free) char *source = layout_source(l), *built = layout_built(l);

	return path_is_dir(source) && path_is_dir(built);
}

static unsigned examine_slowly(struct examiner *x, const struct layout *l,
			       const struct snap_build *b, struct kernel *k)
{
	CLEAN(conf) struct conf c = { 0 };
	CLEAN(conf_exclusion) struct conf_exclusion ex = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	const struct target target = { b->kernel, b->arch };
	const struct conf_target t = { l->module, l->version, b->kernel, b->arch };

	if (app_conf(x->app, l->module, l->version, NULL, &target, &c, &f) < 0) {
		if (is_still_there(l))
			report_error(&x->app->report, &f);
		return 0;
	}
	if (c.errors.n) {
		tell_conf_errors(x, l, &c);
		return 0;
	}
	conf_judge_exclusive(
		&c, &t, needs_config(&c) && kernel_has_config(k) ? kernel_config(k) : NULL, &ex);
	return compare_promised(x, l, b, &c, &ex);
}

unsigned examine_build(struct examiner *x, const struct layout *l, const struct snap_build *b)
{
	struct examined_kernel *k = find_kernel(x, b->kernel, b->arch);
	CLEAN(manifest) struct manifest m = { 0 };

	enter_version(x, l);
	if (x->may_believe && x->version_fd >= 0 &&
	    manifest_read(x->version_fd, below_version(x, b, MANIFEST_NAME, ""), &x->text, &m) ==
		    0 &&
	    is_conf_same(x, l, k, &m))
		return compare_remembered(x, l, b, k, &m);
	return examine_slowly(x, l, b, &k->kernel);
}
