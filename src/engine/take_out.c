/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"
#include "sys/install_tree.h"
#include "sys/module_file.h"

/* The state of taking one version out of one kernel. */
struct taking {
	struct engine *e;
	const struct step *s;
	struct conf conf;
	bool has_conf;
	char *kernel_dir; /* <install tree>/<kernel> */
	char *built_dir;  /* where the built modules are */
	char *originals;  /* original_module/<kernel>/<arch> */
	struct strv names;    /* module names */
	struct strv restored; /* paths that originals went back to, or that are another version's */
};

static void clean_taking(struct taking *t)
{
	conf_done(&t->conf);
	free(t->kernel_dir);
	free(t->built_dir);
	free(t->originals);
	strv_done(&t->names);
	strv_done(&t->restored);
}

/* The names that the conf promises and those that are in the dkms tree: a conf that is bad or was changed must not
 * leave files behind. */
static void collect_names(struct taking *t)
{
	CLEAN(strv) struct strv files = { 0 };

	for (size_t i = 0; t->has_conf && i < t->conf.n_modules; i++)
		if (t->conf.modules[i].dest_name && !strv_has(&t->names, t->conf.modules[i].dest_name))
			strv_add(&t->names, t->conf.modules[i].dest_name);
	dir_list(t->built_dir, &files);
	for (size_t i = 0; i < files.n; i++) {
		CLEAN(free) char *stem = module_file_stem(files.items[i]);

		if (stem && !strv_has(&t->names, stem))
			strv_take(&t->names, TAKE_PTR(stem));
	}
}

static const struct conf_module *conf_module_named(const struct taking *t, const char *name)
{
	for (size_t i = 0; t->has_conf && i < t->conf.n_modules; i++)
		if (str_eq(t->conf.modules[i].dest_name, name))
			return &t->conf.modules[i];
	return NULL;
}

/* The directories below the install tree in which a module may be: the distribution's, the conf's own. */
static void places_of(const struct taking *t, const char *name, struct strv *ret_dirs)
{
	const struct conf_module *m = conf_module_named(t, name);
	const char *distro = t->e->setup->distro->dest;

	if (distro)
		strv_take(ret_dirs, path_join(t->kernel_dir, distro));
	if (m && m->dest_location && !path_has_dotdot(m->dest_location)) {
		CLEAN(free) char *dir = path_join(t->kernel_dir, m->dest_location);
		CLEAN(free) char *clean = path_squeeze(dir);

		if (!strv_has(ret_dirs, clean))
			strv_take(ret_dirs, TAKE_PTR(clean));
	}
}

/* Is the installed file of this version? It is if modinfo's version is the same as that of the built one (two without
 * version count as the same); where that cannot be read, the link into the dkms tree or the bytes decide. */
static bool is_ours(const struct taking *t, const char *path, const char *name)
{
	CLEAN(strv) struct strv built = { 0 };
	CLEAN(module_info) struct module_info a = { 0 }, b = { 0 };
	CLEAN(free) char *target = NULL;

	if (link_read(AT_FDCWD, path, &target) == 0)
		return path_is_below(target, t->built_dir);
	module_files_in(t->built_dir, name, &built);
	if (built.n == 0)
		return true;
	if (file_same(path, built.items[0]) == 1)
		return true;
	if (module_file_info(path, &a, NULL) < 0 || module_file_info(built.items[0], &b, NULL) < 0)
		return false;
	return str_eq(a.version, b.version);
}

static int restore_one(struct taking *t, const char *dir, const char *file, struct fail *f)
{
	CLEAN(free) char *stem = module_file_stem(file), *fallback = NULL, *home = NULL;
	CLEAN(free) char *copy = path_join(dir, file);
	const struct conf_module *m = stem ? conf_module_named(t, stem) : NULL;
	int r;

	fallback = path_join(t->kernel_dir, m && m->dest_location ? m->dest_location : "updates");
	home = original_home(dir, file, t->kernel_dir, fallback);
	if (!home) {
		CLEAN(free) char *text = xasprintf(
			"the original module '%s' is not put back: its .origin leads out of '%s'", copy,
			t->kernel_dir);

		engine_warn(t->e, t->s, text, "look at the .origin file and move the module by hand");
		return 1;
	}
	r = original_restore(copy, home, f);
	if (r < 0)
		return r;
	strv_add(&t->restored, home);
	engine_note(t->e, t->s, "original module %s restored", home);
	return 0;
}

