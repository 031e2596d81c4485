/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/manifests.h"

#include "base/mem.h"
#include "sys/manifest_file.h"

struct installed {
	size_t step;
	struct conf conf;
	struct conf_exclusion exclusion;
	struct conf_trace trace;
};

/* What goes back to an older version is none of the plan's steps; its manifest is as it was. */
static bool is_of_plan(const struct engine *e, const struct step *s)
{
	for (size_t i = 0; i < e->plan->n; i++)
		if (s == &e->plan->steps[i])
			return true;
	return false;
}

void manifests_keep(struct engine *e, const struct step *s, struct conf *conf,
		    struct conf_exclusion *exclusion, struct conf_trace *trace)
{
	if (!is_of_plan(e, s))
		return;
	e->installed = xreallocarray(e->installed, e->n_installed + 1, sizeof(*e->installed));
	e->installed[e->n_installed++] =
		(struct installed){ (size_t)(s - e->plan->steps), *conf, *exclusion, *trace };
	*conf = (struct conf){ 0 };
	*exclusion = (struct conf_exclusion){ 0 };
	*trace = (struct conf_trace){ 0 };
}

static void write_one(struct engine *e, const struct installed *in)
{
	const struct step *s = &e->plan->steps[in->step];
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *built = layout_built(&l), *record = manifest_read_record(built);
	const struct manifest_facts facts = {
		.built = built,
		.conf = &in->conf,
		.exclusion = &in->exclusion,
		.trace = &in->trace,
		.kernel = engine_kernel(e, s->kernel, s->arch),
		.distro_dest = e->setup->distro->dest,
		.is_installed = true,
		.record = record,
	};

	manifest_write(&facts);
}

void manifests_write(struct engine *e)
{
	for (size_t i = 0; i < e->n_installed; i++) {
		struct installed *in = &e->installed[i];

		if (e->plan->steps[in->step].state == STEP_DONE)
			write_one(e, in);
		conf_done(&in->conf);
		conf_exclusion_done(&in->exclusion);
		conf_trace_done(&in->trace);
	}
	free(e->installed);
	e->installed = NULL;
	e->n_installed = 0;
}
