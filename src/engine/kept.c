/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/kept.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/hold_kernel.h"
#include "sys/install_tree.h"
#include "sys/journal.h"

static char *record_name(const struct engine *e, const struct step *s)
{
	return xasprintf("kept-%zu", (size_t)(s - e->plan->steps));
}

static int intend_to_drop(struct engine *e, const struct step *s, struct fail *f)
{
	CLEAN(free) char *name = record_name(e, s);
	CLEAN(commit) struct commit c = { 0 };

	for (size_t i = 0; i < s->kept.n; i++) {
		CLEAN(free) char *kept = module_file_kept(s->kept.items[i]);

		commit_unlink(&c, kept);
	}
	return journal_intend(e->setup->dkms_tree, name, &c, f);
}

/* Else it is the file system, or a policy, that has no hard links. */
static bool is_of_the_disk(int err)
{
	static const int disk[] = { ENOSPC, EDQUOT, EIO, EROFS, ENOMEM };

	for (size_t i = 0; i < COUNT_OF(disk); i++)
		if (err == -disk[i])
			return true;
	return false;
}

/* 1: they cannot be kept. */
static int link_all(const struct strv *files, struct fail *f)
{
	for (size_t i = 0; i < files->n; i++) {
		int r = module_file_keep(files->items[i]);

		if (r < 0 && !is_of_the_disk(r))
			return 1;
		if (r < 0)
			return fail_errno(f, r, "cannot keep '%s' until depmod has run", files->items[i]);
	}
	return 0;
}

int kept_list(struct step *s, const char *dest, const char *name, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(dest);
	CLEAN(strv) struct strv there = { 0 };
	int r = module_files_in(dir, name, &there);

	if (r < 0)
		return fail_errno(f, r, "cannot look for '%s' in '%s'", name, dir);
	for (size_t i = 0; i < there.n; i++)
		strv_add(&s->kept, there.items[i]);
	if (!strv_has(&there, dest))
		strv_add(&s->came, dest);
	return 0;
}

int kept_make(struct engine *e, struct step *s, struct fail *f)
{
	int r = s->kept.n ? intend_to_drop(e, s, f) : 0;

	if (r == 0)
		r = link_all(&s->kept, f);
	if (r != 0)
		kept_drop(e, s);
	return r < 0 ? r : 0;
}

void kept_drop(struct engine *e, struct step *s)
{
	if (s->kept.n) {
		CLEAN(free) char *name = record_name(e, s);

		journal_abandon(e->setup->dkms_tree, name);
	}
	strv_done(&s->kept);
	strv_done(&s->came);
}

/* A script may have uninstalled it since. */
static bool is_installed(const struct engine *e, const struct step *s)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *link = layout_link(&l), *target = layout_link_target(&l), *now = NULL;

	return link_read(AT_FDCWD, link, &now) == 0 && str_eq(now, target);
}

bool kept_any(const struct engine *e, const struct step *s)
{
	return s->kept.n && is_installed(e, s);
}

int kept_restore(struct engine *e, struct step *s, struct fail *f)
{
	CLEAN(free) char *kernel_dir = path_join(e->setup->install_tree, s->kernel);
	CLEAN(kernel_lock) struct kernel_lock held = { .fd = -1 };
	CLEAN(commit) struct commit c = { 0 };
	int r = engine_hold_kernel(e, s, true, &held, f);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s->kept.n; i++) {
		CLEAN(free) char *kept = module_file_kept(s->kept.items[i]);

		commit_rename(&c, kept, s->kept.items[i]);
	}
	for (size_t i = 0; i < s->came.n; i++) {
		CLEAN(free) char *dir = path_dir(s->came.items[i]);

		commit_unlink_this(&c, s->came.items[i]);
		commit_prune(&c, dir, kernel_dir);
	}
	r = journal_commit(e->setup->dkms_tree, "", &c, f);
	/* cut short: the next dkms goes on with it, and only then with the record of what is to go */
	if (r < 0 && journal_is_left(e->setup->dkms_tree)) {
		strv_done(&s->kept);
		strv_done(&s->came);
	}
	return r;
}
