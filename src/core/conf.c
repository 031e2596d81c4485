/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/conf.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/match.h"
#include "core/name.h"

/* ---- complaints ---- */

static void problems_done(struct conf_problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->items[i].text);
	free(p->items);
	*p = (struct conf_problems){ 0 };
}

__attribute__((format(printf, 3, 4))) static void complain(struct conf_problems *p, int record,
							   const char *fmt, ...)
{
	va_list ap;

	p->items = xreallocarray(p->items, p->n + 1, sizeof(*p->items));
	va_start(ap, fmt);
	p->items[p->n++] = (struct conf_problem){ record, xvasprintf(fmt, ap) };
	va_end(ap);
}

/* ---- reading values ---- */

/* An element that is set to something. */
static const char *element(const struct conf_values *v, enum conf_name name, size_t i)
{
	const char *s = conf_values_get(v, name, i);

	return str_is_empty(s) ? NULL : s;
}

static const char *scalar(const struct conf_values *v, enum conf_name name)
{
	return element(v, name, 0);
}

static bool read_yes(const struct conf_values *v, enum conf_name name, struct conf *c)
{
	const char *s = scalar(v, name);

	if (!s || strcasecmp(s, "no") == 0)
		return false;
	if (strcasecmp(s, "yes") != 0)
		complain(&c->errors, -1, "%s is '%s', neither yes nor no", v->names->items[name],
			 s);
	return strcasecmp(s, "yes") == 0;
}

/* ---- names, regular expressions ---- */

/* MAKE_MATCH and PATCH_MATCH: what is no regular expression matches nothing, and is told. */
static bool matches_kernel(const struct conf_values *v, enum conf_name name, size_t i,
			   const char *kernel, struct conf *c)
{
	const char *regex = element(v, name, i);
	enum match m = match_search(regex, kernel ? kernel : "");

	if (m == MATCH_INVALID)
		complain(&c->warnings, (int)i, "%s '%s' is no regular expression",
			 v->names->items[name], regex);
	return m == MATCH_YES;
}

static bool is_object_name(const char *s)
{
	return str_has_suffix(s, ".o") || str_has_suffix(s, ".ko");
}

static void read_package(const struct conf_values *v, const struct conf_target *t, struct conf *c)
{
	c->package_name = xstrdup(scalar(v, CONF_PACKAGE_NAME));
	c->package_version = xstrdup(scalar(v, CONF_PACKAGE_VERSION));
	c->module = xstrdup(t->module ? t->module : c->package_name);
	c->version = xstrdup(t->version ? t->version : c->package_version);
	if (!c->package_name)
		complain(&c->errors, -1, "PACKAGE_NAME is not set");
	else if (!t->module && !name_is_valid(c->package_name))
		complain(&c->errors, -1, "PACKAGE_NAME '%s' cannot be the name of a directory",
			 c->package_name);
	if (!c->package_version)
		complain(&c->errors, -1, "PACKAGE_VERSION is not set");
	else if (!t->version && !name_is_valid(c->package_version))
		complain(&c->errors, -1, "PACKAGE_VERSION '%s' cannot be the name of a directory",
			 c->package_version);
}

static void read_store(const struct conf_values *v, struct conf *c)
{
	const char *store = scalar(v, CONF_BUILD_STORE);

	if (!store)
		return;
	if (strcasecmp(store, "yes") == 0)
		c->build_store = xstrdup("yes");
	else
		c->build_store = xstrdup("");
	if (!*c->build_store && strcasecmp(store, "no") != 0)
		complain(&c->warnings, -1, "BUILD_STORE is '%s', not yes or no", store);
}

static void read_launcher(const struct conf_values *v, struct conf *c)
{
	const char *launcher = scalar(v, CONF_BUILD_LAUNCHER);

	c->no_launcher = launcher && strcasecmp(launcher, "no") == 0;
	if (launcher && !c->no_launcher && strcasecmp(launcher, "yes") != 0)
		complain(&c->warnings, -1, "BUILD_LAUNCHER is '%s', not yes or no", launcher);
}

