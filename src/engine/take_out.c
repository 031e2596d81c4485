/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/hold_kernel.h"
#include "engine/originals.h"
#include "engine/remnant.h"
#include "engine/take_out.h"
#include "sys/install_tree.h"
#include "sys/manifest_file.h"
#include "sys/module_file.h"
#include "sys/rpm.h"

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
	const struct strv *brought; /* names whose originals stay saved; NULL: none do */
	struct originals saved;
	struct strv pruned; /* directories to remove if they are empty in the end */
	bool some_stay;     /* an original has no home: what is saved stays */
	bool is_quiet;	    /* only asked what it would do */
	int err;	    /* what could not be looked at */
};

void left_behind_done(struct left_behind *l)
{
	strv_done(&l->names);
	strv_done(&l->files);
	originals_done(&l->originals);
}

static void clean_taking(struct taking *t)
{
	conf_done(&t->conf);
	free(t->kernel_dir);
	free(t->built_dir);
	free(t->originals);
	strv_done(&t->names);
	originals_done(&t->saved);
	strv_done(&t->pruned);
}

/* The names that the conf promises and those that are in the dkms tree: a conf that is bad or was changed must not
 * leave files behind. */
static void collect_names(struct taking *t)
{
	CLEAN(strv) struct strv files = { 0 };
	int r;

	for (size_t i = 0; t->has_conf && i < t->conf.n_modules; i++)
		if (t->conf.modules[i].dest_name && !strv_has(&t->names, t->conf.modules[i].dest_name))
			strv_add(&t->names, t->conf.modules[i].dest_name);
	r = dir_list(t->built_dir, &files);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		t->err = r;
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

/* The directories below the install tree in which a module may be: where install puts it, which is the distribution's
 * or else the conf's own; and the conf's own, where another dkms may have put it, and the kernel's own may be. */
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

/* It could not be read, while what a module says may be damaged. */
static bool is_unread(int err)
{
	return err < 0 && err > -OUTCOME_FIRST && err != -ENOEXEC && err != -EBADMSG && err != -EFBIG;
}

static void tell_of_stray(const struct taking *t, const char *path, const char *version)
{
	CLEAN(free) char *which = version ? xasprintf("version %s", version) : xstrdup("no version");
	CLEAN(free) char *text = xasprintf("'%s' stays: it, or what was built of %s/%s for this kernel, is gone or "
					   "damaged, and nothing tells that this module (%s) is that", path,
					   t->s->module, t->s->version, which);
	CLEAN(free) char *hint = xasprintf("if it is: rm '%s' && depmod %s", path, t->s->kernel);

	if (!t->is_quiet)
		engine_warn(t->e, t->s, text, hint);
}

/* Is a squeezed directory that where install puts a module? */
static bool is_own_place(const struct taking *t, const char *dir, const char *name)
{
	CLEAN(strv) struct strv dirs = { 0 };
	CLEAN(free) char *own = NULL;

	places_of(t, name, &dirs);
	own = dirs.n ? path_squeeze(dirs.items[0]) : NULL;
	return str_eq(dir, own);
}

/* With nothing to compare, as what was built is gone, or one of them is damaged. */
static bool is_remnant(const struct taking *t, const char *path, const char *name, bool is_own)
{
	CLEAN(free) char *version = NULL;
	enum ownership o = remnant_owner(t->e, t->s, path, name, is_own && t->e->setup->distro->dest, &version);

	if (o == OWNED_BY_US && !is_own)
		o = OWNED_BY_NOBODY_KNOWS;
	if (o == OWNED_BY_NOBODY_KNOWS)
		tell_of_stray(t, path, version);
	return o == OWNED_BY_US;
}

/* Is it known that this dkms installed the version, and not there? */
static bool is_elsewhere(const struct taking *t, const char *path)
{
	struct layout l = engine_layout(t->e, t->s);
	CLEAN(free) char *built = layout_built(&l);

	return path_is_below(path, t->kernel_dir) &&
	       manifest_placed(built, path + strlen(t->kernel_dir) + 1) == 0;
}

/* Is the installed file of this version? 1, 0, or negative: that cannot be seen. Where install puts it, it is if
 * modinfo's version is the same as that of the built one (two without version count as the same); where what they say
 * makes no sense, the link into the dkms tree or the bytes decide. Elsewhere these alone decide: the kernel's own
 * module often says no more than ours. */
static int is_ours(const struct taking *t, const char *path, const char *name, bool is_own)
{
	CLEAN(strv) struct strv built = { 0 };
	CLEAN(module_info) struct module_info a = { 0 }, b = { 0 };
	CLEAN(free) char *target = NULL;
	int r = link_read(AT_FDCWD, path, &target);

	if (r == 0)
		return path_is_below(target, t->built_dir);
	if (r == -EINVAL) /* no link */
		r = module_files_in(t->built_dir, name, &built);
	if (r < 0)
		return r;
	if (!is_own && is_elsewhere(t, path))
		return 0;
	if (built.n == 0)
		return is_remnant(t, path, name, is_own);
	r = file_same(path, built.items[0]);
	if (r != 0 || !is_own)
		return r;
	r = module_file_info(path, &a, NULL);
	if (r == 0)
		r = module_file_info(built.items[0], &b, NULL);
	if (r == 0)
		return str_eq(a.version, b.version);
	/* one of them is damaged */
	return is_unread(r) ? r : is_remnant(t, path, name, is_own);
}

/* Where an original goes back to; 0 and NULL with a warning if its .origin leads out of the kernel's directory. */
static int home_of(struct taking *t, const char *dir, const char *file, char **ret_home, struct fail *f)
{
	CLEAN(free) char *stem = module_file_stem(file), *fallback = NULL, *text = NULL;
	const struct conf_module *m = stem ? conf_module_named(t, stem) : NULL;
	int r;

	fallback = path_join(t->kernel_dir, m && m->dest_location ? m->dest_location : "updates");
	r = original_home(dir, file, t->kernel_dir, fallback, ret_home);
	if (r < 0)
		return fail_errno(f, r, "cannot read '%s/%s.origin'", dir, file);
	if (*ret_home)
		return 0;
	text = xasprintf("the original module '%s/%s' is not put back: its .origin leads out of '%s'",
			 dir, file, t->kernel_dir);
	engine_warn(t->e, t->s, text, "look at the .origin file and move the module by hand");
	return 0;
}

/* Has another file come to where an original goes back to? 1, 0, or negative. What looks like ours is ours where
 * install puts things; where the distribution has no place of its own that may have been anywhere, before the conf
 * said another place. */
static int is_taken(const struct taking *t, const char *copy, const char *home, bool *ret_own)
{
	CLEAN(free) char *dir = path_dir(home), *clean = path_squeeze(dir), *stem = module_file_stem(path_base(home));
	CLEAN(strv) struct strv there = { 0 };
	int r;

	*ret_own = !stem || !t->e->setup->distro->dest || is_own_place(t, clean, stem);
	r = stem ? module_files_in(clean, stem, &there) : 0;
	for (size_t i = 0; i < there.n && r >= 0; i++) {
		r = file_same(there.items[i], copy);
		if (r == 0)
			r = is_ours(t, there.items[i], stem, *ret_own);
		if (r == 0)
			return 1;
	}
	return r < 0 ? r : 0;
}

static int find_original(struct taking *t, const char *dir, const char *name, const char *path, struct fail *f)
{
	CLEAN(free) char *home = NULL;
	bool is_own = false;
	int r = home_of(t, dir, name, &home, f);

	if (r < 0)
		return r;
	if (home)
		r = is_taken(t, path, home, &is_own);
	if (r < 0)
		return fail_errno(f, r, "cannot look at '%s'", home);
	/* an upgrade that is not sure leaves that to the uninstall, and that does not leave ours */
	if (!home || (r && t->brought)) {
		t->some_stay = true;
	} else if (r && !is_own) {
		strv_take(&t->saved.taken, TAKE_PTR(home));
	} else {
		strv_add(&t->saved.copies, path);
		strv_take(&t->saved.homes, TAKE_PTR(home));
	}
	return 0;
}

/* The new version brings a module of that name: what it replaces stays saved. */
static bool is_brought(const struct taking *t, const char *file)
{
	CLEAN(free) char *stem = module_file_stem(file);

	return t->brought && (!stem || strv_has(t->brought, stem));
}

/* All originals of a directory (and of `collisions` in it, as old trees have it), with their homes. */
static int find_originals(struct taking *t, const char *dir, unsigned depth, struct fail *f)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(dir, &names);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", dir);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (names.items[i][0] == '.' || str_has_suffix(names.items[i], ".origin"))
			continue;
		r = dir_probe(path);
		if (r < 0)
			return fail_errno(f, r, "cannot look at '%s'", path);
		if (r > 0) {
			r = depth ? find_originals(t, path, depth - 1, f) : 0;
			continue;
		}
		r = is_brought(t, names.items[i]) ? 0 : find_original(t, dir, names.items[i], path, f);
	}
	return r;
}

