/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/hold_kernel.h"
#include "engine/installing.h"
#include "engine/kept.h"
#include "engine/manifests.h"
#include "engine/originals.h"
#include "engine/take_out.h"
#include "sys/install_tree.h"
#include "sys/module_file.h"
#include "sys/weak_modules.h"

static void clean_installing(struct installing *in)
{
	for (size_t i = 0; i < in->n; i++) {
		free(in->files[i].built);
		free(in->files[i].dest);
		free(in->files[i].original);
		free(in->files[i].stays);
		strv_done(&in->files[i].in_the_way);
	}
	free(in->files);
	conf_done(&in->conf);
	conf_exclusion_done(&in->exclusion);
	conf_trace_done(&in->trace);
	free(in->kernel_dir);
	free(in->active);
	left_behind_done(&in->old);
}

/* Whose files are in the kernel: those of the version that is installed, or of one that was. */
static void find_active(struct installing *in, const struct snapshot *snap)
{
	const struct step *s = in->s;
	const struct snap_version *v = snapshot_installed(snap, s->module, s->kernel, s->arch);

	in->active = v ? xstrdup(v->version) : snapshot_remnant(snap, s->module, s->kernel, s->arch);
	in->is_remnant = !v && in->active;
	in->again = (s->flags & STEP_AGAIN) || (in->is_remnant && str_eq(in->active, s->version));
}

/* 0: go on, 1: already installed. */
static int check_state(struct installing *in, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	struct step *s = in->s;
	const struct snap_version *v;
	const struct snap_build *b;
	int r = engine_look(in->e, s->module, &snap, f);

	if (r < 0)
		return r;
	v = snapshot_version(&snap, s->module, s->version);
	b = snapshot_build(&snap, s->module, s->version, s->kernel, s->arch);
	if (v && v->state == VERSION_BROKEN)
		return fail_set(f, -E_BROKEN, "%s/%s is broken: its source is missing", s->module,
				s->version);
	if (!b || !b->built)
		return fail_set(f, -E_MODULE_MISSING, "%s/%s is not built for kernel %s (%s)", s->module,
				s->version, s->kernel, s->arch);
	find_active(in, &snap);
	if (b->installed && !(s->flags & STEP_FORCED) && !in->again)
		return 1;
	if (!path_is_dir(in->kernel_dir)) {
		fail_set(f, -E_NO_KERNEL, "there is no kernel %s: '%s' does not exist", s->kernel,
			 in->kernel_dir);
		fail_hint(f, "ls %s shows the kernels that are installed", in->e->setup->install_tree);
		return f->code;
	}
	return 0;
}

static int judge_exclusion(struct installing *in, struct fail *f)
{
	struct kernel *k = engine_kernel(in->e, in->s->kernel, in->s->arch);
	const struct conf_target t = { in->s->module, in->s->version, in->s->kernel, in->s->arch };

	conf_judge_exclusive(&in->conf, &t, kernel_has_config(k) ? kernel_config(k) : NULL,
			     &in->exclusion);
	if (in->exclusion.all && !(in->s->flags & STEP_FORCED))
		return fail_set(f, -E_EXCLUDED, "%s/%s is not for kernel %s (%s): %s", in->s->module,
				in->s->version, in->s->kernel, in->s->arch,
				in->exclusion.why ? in->exclusion.why : "BUILD_EXCLUSIVE");
	return 0;
}

