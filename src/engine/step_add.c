/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/internal.h"
#include "sys/journal.h"
#include "sys/loaded.h"
#include "sys/tree_copy.h"

/* The source's place in the source tree; caller frees. */
static char *source_place(const struct engine *e, const struct step *s)
{
	CLEAN(free) char *name = xasprintf("%s-%s", s->module, s->version);

	return path_join(e->setup->source_tree, name);
}

static bool is_same_dir(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int check_source(struct engine *e, const struct step *s, const char *place, struct fail *f)
{
	const char *dir = s->from ? s->from : place;
	CLEAN(free) char *conf = path_join(dir, "dkms.conf");

	if (!path_is_dir(dir)) {
		fail_set(f, -E_NO_SOURCE_DIR, "there is no source directory '%s'", dir);
		fail_hint(f, "put the source of %s/%s there, or name its directory: dkms add /path/to/source",
			  s->module, s->version);
		return f->code;
	}
	if (!e->setup->conf_file && !path_is_file(conf)) {
		fail_set(f, -E_NO_CONF, "there is no dkms.conf in '%s'", dir);
		fail_hint(f, "dkms.conf(5) tells what has to be in it");
		return f->code;
	}
	return 0;
}

/* The places of one add: what is made beside, and where it goes. */
struct adding {
	struct engine *e;
	const struct step *s;
	char *place;         /* the source, in the source tree */
	char *staged_source; /* its copy, until the commit; NULL: nothing is copied */
	char *version;       /* <tree>/<m>/<v> */
	char *staged_version;
};

static void clean_adding(struct adding *a)
{
	free(a->place);
	free(a->staged_source);
	free(a->version);
	free(a->staged_version);
}

static void adding_init(struct adding *a, struct engine *e, const struct step *s)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *link = layout_source(&l), *build = layout_build_dir(&l);
	CLEAN(free) char *module = layout_module(&l), *name = xasprintf(".new-%s", s->version);

	*a = (struct adding){ .e = e, .s = s, .place = source_place(e, s) };
	a->version = layout_version(&l);
	a->staged_version = path_join(module, name);
	if (s->from && !is_same_dir(s->from, a->place) && !is_same_dir(s->from, link) &&
	    !is_same_dir(s->from, build))
		a->staged_source = xasprintf("%s/.%s.dkms-new", e->setup->source_tree,
					     path_base(a->place));
}

static void fill_undo(const struct adding *a, struct commit *c)
{
	CLEAN(free) char *module = path_dir(a->version);

	if (a->staged_source)
		commit_remove_tree(c, a->staged_source);
	commit_remove_tree(c, a->staged_version);
	commit_prune(c, module, a->e->setup->dkms_tree);
}

/* Over a source that is there already the copy is merged: nothing in it is deleted. */
static int stage_source(const struct adding *a, struct fail *f)
{
	int r;

	if (!a->staged_source)
		return 0;
	engine_phase(a->e, a->s, "copying the source");
	r = dir_make(a->e->setup->source_tree);
	if (r < 0)
		return fail_errno(f, r, "cannot make the source tree '%s'", a->e->setup->source_tree);
	if (path_is_dir(a->place) && !(a->s->flags & STEP_FORCED))
		r = tree_copy(a->place, a->staged_source, f);
	if (r == 0)
		r = tree_copy(a->s->from, a->staged_source, f);
	if (r < 0)
		return r;
	r = tree_sync(a->staged_source);
	return r < 0 ? fail_errno(f, r, "cannot write '%s' to the disk", a->staged_source) : 0;
}

static int stage_version(const struct adding *a, struct fail *f)
{
	CLEAN(free) char *build = path_join(a->staged_version, "build");
	CLEAN(free) char *link = path_join(a->staged_version, "source");
	int r = dir_make(build);

	if (r == 0 && symlink(a->place, link) < 0)
		r = -errno;
	if (r == 0)
		r = dir_sync_of(link);
	if (r == 0)
		r = dir_sync_of(a->staged_version);
	return r < 0 ? fail_errno(f, r, "cannot register %s/%s in the dkms tree '%s'", a->s->module,
				  a->s->version, a->e->setup->dkms_tree)
		     : 0;
}