static void read_scripts(const struct conf_values *v, struct conf *c)
{
	const char *sandbox = scalar(v, CONF_BUILD_SANDBOX);

	c->post_add = xstrdup(scalar(v, CONF_POST_ADD));
	c->pre_build = xstrdup(scalar(v, CONF_PRE_BUILD));
	c->post_build = xstrdup(scalar(v, CONF_POST_BUILD));
	c->pre_install = xstrdup(scalar(v, CONF_PRE_INSTALL));
	c->post_install = xstrdup(scalar(v, CONF_POST_INSTALL));
	c->post_remove = xstrdup(scalar(v, CONF_POST_REMOVE));
	read_store(v, c);
	read_launcher(v, c);
	if (sandbox && !str_eq(sandbox, "auto") && !str_eq(sandbox, "strict") &&
	    !str_eq(sandbox, "off"))
		complain(&c->warnings, -1, "BUILD_SANDBOX is '%s', not auto, strict or off",
			 sandbox);
	else
		c->build_sandbox = xstrdup(sandbox);
}

/* ---- modules ---- */

static const enum conf_name module_arrays[] = {
	CONF_BUILT_MODULE_NAME,
	CONF_BUILT_MODULE_LOCATION,
	CONF_DEST_MODULE_NAME,
	CONF_DEST_MODULE_LOCATION,
};

static size_t count_modules(const struct conf_values *v)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(module_arrays); i++)
		if (v->values[module_arrays[i]].n > n)
			n = v->values[module_arrays[i]].n;
	return n;
}

static bool is_hole(const struct conf_values *v, size_t i)
{
	for (size_t k = 0; k < COUNT_OF(module_arrays); k++)
		if (conf_values_get(v, module_arrays[k], i))
			return false;
	return true;
}

static void read_built(const struct conf_values *v, size_t i, struct conf *c)
{
	struct conf_module *m = &c->modules[i];
	const char *name = element(v, CONF_BUILT_MODULE_NAME, i);
	const char *dir = element(v, CONF_BUILT_MODULE_LOCATION, i);

	if (!name && c->n_modules == 1)
		name = c->package_name;
	else if (!name)
		complain(&c->errors, (int)i, "BUILT_MODULE_NAME is not set");
	if (name && is_object_name(name))
		complain(&c->errors, (int)i, "BUILT_MODULE_NAME '%s' must be without its suffix",
			 name);
	m->built_name = xstrdup(name ? name : "");
	m->built_location =
		dir ? xasprintf("%s%s", dir, str_has_suffix(dir, "/") ? "" : "/") : xstrdup("");
}

static void read_dest_name(const struct conf_values *v, size_t i, struct conf *c)
{
	struct conf_module *m = &c->modules[i];
	const char *name = element(v, CONF_DEST_MODULE_NAME, i);

	m->dest_name = xstrdup(name ? name : m->built_name);
	if (name && is_object_name(name))
		complain(&c->errors, (int)i, "DEST_MODULE_NAME '%s' must be without its suffix",
			 name);
	if (*m->dest_name && !name_is_valid(m->dest_name))
		complain(&c->errors, (int)i, "DEST_MODULE_NAME '%s' cannot be the name of a file",
			 m->dest_name);
}

static void read_dest_location(const struct conf_values *v, size_t i, const char *distro_dest,
			       struct conf *c)
{
	const char *dir = element(v, CONF_DEST_MODULE_LOCATION, i);

	c->modules[i].dest_location = xstrdup(dir);
	if (!dir) {
		complain(distro_dest ? &c->warnings : &c->errors, (int)i,
			 "DEST_MODULE_LOCATION is not set");
		return;
	}
	if (!str_has_prefix(dir, "/kernel") && !str_has_prefix(dir, "/updates") &&
	    !str_has_prefix(dir, "/extra"))
		complain(
			&c->errors, (int)i,
			"DEST_MODULE_LOCATION '%s' does not begin with /kernel, /updates or /extra",
			dir);
	if (!distro_dest && path_has_dotdot(dir))
		complain(&c->errors, (int)i, "DEST_MODULE_LOCATION '%s' has a '..' in it", dir);
}