/* Which files go where. */
static int list_files(struct installing *in, struct fail *f)
{
	struct layout l = engine_layout(in->e, in->s);
	CLEAN(free) char *dir = layout_built_files(&l);

	in->files = xcalloc(in->conf.n_modules, sizeof(*in->files));
	for (size_t i = 0; i < in->conf.n_modules; i++) {
		const struct conf_module *m = &in->conf.modules[i];
		CLEAN(free) char *place = NULL, *dest = NULL;
		CLEAN(strv) struct strv built = { 0 };
		struct placing *p;
		int r;

		if (in->exclusion.modules && in->exclusion.modules[i])
			continue;
		r = module_files_in(dir, m->dest_name, &built);
		if (r < 0)
			return fail_errno(f, r, "cannot look for the built module '%s' in '%s'", m->dest_name, dir);
		if (built.n == 0) {
			fail_set(f, -E_MODULE_MISSING, "the built module '%s/%s.ko' is missing", dir,
				 m->dest_name);
			fail_hint(f, "build it again: dkms build --force %s/%s -k %s", in->s->module,
				  in->s->version, in->s->kernel);
			return f->code;
		}
		place = conf_dest(m, in->e->setup->distro->dest);
		p = &in->files[in->n++];
		p->name = m->dest_name;
		p->built = xstrdup(built.items[0]);
		dest = path_join(in->kernel_dir, place, path_base(p->built));
		p->dest = path_squeeze(dest);
	}
	return 0;
}

/* Where originals are kept until the commit. */
static char *originals_staged(const struct installing *in)
{
	struct layout l = engine_layout(in->e, in->s);
	CLEAN(free) char *module = layout_module(&l);
	CLEAN(free) char *name = xasprintf(".new-%s-%s", in->s->kernel, in->s->arch);

	return path_join(module, name);
}

/* Nothing that is there: what was made for it, and directories that are empty. */
static void fill_undo(const struct installing *in, struct commit *c)
{
	struct layout l = engine_layout(in->e, in->s);
	CLEAN(free) char *originals = originals_staged(in), *module = layout_module(&l);
	CLEAN(free) char *saved = layout_originals(&l), *collisions = path_join(saved, "collisions");

	for (size_t i = 0; i < in->n; i++) {
		CLEAN(free) char *staged = module_file_staged(in->files[i].dest);
		CLEAN(free) char *dir = path_dir(in->files[i].dest);

		commit_unlink(c, staged);
		commit_prune(c, dir, in->kernel_dir);
	}
	originals_undo(&in->old.originals, in->kernel_dir, c);
	commit_remove_tree(c, originals);
	/* the first rename may fail when its directory has been made */
	commit_prune(c, collisions, module);
	commit_prune(c, saved, module);
}

static int save_originals(const struct installing *in, const struct placing *p, const char *dir,
			  struct fail *f)
{
	CLEAN(free) char *collisions = path_join(dir, "collisions");
	int r = p->original ? engine_save_original(in->e, in->s, p->original, dir, f) : 0;

	for (size_t i = 0; i < p->in_the_way.n && r == 0; i++)
		r = engine_save_original(in->e, in->s, p->in_the_way.items[i], collisions, f);
	return r;
}

/* Over the same version: what works is not given up before depmod has seen what comes. */
static bool has_to_keep(const struct installing *in)
{
	return str_eq(in->active, in->s->version) && !in->again && !in->e->setup->no_depmod;
}

static int keep_files(struct installing *in, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; i < in->n && r == 0; i++)
		if (!in->files[i].skip)
			r = kept_list(in->s, in->files[i].dest, in->files[i].name, f);
	return r == 0 ? kept_make(in->e, in->s, f) : r;
}

/* All that may run out of space or rights, with nothing visible changed yet. */
static int stage_files(struct installing *in, struct fail *f)
{
	CLEAN(free) char *originals = originals_staged(in);
	CLEAN(commit) struct commit undo = { 0 };
	int r;

	fill_undo(in, &undo);
	r = journal_intend(in->e->setup->dkms_tree, "", &undo, f);
	for (size_t i = 0; i < in->n && r == 0; i++) {
		const struct placing *p = &in->files[i];

		if (p->skip)
			continue;
		r = in->e->setup->symlink_modules ? module_file_stage_link(p->built, p->dest, f)
						  : module_file_stage(p->built, p->dest, f);
		if (r == 0)
			r = save_originals(in, p, originals, f);
	}
	if (r == 0)
		r = originals_stage(in->e, in->s, &in->old.originals, f);
	if (r == 0 && has_to_keep(in))
		r = keep_files(in, f);
	if (r < 0)
		journal_abandon(in->e->setup->dkms_tree, "");
	return r;
}

