/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

#include "base/mem.h"

static struct snap_module *module_named(struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_modules; i++)
		if (str_eq(s->modules[i].name, name))
			return &s->modules[i];
	s->modules = xreallocarray(s->modules, s->n_modules + 1, sizeof(*s->modules));
	s->modules[s->n_modules] = (struct snap_module){ .name = xstrdup(name) };
	return &s->modules[s->n_modules++];
}

static struct snap_version *version_named(struct snap_module *m, const char *version)
{
	for (size_t i = 0; i < m->n_versions; i++)
		if (str_eq(m->versions[i].version, version))
			return &m->versions[i];
	m->versions = xreallocarray(m->versions, m->n_versions + 1, sizeof(*m->versions));
	m->versions[m->n_versions] = (struct snap_version){ .version = xstrdup(version) };
	return &m->versions[m->n_versions++];
}

static void read_line(const char *line, struct snapshot *s)
{
	CLEAN(strv) struct strv words = { 0 }, name = { 0 };
	struct snap_version *v;
	char *mark;

	strv_split(&words, line, " ");
	strv_split(&name, words.items[0], "/");
	mark = strpbrk(name.items[1], "!?");
	v = version_named(module_named(s, name.items[0]),
			  (mark ? strndupa(name.items[1], (size_t)(mark - name.items[1])) : name.items[1]));
	if (mark)
		v->state = *mark == '!' ? VERSION_BROKEN : VERSION_STRAY;
	if (words.n > 1) {
		size_t n = strlen(words.items[1]);
		bool installed = words.items[1][n - 1] == '*', unfit = words.items[1][n - 1] == '~';

		v->builds = xreallocarray(v->builds, v->n_builds + 1, sizeof(*v->builds));
		v->builds[v->n_builds++] = (struct snap_build){
			.kernel = xstrndup(words.items[1], installed || unfit ? n - 1 : n),
			.arch = xstrdup("x86_64"),
			.built = true,
			.installed = installed,
			.unfit = unfit,
		};
	}
}

void world_read(const char *text, struct snapshot *ret)
{
	CLEAN(strv) struct strv lines = { 0 };

	*ret = (struct snapshot){ 0 };
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++)
		read_line(lines.items[i], ret);
}

size_t world_targets(const char *kernels, struct target **ret)
{
	CLEAN(strv) struct strv words = { 0 };

	strv_split(&words, kernels, " ");
	*ret = xcalloc(words.n, sizeof(**ret));
	for (size_t i = 0; i < words.n; i++) {
		const char *kernel = words.items[i], *slash = strchr(kernel, '/');

		(*ret)[i] = (struct target){ xstrndup(kernel, strcspn(kernel, "/")),
					     xstrdup(slash ? slash + 1 : "x86_64") };
	}
	return words.n;
}

void world_targets_done(struct target *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(t[i].kernel);
		free(t[i].arch);
	}
	free(t);
}