static bool read_strip(const struct conf_values *v, size_t i)
{
	const char *s = element(v, CONF_STRIP, i);

	if (!s)
		s = element(v, CONF_STRIP, 0);
	return !s || (*s != 'n' && *s != 'N');
}

/* Reports the hole that begins at record i, however long; returns the record behind it. */
static size_t report_hole(const struct conf_values *v, size_t i, struct conf *c)
{
	size_t end = i + 1;

	while (end < c->n_modules && is_hole(v, end))
		end++;
	if (end == i + 1)
		complain(&c->errors, (int)i, "nothing is set for a module between others");
	else
		complain(&c->errors, (int)i,
			 "nothing is set for modules up to record #%zu between others", end - 1);
	return end;
}

static void read_modules(const struct conf_values *v, const char *distro_dest, struct conf *c)
{
	size_t reported = 0;

	c->n_modules = count_modules(v);
	c->modules = xcalloc(c->n_modules, sizeof(*c->modules));
	if (c->n_modules == 0)
		complain(&c->warnings, -1, "it names no modules");
	for (size_t i = 0; i < c->n_modules; i++) {
		struct conf_module *m = &c->modules[i];

		m->strip = read_strip(v, i);
		if (is_hole(v, i)) {
			if (i >= reported)
				reported = report_hole(v, i, c);
			m->built_name = xstrdup("");
			m->built_location = xstrdup("");
			m->dest_name = xstrdup("");
			continue;
		}
		read_built(v, i, c);
		read_dest_name(v, i, c);
		read_dest_location(v, i, distro_dest, c);
	}
}

/* ---- duplicates ---- */

struct named {
	char *name;
	size_t record;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c)
		return c;
	return x->record < y->record ? -1 : x->record > y->record;
}

static void find_same(struct conf *c, const char *what,
		      char *(*name_of)(const struct conf_module *))
{
	struct named *all = xcalloc(c->n_modules, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < c->n_modules; i++)
		if (*c->modules[i].built_name)
			all[n++] = (struct named){ name_of(&c->modules[i]), i };
	qsort(all, n, sizeof(*all), compare_named);
	for (size_t i = 1; i < n; i++)
		if (str_eq(all[i].name, all[i - 1].name))
			complain(&c->duplicates, (int)all[i].record,
				 "%s '%s' is that of record #%zu too", what, all[i].name,
				 all[i - 1].record);
	for (size_t i = 0; i < n; i++)
		free(all[i].name);
	free(all);
}

static char *built_path(const struct conf_module *m)
{
	CLEAN(free) char *path = xasprintf("%s%s", m->built_location, m->built_name);

	return path_squeeze(path);
}

static char *dest_name(const struct conf_module *m)
{
	return xstrdup(m->dest_name);
}

/* ---- make, patches ---- */

static void read_make(const struct conf_values *v, const char *kernel, struct conf *c)
{
	const char *make = NULL;
	size_t n = v->values[CONF_MAKE].n;

	if (!element(v, CONF_MAKE_MATCH, 0))
		make = element(v, CONF_MAKE, 0);
	for (size_t i = 0; i < n; i++)
		if (element(v, CONF_MAKE, i) && element(v, CONF_MAKE_MATCH, i) &&
		    matches_kernel(v, CONF_MAKE_MATCH, i, kernel, c))
			make = element(v, CONF_MAKE, i);
	c->make = xstrdup(make);
}

static void read_patches(const struct conf_values *v, const char *kernel, struct conf *c)
{
	size_t n = v->values[CONF_PATCH].n, lower = v->values[CONF_patch_array].n;

	for (size_t i = 0; i < n || i < lower; i++) {
		const char *name = element(v, CONF_PATCH, i);

		if (name && element(v, CONF_PATCH_MATCH, i) &&
		    !matches_kernel(v, CONF_PATCH_MATCH, i, kernel, c))
			name = NULL;
		if (!name)
			name = element(v, CONF_patch_array, i);
		if (!name)
			continue;
		c->patches = xreallocarray(c->patches, c->n_patches + 1, sizeof(*c->patches));
		c->patches[c->n_patches++].name = xstrdup(name);
	}
}

/* ---- what it needs, what it refuses ---- */

