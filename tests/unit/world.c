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

static void add_link(struct snap_module *m, const char *version, const char *kernel, const char *prefix)
{
	m->links = xreallocarray(m->links, m->n_links + 1, sizeof(*m->links));
	m->links[m->n_links++] = (struct snap_link){
		.name = xasprintf("kernel-%s-x86_64", kernel),
		.target = xasprintf("%s%s/%s/x86_64", prefix, version, kernel),
	};
}

static void read_build(const char *word, struct snap_module *m, struct snap_version *v)
{
	size_t n = strlen(word);
	char mark = strchr("*~-+", word[n - 1]) ? word[n - 1] : '\0';
	const char *kernel = strndupa(word, mark ? n - 1 : n);

	if (mark == '-' || mark == '+')
		add_link(m, v->version, kernel, mark == '+' ? SNAP_GONE "/" : "");
	if (mark == '-')
		return;
	v->builds = xreallocarray(v->builds, v->n_builds + 1, sizeof(*v->builds));
	v->builds[v->n_builds++] = (struct snap_build){
		.kernel = xstrdup(kernel),
		.arch = xstrdup("x86_64"),
		.built = true,
		.installed = mark == '*',
		.unfit = mark == '~',
	};
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
	if (words.n > 1)
		read_build(words.items[1], module_named(s, name.items[0]), v);
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
