/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_check.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/module_check.h"
#include "core/outcome.h"
#include "core/symbol_wants.h"
#include "sys/module_file.h"

enum { SYMVERS_MAX = 64 << 20, RELEASE_MAX = 64 << 10, DEPTH_MAX = 32, NAMED_MAX = 5 };

static bool is_module_name(const char *name)
{
	static const char *const suffixes[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };

	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (str_has_suffix(name, suffixes[i]))
			return true;
	return false;
}

/* Calls see() for the module files below dir, in bytewise order, until it says no. */
struct walk {
	bool (*see)(void *ctx, const char *path);
	void *ctx;
	const char *const *skip; /* names not to be entered at the top; NULL-terminated */
};

static bool walk_modules(const struct walk *w, const char *dir, int depth)
{
	CLEAN(strv) struct strv names = { 0 };

	if (depth > DEPTH_MAX || dir_list(dir, &names) < 0)
		return true;
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		bool skip = names.items[i][0] == '.';

		for (size_t k = 0; depth == 0 && w->skip && w->skip[k]; k++)
			skip |= str_eq(names.items[i], w->skip[k]);
		if (skip)
			continue;
		if (is_module_name(names.items[i]) && path_is_file(path)) {
			if (!w->see(w->ctx, path))
				return false;
		} else if (!path_is_link(path) && !walk_modules(w, path, depth + 1)) {
			return false;
		}
	}
	return true;
}

struct shipped {
	struct module_info info;
	bool is_there;
};

/* The first that can be read will do: they are all of one kernel. */
static bool take_shipped(void *ctx, const char *path)
{
	struct shipped *s = ctx;

	s->is_there = module_file_info(path, &s->info, NULL) == 0;
	return !s->is_there;
}

static void find_shipped(const struct kernel *k, struct shipped *ret)
{
	/* what others put there is as likely to be wrong as what was just built */
	static const char *const foreign[] = { "updates", "extra", "weak-updates", NULL };
	struct walk w = { .see = take_shipped, .ctx = ret, .skip = foreign };

	walk_modules(&w, k->install_dir, 0);
}

/*
 * The release that the headers are of; caller frees; NULL: they do not say. What goes into vermagic
 * is UTS_RELEASE; kernel.release may be another one (Debian's says 6.1.192 for 6.1.0-56).
 */
static char *headers_release(const struct kernel *k)
{
	static const char define[] = "UTS_RELEASE \"";
	CLEAN(free) char *header = path_join(k->source_dir, "include/generated/utsrelease.h");
	CLEAN(free) char *plain = path_join(k->source_dir, "include/config/kernel.release");
	CLEAN(buf) struct buf text = { 0 };
	char *line = NULL;
	const char *p;

	if (file_read(AT_FDCWD, header, RELEASE_MAX, &text) == 0) {
		p = strstr(buf_str(&text), define);
		if (p) {
			p += strlen(define);
			return xstrndup(p, strcspn(p, "\""));
		}
	}
	return file_read_line(plain, &line) == 0 ? line : NULL;
}

static int check_kernel(struct build *b, const struct build_checkee *modules,
			const struct module_info *infos, size_t n, struct fail *f)
{
	struct kernel *k = b->job->kernel;
	CLEAN(free) char *release = headers_release(k);
	struct shipped shipped = { 0 };
	struct module_target t = {
		.headers_release = release,
		.modversions = kconfig_is_on(kernel_config(k), "CONFIG_MODVERSIONS"),
		.force = b->job->force,
	};
	int r = 0;

	find_shipped(k, &shipped);
	t.shipped = shipped.is_there ? &shipped.info : NULL;
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
	if (shipped.is_there)
		module_info_done(&shipped.info);
	return r;
}

/* False: there is no such file, so nothing can be said of what the kernel offers. */
static bool offer_symvers(struct symbol_wants *w, const char *dir)
{
	CLEAN(free) char *path = path_join(dir, "Module.symvers");
	CLEAN(buf) struct buf text = { 0 };

	if (file_read(AT_FDCWD, path, SYMVERS_MAX, &text) < 0)
		return false;
	symbol_wants_offer_symvers(w, buf_str(&text), text.len);
	return true;
}

static bool offer_file(void *ctx, const char *path)
{
	struct symbol_wants *w = ctx;
	CLEAN(module_info) struct module_info mi = { 0 };

	if (module_file_info(path, &mi, NULL) == 0)
		symbol_wants_offer_module(w, &mi);
	return symbol_wants_open(w) > 0;
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
	/* what is below kernel/ is in Module.symvers */
	static const char *const own[] = { "kernel", NULL };
	CLEAN(symbol_wants) struct symbol_wants w = { 0 };
	struct walk installed = { .see = offer_file, .ctx = &w, .skip = own };
	struct kernel *k = b->job->kernel;

	for (size_t i = 0; i < n; i++)
		symbol_wants_add(&w, modules[i].name, &infos[i]);
	if (!offer_symvers(&w, k->source_dir))
		return;
	for (size_t i = 0; i < n; i++)
		symbol_wants_offer_module(&w, &infos[i]);
	if (symbol_wants_open(&w))
		walk_modules(&installed, k->install_dir, 0);
	warn_of_open(b, &w);
}

int build_check(struct build *b, const struct build_checkee *modules, size_t n, struct fail *f)
{
	CLEAN(free) struct module_info *infos = xcalloc(n + 1, sizeof(*infos));
	CLEAN(free) struct build_checkee *read = xcalloc(n + 1, sizeof(*read));
	size_t n_read = 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		CLEAN(fail) struct fail why = { 0 };

		if (module_file_info(modules[i].path, &infos[n_read], &why) == 0)
			read[n_read++] = modules[i];
		else
			build_warn(b, NULL, "'%s' does not look like a kernel module: %s",
				   modules[i].name, why.text);
	}
	r = check_kernel(b, read, infos, n_read, f);
	if (r == 0)
		check_symbols(b, read, infos, n_read);
	for (size_t i = 0; i < n_read; i++)
		module_info_done(&infos[i]);
	return r;
}