/* All originals of a directory (and of `collisions` in it, as old trees have it). 1: one of them has to stay. */
static int restore_dir(struct taking *t, const char *dir, unsigned depth, struct fail *f)
{
	CLEAN(strv) struct strv names = { 0 };
	int stay = 0, r = dir_list(dir, &names);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", dir);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (names.items[i][0] == '.' || str_has_suffix(names.items[i], ".origin"))
			continue;
		if (path_is_dir(path))
			r = depth ? restore_dir(t, path, depth - 1, f) : 0;
		else
			r = restore_one(t, dir, names.items[i], f);
		if (r < 0)
			return r;
		stay |= r;
	}
	return stay;
}

static int drop_files(struct taking *t, const char *name, struct fail *f)
{
	CLEAN(strv) struct strv dirs = { 0 };

	places_of(t, name, &dirs);
	for (size_t d = 0; d < dirs.n; d++) {
		CLEAN(strv) struct strv files = { 0 };

		module_files_in(dirs.items[d], name, &files);
		for (size_t i = 0; i < files.n; i++) {
			if (strv_has(&t->restored, files.items[i]) || !is_ours(t, files.items[i], name))
				continue;
			if (unlink(files.items[i]) < 0 && errno != ENOENT)
				return fail_errno(f, errno, "cannot remove '%s'", files.items[i]);
		}
		dir_prune(dirs.items[d], t->kernel_dir);
	}
	return 0;
}

static int drop_link(struct taking *t, struct fail *f)
{
	struct layout l = engine_layout(t->e, t->s);
	CLEAN(free) char *link = layout_link(&l);

	if (unlink(link) < 0 && errno != ENOENT)
		return fail_errno(f, errno, "cannot remove the link '%s'", link);
	return 0;
}

static void taking_init(struct taking *t, struct engine *e, const struct step *s)
{
	struct layout l = engine_layout(e, s);

	*t = (struct taking){ .e = e, .s = s };
	t->kernel_dir = path_join(e->setup->install_tree, s->kernel);
	t->built_dir = layout_built_files(&l);
	t->originals = layout_originals(&l);
	t->has_conf = engine_conf(e, s, &t->conf, NULL) == 0;
	collect_names(t);
}

static int drop_all_files(struct taking *t, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; i < t->names.n && r == 0; i++)
		r = drop_files(t, t->names.items[i], f);
	return r;
}

void take_left_behind(struct engine *e, const struct step *s, const char *other, const struct strv *keep)
{
	CLEAN(taking) struct taking t = { 0 };
	CLEAN(free) char *version = xstrdup(other);
	CLEAN(fail) struct fail why = { 0 };
	struct step old = *s;

	old.version = version;
	taking_init(&t, e, &old);
	strv_add_all(&t.restored, keep);
	if (drop_all_files(&t, &why) < 0)
		engine_warn(e, s, why.text, why.hint);
}

/* Originals first, then our files, then the link: at no moment is neither the one nor the other there, and what is
 * interrupted can be done again. */
int take_out(struct engine *e, const struct step *s, struct fail *f)
{
	CLEAN(taking) struct taking t = { 0 };
	struct layout l = engine_layout(e, s);
	int r, stay;

	taking_init(&t, e, s);
	stay = restore_dir(&t, t.originals, 1, f);
	if (stay < 0)
		return stay;
	r = drop_all_files(&t, f);
	if (r == 0)
		r = drop_link(&t, f);
	if (r < 0)
		return r;
	if (stay == 0) {
		CLEAN(free) char *stop = layout_module(&l);
		CLEAN(free) char *up = path_dir(t.originals);

		tree_remove(t.originals);
		dir_prune(up, stop);
	}
	return 0;
}