/* Directories that are empty afterwards go, on rpm families up to one that a package owns. */
static void prune(const struct taking *t, const char *dir, struct commit *c)
{
	CLEAN(free) char *kernel_dir = path_squeeze(t->kernel_dir), *stop = path_squeeze(dir);

	while (t->e->setup->distro->is_rpm && path_is_below(stop, kernel_dir) &&
	       !str_eq(stop, kernel_dir) && !rpm_owns(stop, t->e->setup->environment)) {
		char *up = path_dir(stop);

		free(stop);
		stop = up;
	}
	commit_prune(c, dir, t->e->setup->distro->is_rpm ? stop : kernel_dir);
}

/* Adds the removal of a module's files to the commit, but for what keep names. */
static void drop_files(struct taking *t, const char *name, const struct strv *keep, struct commit *c)
{
	CLEAN(strv) struct strv dirs = { 0 };

	places_of(t, name, &dirs);
	for (size_t d = 0; d < dirs.n; d++) {
		CLEAN(strv) struct strv files = { 0 };
		int r = module_files_in(dirs.items[d], name, &files);

		for (size_t i = 0; i < files.n && r >= 0; i++) {
			if (strv_has(keep, files.items[i]))
				continue;
			r = is_ours(t, files.items[i], name, d == 0);
			if (r > 0)
				commit_unlink_this(c, files.items[i]);
		}
		if (r < 0)
			t->err = r;
		if (!strv_has(&t->pruned, dirs.items[d]))
			strv_add(&t->pruned, dirs.items[d]);
	}
}