/* The same module with another suffix at the same place would shadow ours, or be shadowed. */
static int drop_other_suffixes(const struct placing *p, struct commit *c, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(p->dest);
	CLEAN(strv) struct strv files = { 0 };

	int r = module_files_in(dir, p->name, &files);

	if (r < 0)
		return fail_errno(f, r, "cannot look for '%s' in '%s'", p->name, dir);
	for (size_t i = 0; i < files.n; i++)
		if (!str_eq(files.items[i], p->dest))
			commit_unlink_this(c, files.items[i]);
	return 0;
}

static void keep_one(const char *original, const char *staged_dir, const char *dir, struct commit *c)
{
	CLEAN(free) char *staged = path_join(staged_dir, path_base(original));
	CLEAN(free) char *saved = path_join(dir, path_base(original));
	CLEAN(free) char *staged_origin = xasprintf("%s.origin", staged);
	CLEAN(free) char *origin = xasprintf("%s.origin", saved);

	commit_rename(c, staged_origin, origin);
	commit_rename(c, staged, saved);
}

static void keep_originals(const struct installing *in, const struct placing *p, struct commit *c)
{
	struct layout l = engine_layout(in->e, in->s);
	CLEAN(free) char *staged = originals_staged(in), *dir = layout_originals(&l);
	CLEAN(free) char *staged_collisions = path_join(staged, "collisions");
	CLEAN(free) char *collisions = path_join(dir, "collisions");

	if (p->original)
		keep_one(p->original, staged, dir, c);
	for (size_t i = 0; i < p->in_the_way.n; i++)
		keep_one(p->in_the_way.items[i], staged_collisions, collisions, c);
}

/* Originals to safety, files over their destinations, the link, then what is left of others. */
static int fill_commit(struct installing *in, struct commit *c, struct fail *f)
{
	struct layout l = engine_layout(in->e, in->s);
	CLEAN(free) char *link = layout_link(&l), *target = layout_link_target(&l);
	CLEAN(free) char *originals = originals_staged(in);
	CLEAN(strv) struct strv placed = { 0 };
	int r = 0;

	for (size_t i = 0; i < in->n; i++)
		keep_originals(in, &in->files[i], c);
	for (size_t i = 0; i < in->n; i++) {
		CLEAN(free) char *staged = module_file_staged(in->files[i].dest);

		strv_add(&placed, in->files[i].skip ? in->files[i].stays : in->files[i].dest);
		if (!in->files[i].skip)
			commit_rename(c, staged, in->files[i].dest);
	}
	commit_symlink(c, target, link);
	for (size_t i = 0; i < in->n && r == 0; i++) {
		const struct placing *p = &in->files[i];

		if (p->original && !str_eq(p->original, p->dest))
			commit_unlink_this(c, p->original);
		if (!p->skip)
			r = drop_other_suffixes(p, c, f);
	}
	commit_remove_tree(c, originals);
	if (r == 0 && install_is_other(in))
		r = take_out_left_behind(in->e, in->s, in->active, &in->old, &placed, c, f);
	return r;
}

static int commit_files(struct installing *in, struct fail *f)
{
	CLEAN(commit) struct commit c = { 0 };
	int r = fill_commit(in, &c, f);

	if (r == 0)
		r = engine_need_index(in->e, in->s, f);
	if (r < 0) {
		journal_abandon(in->e->setup->dkms_tree, "");
		return r;
	}
	r = journal_commit(in->e->setup->dkms_tree, "", &c, f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < in->n; i++)
		if (in->files[i].original)
			engine_note(in->e, in->s, "original module %s saved", in->files[i].original);
	originals_tell(in->e, in->s, &in->old.originals);
	return 0;
}

