/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/name.h"
#include "core/outcome.h"
#include "engine/take_out.h"
#include "sys/weak_modules.h"

static void tell_weak_modules(struct engine *e, const struct step *s)
{
	CLEAN(strv) struct strv paths = { 0 };
	CLEAN(fail) struct fail why = { 0 };
	CLEAN(conf) struct conf conf = { 0 };

	if (e->setup->distro->weak == WEAK_NONE ||
	    (engine_conf(e, s, &conf, NULL) == 0 && conf.no_weak_modules))
		return;
	take_out_list(e, s, &paths);
	if (weak_modules_tell(e->setup->distro, false, s->kernel, &paths, e->setup->environment, &why) < 0)
		engine_warn(e, s, why.text, why.hint);
}

int step_uninstall(struct engine *e, struct step *s, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(conf) struct conf conf = { 0 };
	CLEAN(fail) struct fail why = { 0 };
	const struct snap_build *b;
	int r = engine_look(e, s->module, &snap, f);

	if (r < 0)
		return r;
	b = snapshot_build(&snap, s->module, s->version, s->kernel, s->arch);
	if ((!b || !b->installed) &&
	    !snapshot_has_remnant(&snap, s->module, s->version, s->kernel, s->arch))
		return 1;
	tell_weak_modules(e, s);
	r = engine_need_index(e, s, f);
	if (r == 0)
		r = take_out(e, s, f);
	if (r < 0 || (s->flags & STEP_KNOWN_ONLY))
		return r;
	if (engine_conf(e, s, &conf, NULL) == 0 &&
	    engine_script(e, s, &conf, "post_remove", conf.post_remove, &why) < 0)
		engine_warn(e, s, why.text, why.hint);
	return 0;
}

int step_unbuild(struct engine *e, struct step *s, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *built = layout_built(&l), *failed = layout_failed(&l);
	CLEAN(free) char *version = layout_version(&l);
	CLEAN(free) char *built_up = path_dir(built), *failed_up = path_dir(failed);
	CLEAN(commit) struct commit c = { 0 };
	int was_there = path_probe(built), has_failed = path_probe(failed), r;

	if (was_there < 0 || has_failed < 0)
		return fail_errno(f, was_there < 0 ? was_there : has_failed, "cannot look at '%s'",
				  was_there < 0 ? built : failed);
	if (!was_there && !has_failed)
		return 1;
	commit_remove_tree(&c, built);
	commit_prune(&c, built_up, version);
	commit_remove_tree(&c, failed);
	commit_prune(&c, failed_up, version);
	r = journal_commit(e->setup->dkms_tree, "", &c, f);
	if (r < 0)
		return r;
	return was_there ? 0 : 1;
}

/* Does a version's directory hold something that keeps it: a kernel, or a directory nobody knows? Negative: it cannot
 * be read. */
static int has_more(const char *dir)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(dir, &names);

	if (r < 0 && r != -ENOENT)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		r = name_is_beside_kernels(names.items[i]) ? 0 : dir_probe(path);
		if (r != 0)
			return r;
	}
	return 0;
}

int step_forget(struct engine *e, struct step *s, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *version = layout_version(&l), *module = layout_module(&l);
	CLEAN(free) char *originals = path_join(module, "original_module");
	CLEAN(commit) struct commit c = { 0 };
	int r = has_more(version);

	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", version);
	if (r > 0)
		return 1;
	commit_remove_tree(&c, version);
	commit_prune(&c, originals, e->setup->dkms_tree);
	commit_prune(&c, module, e->setup->dkms_tree);
	return journal_commit(e->setup->dkms_tree, "", &c, f);
}
