/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/loaded.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/module_check.h"
#include "core/symbol_wants.h"
#include "core/tarball.h"
#include "sys/kernel_modules.h"
#include "sys/module_file.h"

/* Modules of the kernel to look at where there are no headers: half a second's worth of compressed
 * ones. */
enum { EVIDENCE_MAX = 400 };

int loaded_mark(const char *built)
{
	static const char text[] = "from a tarball\n";
	CLEAN(free) char *path = path_join(built, TARBALL_LOADED);

	return file_write(path, text, sizeof(text) - 1, 0644);
}

bool loaded_is_marked(const char *built)
{
	CLEAN(free) char *path = path_join(built, TARBALL_LOADED);

	return path_exists(path);
}

struct judging {
	struct kernel *k;
	struct module_target target;
	struct symbol_wants wants;
	struct module_info *infos;
	char **names;
	size_t n;
	char *why;
};

static void clean_judging(struct judging *j)
{
	symbol_wants_done(&j->wants);
	for (size_t i = 0; i < j->n; i++) {
		module_info_done(&j->infos[i]);
		free(j->names[i]);
	}
	free(j->infos);
	free(j->names);
	free(j->why);
}

/* Reads one; the walk ends with the first that does not fit. */
static bool judge_file(void *ctx, const char *path)
{
	struct judging *j = ctx;
	CLEAN(fail) struct fail why = { 0 };
	CLEAN(free) char *text = NULL;
	struct module_info mi;

	if (module_file_info(path, &mi, &why) < 0) {
		j->why = xasprintf("'%s' cannot be read: %s", path_base(path), why.text);
		return false;
	}
	j->infos = xreallocarray(j->infos, j->n + 1, sizeof(*j->infos));
	j->names = xreallocarray(j->names, j->n + 1, sizeof(*j->names));
	j->infos[j->n] = mi;
	j->names[j->n++] = xstrdup(path_base(path));
	if (module_check(&mi, &j->target, &text) != MODULE_FITS)
		j->why = xasprintf("'%s': %s", path_base(path), text);
	return !j->why;
}

static void judge_symbols(struct judging *j)
{
	for (size_t i = 0; i < j->n; i++)
		symbol_wants_add(&j->wants, j->names[i], &j->infos[i]);
	if (!kernel_offer_symvers(j->k, &j->wants))
		kernel_offer_shipped(j->k, &j->wants, EVIDENCE_MAX);
	for (size_t i = 0; i < j->n; i++)
		symbol_wants_offer_module(&j->wants, &j->infos[i]);
	kernel_offer_installed(j->k, &j->wants);
	/* one that is missing may come with another module */
	for (size_t i = 0; i < j->wants.n && !j->why; i++)
		if (j->wants.items[i].state == SYMBOL_OTHER_CRC)
			j->why = xasprintf("'%s' was built for another version of the symbol '%s'",
					   j->wants.items[i].module, j->wants.items[i].name);
}

bool loaded_fits(struct kernel *k, const char *built, char **ret_why)
{
	CLEAN(judging) struct judging j = { .k = k };
	CLEAN(module_info) struct module_info shipped = { 0 };
	CLEAN(free) char *dir = path_join(built, "module");
	CLEAN(free) char *release = kernel_headers_release(k);
	struct module_walk all = { .see = judge_file, .ctx = &j };

	j.target.headers_release = release ? release : k->release;
	if (kernel_shipped_module(k, &shipped))
		j.target.shipped = &shipped;
	module_walk(&all, dir);
	if (!j.why)
		judge_symbols(&j);
	if (!j.why)
		return true;
	*ret_why = TAKE_PTR(j.why);
	return false;
}
