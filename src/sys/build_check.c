/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_check.h"

#include <errno.h>

#include "base/mem.h"
#include "core/module_check.h"
#include "core/outcome.h"
#include "core/symbol_wants.h"
#include "sys/kernel_modules.h"
#include "sys/module_file.h"

enum { NAMED_MAX = 5 };

static int check_kernel(struct build *b, const struct build_checkee *modules,
			const struct module_info *infos, size_t n, struct fail *f)
{
	struct kernel *k = b->job->kernel;
	CLEAN(free) char *release = kernel_headers_release(k);
	CLEAN(module_info) struct module_info shipped = { 0 };
	struct module_target t = {
		.headers_release = release,
		.modversions = kconfig_is_on(kernel_config(k), "CONFIG_MODVERSIONS"),
		.force = b->job->force,
	};
	const struct cross *cross = b->job->toolchain ? b->job->toolchain->cross : NULL;
	int r = 0;

	t.shipped = kernel_shipped_module(k, &shipped) ? &shipped : NULL;
	t.machine = cross ? cross->machine : 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		CLEAN(free) char *why = NULL;
		enum module_verdict v = module_check(&infos[i], &t, &why);

		if (v == MODULE_DOUBTFUL)
			build_warn(b, NULL, "kernel %s may not load '%s': %s", k->release,
				   modules[i].name, why);
		if (v == MODULE_REFUSED) {
			r = fail_set(f, -E_WRONG_RESULT, "kernel %s would not load '%s': %s",
				     k->release, modules[i].name, why);
			fail_hint(f, "a Makefile must build for $(kernelver), not for `uname -r`");
		}
	}
	return r;
}

static void warn_of_open(const struct build *b, const struct symbol_wants *w)
{
	size_t told = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct symbol_want *want = &w->items[i];

		if (want->state == SYMBOL_OFFERED || ++told > NAMED_MAX)
			continue;
		build_warn(b, NULL,
			   want->state == SYMBOL_MISSING
				   ? "'%s' needs the symbol '%s', which nothing offers to kernel %s"
				   : "'%s' needs the symbol '%s' with another CRC than kernel %s "
				     "has it",
			   want->module, want->name, b->at.kernel);
	}
	if (told > NAMED_MAX)
		build_warn(b, NULL, "%zu more symbols are missing or have another CRC",
			   told - NAMED_MAX);
}

static void check_symbols(struct build *b, const struct build_checkee *modules,
			  const struct module_info *infos, size_t n)
{
	CLEAN(symbol_wants) struct symbol_wants w = { 0 };
	const struct kernel *k = b->job->kernel;

	for (size_t i = 0; i < n; i++)
		symbol_wants_add(&w, modules[i].name, &infos[i]);
	if (!kernel_offer_symvers(k, &w))
		return;
	for (size_t i = 0; i < n; i++)
		symbol_wants_offer_module(&w, &infos[i]);
	kernel_offer_installed(k, &w);
	warn_of_open(b, &w);
}

/* What is no module at all no kernel takes; what could not be looked at may be one. */
static int judge_unreadable(struct build *b, const struct build_checkee *m, int err, const struct fail *why,
			    struct fail *f)
{
	if (b->job->force || (err != -ENOEXEC && err != -EBADMSG)) {
		build_warn(b, NULL, "'%s' does not look like a kernel module: %s", m->name, why->text);
		return 0;
	}
	fail_set(f, -E_WRONG_RESULT, "make ended well, but '%s' is no kernel module: %s", m->name, why->text);
	fail_hint(f, "look at what the Makefile did, in the log '%s'; --force takes it all the same", b->log.path);
	return f->code;
}

int build_check(struct build *b, const struct build_checkee *modules, size_t n, struct fail *f)
{
	CLEAN(free) struct module_info *infos = xcalloc(n + 1, sizeof(*infos));
	CLEAN(free) struct build_checkee *read = xcalloc(n + 1, sizeof(*read));
	size_t n_read = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		CLEAN(fail) struct fail why = { 0 };
		int err = module_file_info(modules[i].path, &infos[n_read], &why);

		if (err == 0)
			read[n_read++] = modules[i];
		else
			r = judge_unreadable(b, &modules[i], err, &why, f);
	}
	if (r == 0)
		r = check_kernel(b, read, infos, n_read, f);
	if (r == 0)
		check_symbols(b, read, infos, n_read);
	for (size_t i = 0; i < n_read; i++)
		module_info_done(&infos[i]);
	return r;
}
