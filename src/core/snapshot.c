/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/snapshot.h"

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
