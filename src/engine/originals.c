/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/originals.h"

#include "base/mem.h"
#include "sys/install_tree.h"

static void tell_of_lost(const struct engine *e, const struct step *s, const char *path,
			 const char *how, const struct strv *lost)
{
	for (size_t i = 0; i < lost->n; i++) {
		CLEAN(free) char *text = xasprintf("the original module '%s' is %s without its %s", path,
						   how, lost->items[i]);

		engine_warn(e, s, text, NULL);
	}
}

int engine_save_original(const struct engine *e, const struct step *s, const char *path, const char *dir,
			 struct fail *f)
{
	CLEAN(strv) struct strv lost = { 0 };
	int r = original_save(path, dir, &lost, f);

	if (r == 0)
		tell_of_lost(e, s, path, "kept", &lost);
	return r;
}

int engine_stage_original(const struct engine *e, const struct step *s, const char *copy,
			  const char *home, struct fail *f)
{
	CLEAN(strv) struct strv lost = { 0 };
	int r = original_stage(copy, home, &lost, f);

	if (r == 0)
		tell_of_lost(e, s, home, "put back", &lost);
	return r;
}