static void read_exclusives(const struct conf_values *v, struct conf *c)
{
	static const enum conf_name names[] = {
		CONF_BUILD_EXCLUSIVE_KERNEL,	 CONF_BUILD_EXCLUSIVE_KERNEL_MIN,
		CONF_BUILD_EXCLUSIVE_KERNEL_MAX, CONF_BUILD_EXCLUSIVE_ARCH,
		CONF_BUILD_EXCLUSIVE_CONFIG,
	};
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (v->values[names[i]].n > n)
			n = v->values[names[i]].n;
	c->exclusives = xcalloc(n, sizeof(*c->exclusives));
	c->n_exclusives = n;
	for (size_t i = 0; i < n; i++)
		c->exclusives[i] = (struct conf_exclusive){
			.kernel = xstrdup(element(v, CONF_BUILD_EXCLUSIVE_KERNEL, i)),
			.kernel_min = xstrdup(element(v, CONF_BUILD_EXCLUSIVE_KERNEL_MIN, i)),
			.kernel_max = xstrdup(element(v, CONF_BUILD_EXCLUSIVE_KERNEL_MAX, i)),
			.arch = xstrdup(element(v, CONF_BUILD_EXCLUSIVE_ARCH, i)),
			.config = xstrdup(element(v, CONF_BUILD_EXCLUSIVE_CONFIG, i)),
		};
	c->obsolete_by = xstrdup(scalar(v, CONF_OBSOLETE_BY));
	c->build_exclude = scalar(v, CONF_build_exclude) != NULL;
}

static void read_depends(const struct conf_values *v, struct conf *c)
{
	for (size_t i = 0; i < v->values[CONF_BUILD_DEPENDS].n; i++) {
		const char *s = element(v, CONF_BUILD_DEPENDS, i);

		if (s)
			strv_split(&c->build_depends, s, " \t\n");
	}
}

static void read_deprecated(const struct conf_values *v, struct conf *c)
{
	static const enum conf_name names[] = {
		CONF_CLEAN,
		CONF_REMAKE_INITRD,
		CONF_MODULES_CONF,
		CONF_MODULES_CONF_OBSOLETES,
		CONF_MODULES_CONF_ALIAS_TYPE,
		CONF_MODULES_CONF_OBSOLETE_ONLY,
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *s = NULL;

		for (size_t k = 0; !s && k < v->values[names[i]].n; k++)
			s = element(v, names[i], k);
		if (!s || (names[i] == CONF_CLEAN && (str_eq(s, "true") || str_eq(s, "/bin/true") ||
						      str_eq(s, "/usr/bin/true"))))
			continue;
		complain(&c->warnings, -1, "%s is deprecated and has no effect",
			 v->names->items[names[i]]);
	}
	if (scalar(v, CONF_OBSOLETE_BY))
		complain(&c->warnings, -1,
			 "OBSOLETE_BY is deprecated; BUILD_EXCLUSIVE_KERNEL_MAX says the same");
}

void conf_build(const struct conf_values *values, const struct conf_target *target,
		const char *distro_dest, struct conf *ret)
{
	struct conf *c = ret;

	*c = (struct conf){ 0 };
	read_package(values, target, c);
	if (values->index_too_large)
		complain(&c->errors, -1, "an array has an index above %d", CONF_INDEX_MAX);
	read_modules(values, distro_dest, c);
	find_same(c, "the built module", built_path);
	find_same(c, "DEST_MODULE_NAME", dest_name);
	c->autoinstall = read_yes(values, CONF_AUTOINSTALL, c);
	c->build_depends_rebuild = read_yes(values, CONF_BUILD_DEPENDS_REBUILD, c);
	c->no_weak_modules = read_yes(values, CONF_NO_WEAK_MODULES, c);
	read_make(values, target->kernel, c);
	read_patches(values, target->kernel, c);
	read_exclusives(values, c);
	read_depends(values, c);
	read_scripts(values, c);
	read_deprecated(values, c);
}

static void modules_done(struct conf *c)
{
	for (size_t i = 0; i < c->n_modules; i++) {
		free(c->modules[i].built_name);
		free(c->modules[i].built_location);
		free(c->modules[i].dest_name);
		free(c->modules[i].dest_location);
	}
	free(c->modules);
}

