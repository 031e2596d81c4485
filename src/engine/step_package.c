/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/mem.h"
#include "base/path.h"
#include "core/conf_exclude.h"
#include "core/outcome.h"
#include "engine/internal.h"
#include "sys/install_tree.h"
#include "sys/package.h"

struct module_list {
	struct package_module *items;
	size_t n;
};

static void clean_module_list(struct module_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].from);
		free(l->items[i].to);
	}
	free(l->items);
}

/* Which files go where, as an install would put them. */
static int list_modules(struct engine *e, const struct step *s, const struct conf *c,
			struct module_list *ret, struct fail *f)
{
	struct kernel *k = engine_kernel(e, s->kernel, s->arch);
	const struct conf_target t = { s->module, s->version, s->kernel, s->arch };
	CLEAN(conf_exclusion) struct conf_exclusion x = { 0 };
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *dir = layout_built_files(&l);

	conf_judge_exclusive(c, &t, kernel_has_config(k) ? kernel_config(k) : NULL, &x);
	ret->items = xcalloc(c->n_modules + 1, sizeof(*ret->items));
	for (size_t i = 0; i < c->n_modules; i++) {
		CLEAN(strv) struct strv built = { 0 };
		CLEAN(free) char *place = conf_dest(&c->modules[i], e->setup->distro->dest);

		if (x.modules && x.modules[i])
			continue;
		module_files_in(dir, c->modules[i].dest_name, &built);
		if (built.n == 0)
			return fail_set(f, -E_MODULE_MISSING,
					"the built module '%s/%s.ko' is missing", dir,
					c->modules[i].dest_name);
		ret->items[ret->n].from = xstrdup(built.items[0]);
		ret->items[ret->n++].to = path_join(place, path_base(built.items[0]));
	}
	return 0;
}

int step_package(struct engine *e, struct step *s, struct fail *f)
{
	struct package_order *order = e->setup->order;
	struct target one = { s->kernel, s->arch };
	CLEAN(module_list) struct module_list modules = { 0 };
	CLEAN(conf) struct conf conf = { 0 };
	struct package_job job = {
		.kind = order->kind,
		.source_only = order->source_only,
		.binaries_only = order->binaries_only,
		.module = s->module,
		.version = s->version,
		.targets = s->kernel ? &one : order->targets,
		.n_targets = s->kernel ? 1 : order->n_targets,
		.conf = &conf,
		.etc_dir = e->setup->etc_dir,
		.dkms_tree = e->setup->dkms_tree,
		.tmp_location = e->setup->tmp_location,
		.environment = e->setup->environment,
	};
	size_t n = order->made.n;
	int r = engine_valid_conf(e, s, &conf, f);

	if (r == 0 && s->kernel)
		r = list_modules(e, s, &conf, &modules, f);
	if (r < 0)
		return r;
	job.modules = modules.items;
	job.n_modules = modules.n;
	engine_phase(e, s, "packing");
	r = package_make(&job, &order->made, f);
	for (size_t i = n; i < order->made.n; i++)
		engine_note(e, s, "%s/%s: package written to '%s'", s->module, s->version,
			    order->made.items[i]);
	return r;
}
