/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/kernel_modules.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/module_file.h"

enum { SYMVERS_MAX = 64 << 20, RELEASE_MAX = 64 << 10, DEPTH_MAX = 32 };

const char *const module_walk_foreign[] = { "updates", "extra", "weak-updates", NULL };

static bool is_module_name(const char *name)
{
	static const char *const suffixes[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };

	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (str_has_suffix(name, suffixes[i]))
			return true;
	return false;
}

static bool walk(const struct module_walk *w, const char *dir, int depth)
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
		} else if (!path_is_link(path) && !walk(w, path, depth + 1)) {
			return false;
		}
	}
	return true;
}

void module_walk(const struct module_walk *w, const char *dir)
{
	walk(w, dir, 0);
}

struct shipped {
	struct module_info info;
	bool is_there;
};

static bool take_shipped(void *ctx, const char *path)
{
	struct shipped *s = ctx;

	s->is_there = module_file_info(path, &s->info, NULL) == 0;
	return !s->is_there;
}

bool kernel_shipped_module(const struct kernel *k, struct module_info *ret)
{
	struct shipped s = { 0 };
	struct module_walk w = { .see = take_shipped, .ctx = &s, .skip = module_walk_foreign };

	module_walk(&w, k->install_dir);
	if (s.is_there)
		*ret = s.info;
	return s.is_there;
}

char *kernel_headers_release(const struct kernel *k)
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

bool kernel_offer_symvers(const struct kernel *k, struct symbol_wants *w)
{
	CLEAN(free) char *path = path_join(k->source_dir, "Module.symvers");
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

void kernel_offer_installed(const struct kernel *k, struct symbol_wants *w)
{
	/* what is below kernel/ is in Module.symvers */
	static const char *const own[] = { "kernel", NULL };
	struct module_walk installed = { .see = offer_file, .ctx = w, .skip = own };

	if (symbol_wants_open(w))
		module_walk(&installed, k->install_dir);
}

struct evidence {
	struct symbol_wants *wants;
	size_t left;
};

static bool offer_evidence(void *ctx, const char *path)
{
	struct evidence *e = ctx;
	CLEAN(module_info) struct module_info mi = { 0 };

	if (module_file_info(path, &mi, NULL) == 0) {
		symbol_wants_offer_module(e->wants, &mi);
		for (size_t i = 0; i < mi.n_imports; i++)
			if (mi.imports[i].has_crc)
				symbol_wants_offer(e->wants, mi.imports[i].name,
						   strlen(mi.imports[i].name), mi.imports[i].crc);
	}
	return --e->left > 0 && symbol_wants_open(e->wants) > 0;
}

void kernel_offer_shipped(const struct kernel *k, struct symbol_wants *w, size_t max)
{
	struct evidence e = { w, max };
	struct module_walk shipped = { .see = offer_evidence,
				       .ctx = &e,
				       .skip = module_walk_foreign };

	if (max && symbol_wants_open(w))
		module_walk(&shipped, k->install_dir);
}
