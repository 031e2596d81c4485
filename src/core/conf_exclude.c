/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/conf_exclude.h"

#include "base/mem.h"
#include "core/conf.h"
#include "core/match.h"
#include "core/version.h"

/* Why the kernel or the arch does not fit; NULL if it does. Caller frees. */
static char *regex_refuses(const char *directive, const char *regex, const char *text)
{
	enum match m = regex ? match_search(regex, text ? text : "") : MATCH_YES;

	if (m == MATCH_YES)
		return NULL;
	if (m == MATCH_INVALID)
		return xasprintf("%s '%s' is no regular expression", directive, regex);
	return xasprintf("%s '%s' does not match '%s'", directive, regex, text ? text : "");
}

static char *config_refuses(const char *list, const struct kconfig *kc)
{
	CLEAN(strv) struct strv words = { 0 };

	if (!list || !kc)
		return NULL;
	strv_split(&words, list, " \t\n");
	for (size_t i = 0; i < words.n; i++) {
		const char *w = words.items[i];
		bool want = *w != '!';

		if (kconfig_is_on(kc, want ? w : w + 1) != want)
			return xasprintf("BUILD_EXCLUSIVE_CONFIG wants %s, the kernel %s", w,
					 want ? "does not have it" : "has it");
	}
	return NULL;
}

static char *version_refuses(const struct conf_exclusive *x, const char *obsolete_by,
			     const char *kernel)
{
	if (x->kernel_min && version_compare(kernel, x->kernel_min) < 0)
		return xasprintf("'%s' is older than BUILD_EXCLUSIVE_KERNEL_MIN '%s'", kernel,
				 x->kernel_min);
	if (x->kernel_max && version_compare(kernel, x->kernel_max) > 0)
		return xasprintf("'%s' is newer than BUILD_EXCLUSIVE_KERNEL_MAX '%s'", kernel,
				 x->kernel_max);
	if (!x->kernel_max && obsolete_by && version_compare(kernel, obsolete_by) > 0)
		return xasprintf("'%s' is newer than OBSOLETE_BY '%s'", kernel, obsolete_by);
	return NULL;
}

static char *refuses(const struct conf_exclusive *x, const char *obsolete_by,
		     const struct conf_target *t, const struct kconfig *kc)
{
	char *why = regex_refuses("BUILD_EXCLUSIVE_KERNEL", x->kernel, t->kernel);

	if (!why)
		why = version_refuses(x, obsolete_by, t->kernel ? t->kernel : "");
	if (!why)
		why = regex_refuses("BUILD_EXCLUSIVE_ARCH", x->arch, t->arch);
	if (!why)
		why = config_refuses(x->config, kc);
	return why;
}

static char *all_refused(const struct conf *c, const struct conf_target *t,
			 const struct kconfig *kc)
{
	static const struct conf_exclusive none = { 0 };

	if (c->build_exclude)
		return xstrdup("build_exclude is set");
	return refuses(c->n_exclusives ? &c->exclusives[0] : &none, c->obsolete_by, t, kc);
}

void conf_judge_exclusive(const struct conf *c, const struct conf_target *target,
			  const struct kconfig *kc, struct conf_exclusion *ret)
{
	size_t out = 0;

	*ret = (struct conf_exclusion){ .modules = xcalloc(c->n_modules, sizeof(bool)) };
	ret->why = all_refused(c, target, kc);
	if (ret->why) {
		ret->all = true;
		for (size_t i = 0; i < c->n_modules; i++)
			ret->modules[i] = true;
		return;
	}
	for (size_t i = 1; i < c->n_exclusives && i < c->n_modules; i++) {
		char *why = refuses(&c->exclusives[i], NULL, target, kc);

		if (!why)
			continue;
		ret->modules[i] = true;
		out++;
		if (ret->why)
			free(why);
		else
			ret->why = why;
	}
	ret->all = out > 0 && out == c->n_modules;
}

void conf_exclusion_done(struct conf_exclusion *x)
{
	free(x->modules);
	free(x->why);
	*x = (struct conf_exclusion){ 0 };
}
