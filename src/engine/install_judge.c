/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "core/sanity.h"
#include "engine/installing.h"
#include "sys/install_tree.h"
#include "sys/manifest_file.h"
#include "sys/module_file.h"

bool install_is_other(const struct installing *in)
{
	return in->active && !str_eq(in->active, in->s->version);
}

bool install_is_listed(const struct installing *in, const char *what)
{
	CLEAN(free) char *name = xasprintf("%s%s", in->s->module, what);

	return in->e->setup->force_install && strv_has(in->e->setup->force_install, name);
}

static bool skips_comparison(const struct installing *in)
{
	return (in->s->flags & STEP_FORCED) || in->again || in->e->setup->force_version_override ||
	       in->e->setup->rpm_safe_upgrade || install_is_listed(in, "") ||
	       install_is_listed(in, "_version-override");
}

/* What goes as ours comes is no reason against ours; nor is a link, which leads to what may go any time. */
static bool is_left_behind(const struct installing *in, const struct placing *p, const char *path)
{
	return install_is_other(in) && strv_has(&in->old.files, path) && (!str_eq(path, p->dest) || path_is_link(path));
}

/* Is there one module of that name already, newer or the same? */
static int check_sanity(struct installing *in, struct placing *p, const struct strv *there)
{
	CLEAN(module_info) struct module_info a = { 0 }, b = { 0 };
	CLEAN(fail) struct fail why = { 0 };
	CLEAN(free) char *text = NULL;
	enum sanity verdict;

	if (there->n == 0 || skips_comparison(in))
		return 0;
	if (there->n > 1) {
		text = xasprintf("%zu modules are called %s below '%s'; their versions are not compared",
				 there->n, p->name, in->kernel_dir);
		engine_warn(in->e, in->s, text, NULL);
		return 0;
	}
	if (module_file_info(there->items[0], &a, &why) < 0 ||
	    module_file_info(p->built, &b, &why) < 0) {
		engine_warn(in->e, in->s, why.text, NULL);
		return 0;
	}
	verdict = sanity_judge(&a, &b, file_same(there->items[0], p->built) == 1);
	if (verdict == SANITY_FINE || is_left_behind(in, p, there->items[0]))
		return 0;
	p->skip = true;
	p->stays = xstrdup(there->items[0]);
	if (verdict == SANITY_NEWER_THERE)
		text = xasprintf("%s is not installed: '%s' has version %s, newer than %s", p->name,
				 there->items[0], a.version, b.version ? b.version : "none");
	else
		text = xasprintf("%s is not installed: '%s' is the same (version %s)", p->name,
				 there->items[0], a.version ? a.version : "none");
	engine_warn(in->e, in->s, text, "install it all the same with --force");
	return 0;
}

/* The module that ours replaces: the first of extra, updates, the place where ours goes, then anywhere. */
static const char *first_original(struct installing *in, const char *dest_dir, const struct strv *there)
{
	CLEAN(free) char *extra = path_join(in->kernel_dir, "extra");
	CLEAN(free) char *updates = path_join(in->kernel_dir, "updates");
	const char *const dirs[] = { extra, updates, dest_dir };

	for (size_t d = 0; d < COUNT_OF(dirs); d++)
		for (size_t i = 0; i < there->n; i++) {
			CLEAN(free) char *dir = path_dir(there->items[i]);

			if (str_eq(dir, dirs[d]))
				return there->items[i];
		}
	return there->n ? there->items[0] : NULL;
}

/* Further copies stay where they are, but for those at our own place. */
static void find_original(struct installing *in, struct placing *p, const struct strv *there)
{
	CLEAN(free) char *dest_dir = path_dir(p->dest);
	const char *first = first_original(in, dest_dir, there);

	p->original = xstrdup(first);
	for (size_t i = 0; i < there->n; i++) {
		CLEAN(free) char *dir = path_dir(there->items[i]);

		if (str_eq(dir, dest_dir) && !str_eq(there->items[i], first))
			strv_add(&p->in_the_way, there->items[i]);
	}
}

/* Is there a saved original of that module already? */
static bool has_saved(const struct installing *in, const struct placing *p)
{
	struct layout l = engine_layout(in->e, in->s);
	CLEAN(free) char *saved = layout_originals(&l);
	CLEAN(strv) struct strv files = { 0 };

	return module_files_in(saved, p->name, &files) < 0 || files.n > 0;
}

/* While a version is active its files are no originals. But what is at the place of ours is one if it is known to be no
 * file of the active version: that has no module of the name; or it says another version than what was built of that,
 * which has been installed since; and no other version has it. Not in a place that is dkms's alone. */
static void find_stranger(struct installing *in, struct placing *p, const struct strv *there)
{
	const struct layout l = { in->e->setup->dkms_tree, in->s->module, in->active, in->s->kernel, in->s->arch };
	CLEAN(free) char *dest_dir = path_dir(p->dest), *built = layout_built(&l);
	bool is_new = install_is_other(in) && in->old.names.n && !strv_has(&in->old.names, p->name);

	if (has_saved(in, p))
		return;
	/* back to what was before: then it was out of the way */
	if (is_new && in->again) {
		find_original(in, p, there);
		return;
	}
	if (str_eq(in->e->setup->distro->dest, "/updates/dkms") || (!is_new && manifest_placed(built, "") < 0))
		return;
	for (size_t i = 0; i < there->n; i++) {
		CLEAN(free) char *dir = path_dir(there->items[i]);

		if (!str_eq(dir, dest_dir) || take_out_knows(in->e, in->s, there->items[i], p->name))
			continue;
		if (p->original)
			strv_add(&p->in_the_way, there->items[i]);
		else
			p->original = xstrdup(there->items[i]);
	}
}

int install_look_at_active(struct installing *in, struct fail *f)
{
	CLEAN(strv) struct strv brought = { 0 };

	if (!in->active)
		return 0;
	for (size_t i = 0; i < in->n; i++)
		strv_add(&brought, in->files[i].name);
	return take_out_look(in->e, in->s, in->active, install_is_other(in) ? &brought : NULL, &in->old, f);
}

int install_judge(struct installing *in, struct fail *f)
{
	size_t skipped = 0;

	for (size_t i = 0; i < in->n; i++) {
		struct placing *p = &in->files[i];
		CLEAN(strv) struct strv there = { 0 };
		int r = module_files_below(in->kernel_dir, p->name, &there);

		if (r < 0)
			return fail_errno(f, r, "cannot search '%s'", in->kernel_dir);
		check_sanity(in, p, &there);
		if (!p->skip && !in->active)
			find_original(in, p, &there);
		else if (!p->skip)
			find_stranger(in, p, &there);
		skipped += p->skip;
	}
	if (in->n && skipped == in->n)
		return fail_set(f, -E_NOTHING_INSTALLED, "no module of %s/%s was installed for kernel %s",
				in->s->module, in->s->version, in->s->kernel);
	return 0;
}
