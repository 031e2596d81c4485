/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/snapshot.h"

#include "base/mem.h"
#include "core/version.h"

static void version_done(struct snap_version *v)
{
	for (size_t i = 0; i < v->n_builds; i++) {
		free(v->builds[i].kernel);
		free(v->builds[i].arch);
	}
	free(v->builds);
	free(v->version);
}

static void module_done(struct snap_module *m)
{
	for (size_t i = 0; i < m->n_versions; i++)
		version_done(&m->versions[i]);
	for (size_t i = 0; i < m->n_links; i++) {
		free(m->links[i].name);
		free(m->links[i].target);
	}
	free(m->versions);
	free(m->links);
	free(m->name);
}

void snapshot_done(struct snapshot *s)
{
	for (size_t i = 0; i < s->n_modules; i++)
		module_done(&s->modules[i]);
	free(s->modules);
	*s = (struct snapshot){ 0 };
}

const struct snap_module *snapshot_module(const struct snapshot *s, const char *module)
{
	for (size_t i = 0; i < s->n_modules; i++)
		if (str_eq(s->modules[i].name, module))
			return &s->modules[i];
	return NULL;
}

const struct snap_version *snapshot_version(const struct snapshot *s, const char *module,
					    const char *version)
{
	const struct snap_module *m = snapshot_module(s, module);

	for (size_t i = 0; m && i < m->n_versions; i++)
		if (str_eq(m->versions[i].version, version))
			return &m->versions[i];
	return NULL;
}

const struct snap_build *snapshot_build(const struct snapshot *s, const char *module,
					const char *version, const char *kernel, const char *arch)
{
	const struct snap_version *v = snapshot_version(s, module, version);

	for (size_t i = 0; v && i < v->n_builds; i++)
		if (str_eq(v->builds[i].kernel, kernel) && str_eq(v->builds[i].arch, arch))
			return &v->builds[i];
	return NULL;
}

const struct snap_version *snapshot_installed(const struct snapshot *s, const char *module,
					      const char *kernel, const char *arch)
{
	const struct snap_module *m = snapshot_module(s, module);

	for (size_t i = 0; m && i < m->n_versions; i++) {
		const struct snap_version *v = &m->versions[i];

		for (size_t k = 0; k < v->n_builds; k++)
			if (v->builds[k].installed && str_eq(v->builds[k].kernel, kernel) &&
			    str_eq(v->builds[k].arch, arch))
				return v;
	}
	return NULL;
}

/* "<v>/<k>/<a>", with or without SNAP_GONE before it. */
struct remnant {
	struct strv parts;
	const char *version, *kernel, *arch;
};

static void clean_remnant(struct remnant *r)
{
	strv_done(&r->parts);
}

static bool is_remnant(const struct snapshot *s, const struct snap_module *m, const struct snap_link *l,
		       struct remnant *ret)
{
	CLEAN(free) char *name = NULL;
	const struct snap_build *b;
	bool is_gone;
	size_t at;

	strv_split(&ret->parts, l->target, "/");
	is_gone = ret->parts.n == 4 && str_eq(ret->parts.items[0], SNAP_GONE);
	if (ret->parts.n != 3 && !is_gone)
		return false;
	at = ret->parts.n - 3;
	ret->version = ret->parts.items[at];
	ret->kernel = ret->parts.items[at + 1];
	ret->arch = ret->parts.items[at + 2];
	name = xasprintf("kernel-%s-%s", ret->kernel, ret->arch);
	if (!str_eq(name, l->name))
		return false;
	b = snapshot_build(s, m->name, ret->version, ret->kernel, ret->arch);
	return is_gone || !b || !b->built;
}

bool snapshot_concerns(const struct snapshot *s, const char *module, const char *version, const char *kernel,
		       const char *arch)
{
	return snapshot_build(s, module, version, kernel, arch) ||
	       snapshot_has_remnant(s, module, version, kernel, arch);
}

char *snapshot_remnant(const struct snapshot *s, const char *module, const char *kernel, const char *arch)
{
	const struct snap_module *m = snapshot_module(s, module);

	for (size_t i = 0; m && i < m->n_links; i++) {
		CLEAN(remnant) struct remnant r = { 0 };

		if (is_remnant(s, m, &m->links[i], &r) && str_eq(r.kernel, kernel) && str_eq(r.arch, arch))
			return xstrdup(r.version);
	}
	return NULL;
}

bool snapshot_has_remnant(const struct snapshot *s, const char *module, const char *version, const char *kernel,
			  const char *arch)
{
	CLEAN(free) char *found = snapshot_remnant(s, module, kernel, arch);

	return found && str_eq(found, version);
}

void snapshot_remnants(const struct snapshot *s, const char *module, const char *version, struct strv *ret_kernels,
		       struct strv *ret_arches)
{
	const struct snap_module *m = snapshot_module(s, module);

	for (size_t i = 0; m && i < m->n_links; i++) {
		CLEAN(remnant) struct remnant r = { 0 };

		if (!is_remnant(s, m, &m->links[i], &r) || !str_eq(r.version, version))
			continue;
		strv_add(ret_kernels, r.kernel);
		strv_add(ret_arches, r.arch);
	}
}

const struct snap_version *snapshot_newest(const struct snap_module *m)
{
	const struct snap_version *best = NULL;

	for (size_t i = 0; i < m->n_versions; i++) {
		const struct snap_version *v = &m->versions[i];

		if (v->state != VERSION_ADDED)
			continue;
		if (!best || version_compare(best->version, v->version) < 0)
			best = v;
	}
	return best;
}
