/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kernel_tree.h"

#include "base/mem.h"

static void add_once(struct strv *v, char *name)
{
	if (strv_has(v, name))
		free(name);
	else
		strv_take(v, name);
}

/* What a release ends with when it is not the plain kernel: "5.14.0-503.el9.x86_64+debug", "2.4.20-8smp". */
static const char *flavour_of(const char *release)
{
	static const char *const old[] = { "smp", "bigmem", "hugemem", "PAE", "xen", "BOOT", "debug" };
	const char *plus = strrchr(release, '+');

	if (plus && plus[1])
		return plus + 1;
	for (size_t i = 0; i < COUNT_OF(old); i++)
		if (str_has_suffix(release, old[i]))
			return old[i];
	return NULL;
}

void kernel_config_names(const char *release, const char *arch, struct strv *ret)
{
	const char *flavour = flavour_of(release), *dash = flavour ? "-" : "";
	CLEAN(free) char *version = xstrndup(release, strcspn(release, "-+"));

	if (!flavour)
		flavour = "";
	add_once(ret, xasprintf("kernel-%s.config", release));
	add_once(ret, xasprintf("kernel-%s-%s.config", release, arch));
	add_once(ret, xasprintf("kernel-%s-%s%s%s.config", version, arch, dash, flavour));
	add_once(ret, xasprintf("kernel-%s%s%s.config", arch, dash, flavour));
}

/* The number that the first line "NAME = 1" gives; NULL: none does. */
static char *number_of(const char *text, size_t len, const char *name)
{
	const char *end = text + len;

	for (const char *p = text; p < end;) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		CLEAN(free) char *line = xstrndup(p, (size_t)((eol ? eol : end) - p));
		char *v = line;
		size_t n;

		p = eol ? eol + 1 : end;
		if (!str_has_prefix(v, name))
			continue;
		v += strlen(name);
		v += strspn(v, " \t");
		if (*v++ != '=')
			continue;
		v += strspn(v, " \t");
		n = strspn(v, "0123456789");
		return n ? xstrndup(v, n) : NULL;
	}
	return NULL;
}

char *kernel_tree_version(const char *makefile, size_t len)
{
	CLEAN(free) char *version = number_of(makefile, len, "VERSION");
	CLEAN(free) char *level = number_of(makefile, len, "PATCHLEVEL");
	CLEAN(free) char *sub = number_of(makefile, len, "SUBLEVEL");

	if (!version || !level)
		return NULL;
	return xasprintf("%s.%s.%s", version, level, sub ? sub : "0");
}

static size_t two_numbers(const char *s)
{
	size_t n = strspn(s, "0123456789");

	if (n == 0 || s[n] != '.')
		return n;
	return n + 1 + strspn(s + n + 1, "0123456789");
}

bool kernel_release_fits(const char *release, const char *version)
{
	size_t n = two_numbers(release);

	return n == two_numbers(version) && strncmp(release, version, n) == 0;
}
