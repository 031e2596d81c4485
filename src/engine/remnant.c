/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/remnant.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "sys/install_tree.h"
#include "sys/journal.h"
#include "sys/module_file.h"
#include "sys/rpm.h"

int remnant_mark(struct engine *e, const struct step *s, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *link = layout_link(&l), *target = layout_link_target(&l), *now = NULL;
	CLEAN(free) char *gone = xasprintf("%s/%s", SNAP_GONE, target);
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(commit) struct commit c = { 0 };
	int r = engine_look(e, s->module, &snap, f);

	if (r < 0 || !snapshot_has_remnant(&snap, s->module, s->version, s->kernel, s->arch))
		return r;
	if (link_read(AT_FDCWD, link, &now) == 0 && str_eq(now, gone))
		return 0;
	commit_symlink(&c, gone, link);
	return journal_commit(e->setup->dkms_tree, "", &c, f);
}

/* Has a version of the module a file of that name among what was built of it for a kernel? */
static bool has_built(const struct engine *e, const char *module, const char *version,
		      const struct snap_build *b, const char *name, struct strv *ret_files)
{
	const struct layout l = { e->setup->dkms_tree, module, version, b->kernel, b->arch };
	CLEAN(free) char *dir = layout_built_files(&l);

	return module_files_in(dir, name, ret_files) == 0 && ret_files->n > 0;
}

/* Is another module of the dkms tree, with a file of that name, installed there? */
static bool is_claimed(const struct engine *e, const struct step *s, const char *name)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };

	if (engine_look(e, NULL, &snap, NULL) < 0)
		return true;
	for (size_t i = 0; i < snap.n_modules; i++) {
		const char *module = snap.modules[i].name;
		const struct snap_version *v = snapshot_installed(&snap, module, s->kernel, s->arch);
		CLEAN(strv) struct strv files = { 0 };

		if (v && !str_eq(module, s->module) &&
		    has_built(e, module, v->version,
			      snapshot_build(&snap, module, v->version, s->kernel, s->arch), name, &files))
			return true;
	}
	return false;
}

/* The module as it was built for another kernel; false: for none. */
static bool find_sibling(const struct engine *e, const struct step *s, const char *name, struct module_info *ret)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	const struct snap_version *v;

	if (engine_look(e, s->module, &snap, NULL) < 0)
		return false;
	v = snapshot_version(&snap, s->module, s->version);
	for (size_t i = 0; v && i < v->n_builds; i++) {
		CLEAN(strv) struct strv files = { 0 };

		if (has_built(e, s->module, s->version, &v->builds[i], name, &files) &&
		    module_file_info(files.items[0], ret, NULL) == 0)
			return true;
	}
	return false;
}

enum ownership remnant_owner(struct engine *e, const struct step *s, const char *path, const char *name,
			     bool is_own_place, char **ret_version)
{
	CLEAN(module_info) struct module_info found = { 0 }, sibling = { 0 };
	bool has_sibling, is_same;

	*ret_version = NULL;
	if (is_claimed(e, s, name) ||
	    (e->setup->distro->is_rpm && rpm_owns(path, e->setup->environment)))
		return OWNED_BY_OTHERS;
	if (module_file_info(path, &found, NULL) < 0)
		return OWNED_BY_NOBODY_KNOWS;
	*ret_version = xstrdup(found.version);
	has_sibling = find_sibling(e, s, name, &sibling);
	is_same = str_eq(found.version, has_sibling ? sibling.version : s->version);
	if (found.version ? is_same : is_own_place && (!has_sibling || is_same))
		return OWNED_BY_US;
	return OWNED_BY_NOBODY_KNOWS;
}