static void drop_all(struct taking *t, const struct strv *keep, struct commit *c)
{
	for (size_t i = 0; i < t->names.n; i++)
		drop_files(t, t->names.items[i], keep, c);
	for (size_t i = 0; i < t->pruned.n; i++)
		prune(t, t->pruned.items[i], c);
}

static void list_files(struct taking *t, struct strv *ret_paths)
{
	CLEAN(commit) struct commit c = { 0 };
	static const struct strv none = { 0 };

	for (size_t i = 0; i < t->names.n; i++)
		drop_files(t, t->names.items[i], &none, &c);
	commit_list_unlinks(&c, ret_paths);
}

/* A conf that is bad, gone, no file, or does not end keeps nothing from being taken out. */
static bool is_unread_conf(int err)
{
	static const int is_none[] = { ENOENT, ENOTDIR, EISDIR, ELOOP, ETIMEDOUT };

	for (size_t i = 0; i < COUNT_OF(is_none); i++)
		if (err == -is_none[i])
			return false;
	return is_unread(err);
}

static void begin(struct taking *t)
{
	struct layout l = engine_layout(t->e, t->s);
	CLEAN(free) char *dir = NULL;
	int r;

	dir = path_join(t->e->setup->install_tree, t->s->kernel);
	t->kernel_dir = path_squeeze(dir);
	t->built_dir = layout_built_files(&l);
	t->originals = layout_originals(&l);
	r = engine_conf(t->e, t->s, &t->conf, NULL);
	t->has_conf = r == 0;
	if (is_unread_conf(r))
		t->err = r;
	collect_names(t);
}

/* A kernel whose directory is gone gets nothing back: it would be made anew, and no package would ever remove it. */
static int forget_if_gone(struct taking *t, struct fail *f)
{
	int r = path_probe(t->kernel_dir);

	if (r < 0)
		return fail_errno(f, r, "cannot look at '%s'", t->kernel_dir);
	for (size_t i = 0; r == 0 && i < t->saved.homes.n; i++)
		engine_note(t->e, t->s, "original module %s not restored: the kernel is gone",
			    t->saved.homes.items[i]);
	if (r == 0)
		originals_done(&t->saved);
	return 0;
}

/* The originals are copied to where they belong, under names that nobody takes for a module. */
static int stage_originals(struct taking *t, struct fail *f)
{
	CLEAN(commit) struct commit undo = { 0 };
	int r;

	originals_undo(&t->saved, t->kernel_dir, &undo);
	r = journal_intend(t->e->setup->dkms_tree, "", &undo, f);
	if (r == 0)
		r = originals_stage(t->e, t->s, &t->saved, f);
	if (r < 0)
		journal_abandon(t->e->setup->dkms_tree, "");
	return r;
}