/* What was found in the way is what is replaced: nobody else comes between. */
static int place_files(struct installing *in, struct fail *f)
{
	CLEAN(kernel_lock) struct kernel_lock held = { .fd = -1 };
	int r = engine_hold_kernel(in->e, in->s, false, &held, f);

	if (r == 0)
		r = install_look_at_active(in, f);
	if (r == 0)
		r = install_judge(in, f);
	if (r == 0)
		r = stage_files(in, f);
	if (r == 0)
		r = commit_files(in, f);
	if (r < 0)
		kept_drop(in->e, in->s);
	return r;
}

static int run_pre_install(struct installing *in, struct fail *f)
{
	int r = engine_script(in->e, in->s, &in->conf, "pre_install", in->conf.pre_install, f);

	if (r >= 0 || r == -ECANCELED)
		return r;
	if ((in->s->flags & STEP_FORCED) || in->e->setup->rpm_safe_upgrade || install_is_listed(in, "")) {
		engine_warn(in->e, in->s, f->text, f->hint);
		fail_done(f);
		return 0;
	}
	fail_wrap(f, "PRE_INSTALL of %s/%s", in->s->module, in->s->version);
	fail_hint(f, "--force installs all the same");
	return f->code = -E_PRE_INSTALL_FAILED;
}

static void tell_weak_modules(struct installing *in)
{
	CLEAN(strv) struct strv paths = { 0 };
	CLEAN(fail) struct fail why = { 0 };

	if (in->conf.no_weak_modules)
		return;
	for (size_t i = 0; i < in->n; i++)
		if (!in->files[i].skip)
			strv_add(&paths, in->files[i].dest);
	if (weak_modules_tell(in->e->setup->distro, true, in->s->kernel, &paths,
			      in->e->setup->environment, &why) < 0)
		engine_warn(in->e, in->s, why.text, why.hint);
}

static void run_post_install(struct installing *in)
{
	CLEAN(fail) struct fail why = { 0 };

	if (engine_script(in->e, in->s, &in->conf, "post_install", in->conf.post_install, &why) < 0)
		engine_warn(in->e, in->s, why.text, why.hint);
}

/* --force over the same version: to its scripts that is an uninstall first; its files are replaced where they are. */
static void tell_removal(struct installing *in)
{
	CLEAN(fail) struct fail why = { 0 };

	if (!str_eq(in->active, in->s->version) || in->again)
		return;
	if (engine_script(in->e, in->s, &in->conf, "post_remove", in->conf.post_remove, &why) < 0)
		engine_warn(in->e, in->s, why.text, why.hint);
}

/* Squeezed, as paths below it are compared. */
static char *kernel_dir_of(const struct engine *e, const struct step *s)
{
	CLEAN(free) char *dir = path_join(e->setup->install_tree, s->kernel);

	return path_squeeze(dir);
}

int step_install(struct engine *e, struct step *s, struct fail *f)
{
	CLEAN(installing) struct installing in = { .e = e, .s = s };
	int r;

	in.kernel_dir = kernel_dir_of(e, s);
	r = check_state(&in, f);
	if (r != 0)
		return r;
	r = engine_traced_conf(e, s, &in.trace, &in.conf, f);
	if (r == 0)
		r = judge_exclusion(&in, f);
	if (r == 0)
		r = list_files(&in, f);
	if (r < 0)
		return r;
	tell_removal(&in);
	r = run_pre_install(&in, f);
	if (r == 0)
		r = place_files(&in, f);
	if (r < 0)
		return r;
	if (in.active && !in.is_remnant && !str_eq(in.active, s->version))
		s->replaced = TAKE_PTR(in.active);
	tell_weak_modules(&in);
	run_post_install(&in);
	manifests_keep(e, s, &in.conf, &in.exclusion, &in.trace);
	return 0;
}