static void exclusives_done(struct conf *c)
{
	for (size_t i = 0; i < c->n_exclusives; i++) {
		free(c->exclusives[i].kernel);
		free(c->exclusives[i].kernel_min);
		free(c->exclusives[i].kernel_max);
		free(c->exclusives[i].arch);
		free(c->exclusives[i].config);
	}
	free(c->exclusives);
}

void conf_done(struct conf *c)
{
	char *strings[] = { c->module,	     c->version,     c->package_name, c->package_version,
			    c->make,	     c->obsolete_by, c->post_add,     c->pre_build,
			    c->post_build,   c->pre_install, c->post_install, c->post_remove,
			    c->build_sandbox, c->build_store };

	for (size_t i = 0; i < COUNT_OF(strings); i++)
		free(strings[i]);
	modules_done(c);
	exclusives_done(c);
	for (size_t i = 0; i < c->n_patches; i++)
		free(c->patches[i].name);
	free(c->patches);
	strv_done(&c->build_depends);
	problems_done(&c->errors);
	problems_done(&c->duplicates);
	problems_done(&c->warnings);
	*c = (struct conf){ 0 };
}

/* ---- what follows from it ---- */

char *conf_dest(const struct conf_module *m, const char *distro_dest)
{
	const char *dir = distro_dest ? distro_dest : m->dest_location;

	return dir ? path_squeeze(dir) : xstrdup("");
}

/* As one word of a shell command; most paths need no quotes, and then the log shows none. */
static void add_word(struct buf *b, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "@%_+=:,./-~";

	if (s[strspn(s, plain)] == '\0' && *s != '~') {
		buf_add_str(b, s);
		return;
	}
	buf_add_char(b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_add_str(b, "'\\'");
		buf_add_char(b, *s);
	}
	buf_add_char(b, '\'');
}

static bool begins_with_make(const char *s)
{
	return str_has_prefix(s, "make") && (s[4] == '\0' || strchr(" \t\n;&|<>", s[4]));
}

static char *default_make(const struct conf_make *m)
{
	struct buf b = { 0 };

	buf_add_str(&b, "make -C ");
	add_word(&b, m->kernel_source_dir);
	buf_add_str(&b, " M=");
	add_word(&b, m->build_dir);
	return buf_take(&b);
}

char *conf_make_command(const struct conf *c, const struct conf_make *m, bool *ret_jobs)
{
	CLEAN(free) char *line = c->make ? xstrdup(c->make) : default_make(m);
	bool jobs = begins_with_make(line);
	struct buf b = { 0 };

	if (jobs) {
		buf_add_str(&b, "make");
		if (!m->jobserver)
			buf_add_str(&b, " -j");
		if (!m->jobserver && m->jobs > 0)
			buf_add_fmt(&b, "%d", m->jobs);
		buf_add_str(&b, " KERNELRELEASE=");
		add_word(&b, m->kernel);
		if (m->cc)
			buf_add_str(&b, " CC=");
		if (m->cc)
			add_word(&b, m->cc);
	}
	buf_add_str(&b, line + (jobs ? strlen("make") : 0));
	if (m->clang)
		buf_add_str(&b, " LLVM=1");
	if (ret_jobs)
		*ret_jobs = jobs;
	return buf_take(&b);
}

static bool names_jobs(const char *line)
{
	return strstr(line, " -j") || strstr(line, "--jobs");
}

bool conf_make_can_share(const struct conf *c, const struct conf_make *m)
{
	CLEAN(free) char *line = c->make ? xstrdup(c->make) : default_make(m);

	return m->jobs > 0 && begins_with_make(line) && !names_jobs(line) &&
	       !strpbrk(line, ";&|`\n") && !strstr(line, "$(");
}

bool conf_make_has_own_jobs(const struct conf *c, const struct conf_make *m)
{
	CLEAN(free) char *line = c->make ? xstrdup(c->make) : default_make(m);

	return names_jobs(line) || (begins_with_make(line) && !conf_make_can_share(c, m));
}
