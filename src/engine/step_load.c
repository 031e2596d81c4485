/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/mem.h"
#include "core/outcome.h"
#include "engine/internal.h"
#include "engine/remnant.h"
#include "sys/loaded.h"

static int mark(void *ctx, const char *stage, struct fail *f)
{
	int r = loaded_mark(stage);

	return r < 0 ? fail_errno(f, r, "cannot write to '%s'", stage) : 0;
}

int step_load(struct engine *e, struct step *s, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	const struct snap_version *v;
	const struct snap_build *b;
	int r = engine_look(e, s->module, &snap, f);

	if (r < 0)
		return r;
	if (s->flags & STEP_LOADED)
		return 0;
	v = snapshot_version(&snap, s->module, s->version);
	/* the add before this was refused, and has told why */
	if (!v || v->state != VERSION_ADDED)
		return -ECANCELED;
	b = snapshot_build(&snap, s->module, s->version, s->kernel, s->arch);
	if (b && b->built && !(s->flags & STEP_FORCED)) {
		CLEAN(free) char *text = xasprintf("%s/%s is built for kernel %s (%s) already: kept, not "
						   "replaced by the archive's", s->module, s->version,
						   s->kernel, s->arch);

		engine_warn(e, s, text, "with --force it is replaced");
		return 1;
	}
	engine_phase(e, s, "loading the built modules");
	r = remnant_mark(e, s, f);
	return r < 0 ? r : engine_replace_built(e, s, s->from, mark, NULL, f);
}