static void fill(struct taking *t, struct commit *c)
{
	struct layout l = engine_layout(t->e, t->s);
	CLEAN(free) char *link = layout_link(&l), *module = layout_module(&l);
	CLEAN(free) char *up = path_dir(t->originals);

	originals_return(&t->saved, c);
	drop_all(t, &t->saved.homes, c);
	commit_unlink(c, link);
	if (!t->some_stay) {
		commit_remove_tree(c, t->originals);
		commit_prune(c, up, module);
	}
}

/* Before anything is changed: may what is to go be removed? */
static int check_access(const struct commit *c, const char *kernel_dir, struct fail *f)
{
	CLEAN(strv) struct strv paths = { 0 };

	commit_list_unlinks(c, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		CLEAN(free) char *dir = path_dir(paths.items[i]);

		if (path_is_below(dir, kernel_dir) && faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
			return fail_errno(f, errno, "cannot remove '%s'", paths.items[i]);
	}
	return 0;
}

/* Originals first, then our files, then the link: at no moment is neither the one nor the other there. */
int take_out(struct engine *e, const struct step *s, struct fail *f)
{
	CLEAN(taking) struct taking t = { .e = e, .s = s };
	CLEAN(commit) struct commit c = { 0 };
	CLEAN(kernel_lock) struct kernel_lock held = { .fd = -1 };
	int r;

	begin(&t);
	r = engine_hold_kernel(e, s, false, &held, f);
	if (r == 0)
		r = find_originals(&t, t.originals, 1, f);
	if (r == 0)
		r = forget_if_gone(&t, f);
	if (r == 0)
		r = stage_originals(&t, f);
	if (r < 0)
		return r;
	fill(&t, &c);
	r = t.err ? fail_errno(f, t.err, "cannot look at the modules in '%s'", t.kernel_dir)
		  : check_access(&c, t.kernel_dir, f);
	if (r < 0) {
		journal_abandon(e->setup->dkms_tree, "");
		return r;
	}
	r = journal_commit(e->setup->dkms_tree, "", &c, f);
	if (r == 0)
		originals_tell(e, s, &t.saved);
	return r;
}

int take_out_look(struct engine *e, const struct step *s, const char *version, const struct strv *brought,
		  struct left_behind *ret, struct fail *f)
{
	struct step old = *s;
	CLEAN(taking) struct taking t = { .e = e, .s = &old, .is_quiet = true, .brought = brought };
	int r;

	old.version = (char *)version;
	begin(&t);
	list_files(&t, &ret->files);
	/* over the same version all of them stay saved */
	r = brought ? find_originals(&t, t.originals, 1, f) : 0;
	if (r == 0 && t.err)
		r = fail_errno(f, t.err, "cannot look at the modules of %s/%s in '%s'", s->module, version,
			       t.kernel_dir);
	ret->names = t.names;
	ret->originals = t.saved;
	t.names = (struct strv){ 0 };
	t.saved = (struct originals){ 0 };
	return r;
}

int take_out_left_behind(struct engine *e, const struct step *s, const char *version,
			 const struct left_behind *left, struct strv *keep, struct commit *c, struct fail *f)
{
	struct step old = *s;
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *module = layout_module(&l);
	CLEAN(taking) struct taking t = { .e = e, .s = &old };

	old.version = (char *)version;
	begin(&t);
	originals_return(&left->originals, c);
	for (size_t i = 0; i < left->originals.homes.n; i++)
		strv_add(keep, left->originals.homes.items[i]);
	drop_all(&t, keep, c);
	originals_forget(&left->originals, module, c);
	return t.err ? fail_errno(f, t.err, "cannot look at the modules of %s/%s in '%s'", s->module, version,
				  t.kernel_dir)
		     : 0;
}

bool take_out_knows(struct engine *e, const struct step *s, const char *path, const char *name)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	const struct snap_module *m;

	if (engine_look(e, s->module, &snap, NULL) < 0)
		return true;
	m = snapshot_module(&snap, s->module);
	for (size_t i = 0; m && i < m->n_versions; i++) {
		struct step old = *s;
		CLEAN(taking) struct taking t = { .e = e, .s = &old, .is_quiet = true };

		old.version = m->versions[i].version;
		begin(&t);
		if (t.err || (path_is_dir(t.built_dir) && is_ours(&t, path, name, true) != 0))
			return true;
	}
	return false;
}

void take_out_list(struct engine *e, const struct step *s, struct strv *ret_paths)
{
	CLEAN(taking) struct taking t = { .e = e, .s = s, .is_quiet = true };

	begin(&t);
	list_files(&t, ret_paths);
}