/* What an archive has built appears with the version: half an archive is not loaded. */
static int stage_builds(const struct adding *a, struct fail *f)
{
	struct plan *p = a->e->plan;
	int r = 0;

	for (size_t i = 0; i < p->n && r == 0; i++) {
		struct step *s = &p->steps[i];
		CLEAN(free) char *kernel = NULL, *to = NULL;

		if (s->kind != STEP_LOAD || !str_eq(s->module, a->s->module) || !str_eq(s->version, a->s->version))
			continue;
		kernel = path_join(a->staged_version, s->kernel);
		to = path_join(kernel, s->arch);
		r = dir_make(kernel);
		r = r < 0 ? fail_errno(f, r, "cannot make '%s'", kernel) : tree_copy(s->from, to, f);
		if (r == 0 && (r = loaded_mark(to)) < 0)
			fail_errno(f, r, "cannot write to '%s'", to);
		s->flags |= STEP_LOADED;
	}
	if (r < 0)
		return r;
	r = tree_sync(a->staged_version);
	return r < 0 ? fail_errno(f, r, "cannot write '%s' to the disk", a->staged_version) : 0;
}

static bool has_builds(const struct adding *a)
{
	return !path_lexists(a->version) && a->e->plan->n > 1;
}

static void fill_commit(const struct adding *a, struct commit *c)
{
	CLEAN(free) char *link = path_join(a->version, "source");

	if (a->staged_source)
		commit_replace_dir(c, a->staged_source, a->place);
	if (path_lexists(a->version)) {
		/* something is there already: a dangling link, kernels that were built */
		commit_symlink(c, a->place, link);
		commit_remove_tree(c, a->staged_version);
	} else {
		commit_rename(c, a->staged_version, a->version);
	}
}

/* The source and its registration appear together. */
static int register_version(const struct adding *a, struct fail *f)
{
	CLEAN(commit) struct commit undo = { 0 }, c = { 0 };
	const char *tree = a->e->setup->dkms_tree;
	int r;

	fill_undo(a, &undo);
	r = journal_intend(tree, "", &undo, f);
	if (r == 0)
		r = stage_source(a, f);
	if (r == 0)
		r = stage_version(a, f);
	if (r == 0 && has_builds(a))
		r = stage_builds(a, f);
	if (r < 0) {
		journal_abandon(tree, "");
		return r;
	}
	fill_commit(a, &c);
	return journal_commit(tree, "", &c, f);
}

int step_add(struct engine *e, struct step *s, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(conf) struct conf conf = { 0 };
	CLEAN(adding) struct adding a = { 0 };
	const struct snap_version *v;
	bool is_added;
	int r = engine_look(e, s->module, &snap, f);

	if (r < 0)
		return r;
	v = snapshot_version(&snap, s->module, s->version);
	is_added = v && v->state == VERSION_ADDED;
	if (is_added && !(s->flags & STEP_RELOAD)) {
		if (s->flags & STEP_ON_BEHALF)
			return 1;
		return fail_set(f, -E_ALREADY_ADDED, "%s/%s is already added", s->module, s->version);
	}
	adding_init(&a, e, s);
	r = check_source(e, s, a.place, f);
	if (r == 0)
		r = engine_valid_conf(e, s, &conf, f);
	if (r == 0)
		r = register_version(&a, f);
	if (r < 0)
		return r;
	engine_conf_warnings(e, s, &conf);
	if (is_added)
		return 0;
	r = engine_script(e, s, &conf, "post_add", conf.post_add, f);
	if (r < 0 && (s->flags & STEP_ON_BEHALF)) {
		engine_warn(e, s, f->text, f->hint);
		fail_done(f);
		return 0;
	}
	return r;
}
