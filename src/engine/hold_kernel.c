/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/hold_kernel.h"

#include "base/mem.h"
#include "base/path.h"
#include "sys/run.h"

struct held {
	const struct engine *e;
	const struct step *s;
};

static void tell_of_wait(void *ctx)
{
	const struct held *h = ctx;

	engine_note(h->e, h->s, "waiting for another dkms that changes the modules of kernel %s", h->s->kernel);
}

static void tell_of_no_locks(struct engine *e, const struct step *s, const char *dir, int err)
{
	CLEAN(free) char *text = xasprintf("'%s' has no locks (%s): it is not seen whether another dkms changes it now",
					   dir, strerror(err));

	if (strv_has(&e->told, text))
		return;
	engine_warn(e, s, text, NULL);
	strv_take(&e->told, TAKE_PTR(text));
}

int engine_hold_kernel(struct engine *e, const struct step *s, bool has_to, struct kernel_lock *ret, struct fail *f)
{
	CLEAN(free) char *dir = path_join(e->setup->install_tree, s->kernel);
	struct held h = { e, s };
	/* what begins though a signal asked for the end has to be done */
	int r = kernel_lock_take(ret, dir, has_to || run_pending_signal(), tell_of_wait, &h, f);

	if (r == 0 && ret->no_locks)
		tell_of_no_locks(e, s, dir, ret->no_locks);
	return r;
}
