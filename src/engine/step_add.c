/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/internal.h"
#include "sys/build_publish.h"
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

/* There is the old source, or none, or the new one. */
static int replace_source(const struct step *s, const char *place, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(place);
	CLEAN(free) char *stage = xasprintf("%s/.%s.dkms-new", dir, path_base(place));
	int r = tree_remove(stage);

	if (r < 0)
		return fail_errno(f, r, "cannot replace '%s'", place);
	r = tree_copy(s->from, stage, f);
	if (r == 0) {
		r = dir_replace(stage, place);
		if (r < 0)
			fail_errno(f, r, "cannot replace '%s'", place);
	}
	if (r < 0)
		tree_remove(stage);
	return r;
}

/* Brings the source into its place, unless it is there already. */
static int fetch_source(struct engine *e, const struct step *s, const char *place, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *link = layout_source(&l), *build = layout_build_dir(&l);
	int r;

	if (!s->from || is_same_dir(s->from, place) || is_same_dir(s->from, link) ||
	    is_same_dir(s->from, build))
		return 0;
	engine_phase(e, s, "copying the source");
	r = dir_make(e->setup->source_tree);
	if (r < 0)
		return fail_errno(f, r, "cannot make the source tree '%s'", e->setup->source_tree);
	if ((s->flags & STEP_FORCED) || !path_lexists(place))
		return replace_source(s, place, f);
	return tree_copy(s->from, place, f);
}

static int register_version(struct engine *e, const struct step *s, const char *place, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *build = layout_build_dir(&l), *link = layout_source(&l);
	int r = dir_make(build);

	if (r == 0)
		r = link_set(place, link);
	if (r < 0)
		return fail_errno(f, r, "cannot register %s/%s in the dkms tree '%s'", s->module,
				  s->version, e->setup->dkms_tree);
	return 0;
}

int step_add(struct engine *e, struct step *s, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(conf) struct conf conf = { 0 };
	CLEAN(free) char *place = source_place(e, s);
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
	r = check_source(e, s, place, f);
	if (r == 0)
		r = engine_valid_conf(e, s, &conf, f);
	if (r == 0)
		r = fetch_source(e, s, place, f);
	if (r == 0)
		r = register_version(e, s, place, f);
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
