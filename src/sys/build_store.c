/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_store.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/build_record.h"
#include "core/kbuild_deps.h"
#include "sys/digest.h"
#include "sys/inputs.h"
#include "sys/run.h"
#include "sys/tree_links.h"

enum { CMD_MAX = 4 << 20, DEPTH_MAX = 32, NEEDS_MAX = 50000, MAKEFILE_MAX = 1 << 20 };

/* the key */

/* A program by what it is on the disk: path, size and date. */
static void add_tool(const struct build *b, const char *name, struct buf *text)
{
	CLEAN(free) char *first = name ? xstrndup(name, strcspn(name, " \t")) : NULL;
	CLEAN(free) char *found = first ? run_find(first, b->job->environment) : NULL;
	CLEAN(free) char *real = found ? realpath(found, NULL) : NULL;
	struct stat st = { 0 };

	if (real && stat(real, &st) < 0)
		st = (struct stat){ 0 };
	buf_add_fmt(text, "tool %s %s %lld %lld.%09ld\n", first ? first : "-", real ? real : "-",
		    (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void add_tools(const struct build *b, struct buf *text)
{
	static const char *const names[] = { "as",   "make",	"bash",	  "sh",	   "patch",
					     "objcopy", "pahole", "awk" };
	const struct toolchain *t = b->job->toolchain;

	add_tool(b, t && t->cc ? t->cc : "gcc", text);
	add_tool(b, t && t->ld ? t->ld : "ld", text);
	add_tool(b, t && t->strip ? t->strip : "strip", text);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		add_tool(b, names[i], text);
}

static void add_environment(const struct build *b, struct buf *text)
{
	CLEAN(strv) struct strv env = { 0 };

	for (size_t i = 0; i < b->env.n; i++)
		if (store_env_counts(b->env.items[i]))
			strv_add(&env, b->env.items[i]);
	strv_sort(&env);
	for (size_t i = 0; i < env.n; i++)
		build_record_add(text, "env", env.items[i]);
}

static void add_conf(const struct build *b, struct buf *text)
{
	const struct conf *c = b->job->conf;
	const struct conf_exclusion *x = b->job->exclusion;

	for (size_t i = 0; i < c->n_modules; i++) {
		const struct conf_module *m = &c->modules[i];
		CLEAN(free) char *line =
			xasprintf("%s|%s|%s|%d|%d", m->built_location ? m->built_location : "", m->built_name,
				  m->dest_name, m->strip, x && x->modules && x->modules[i]);

		build_record_add(text, "module", line);
	}
	for (size_t i = 0; i < c->n_patches; i++)
		build_record_add(text, "patch", c->patches[i].name);
	build_record_add(text, "pre_build", c->pre_build);
}

/* The lines of the record that say what it is made of, without stamps. */
static void add_inputs(const struct build *b, struct buf *text)
{
	const struct build_job *job = b->job;
	CLEAN(buf) struct buf record = { 0 };
	CLEAN(strv) struct strv lines = { 0 };

	inputs_of_module(&(struct inputs){ b->source, job->conf_file, job->etc_dir, b->at.module,
					   &job->trace->overrides },
			 &record);
	inputs_of_command(job->conf, job->kernel, b->build_dir, &record);
	strv_split(&lines, buf_str(&record), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (!str_has_prefix(lines.items[i], "source_stamp "))
			buf_add_fmt(text, "%s\n", lines.items[i]);
}

static void make_key(const struct build *b, char ret[SHA256_HEX])
{
	CLEAN(free) char *headers = realpath(b->job->kernel->source_dir, NULL);
	CLEAN(free) char *toolchain = build_record_get(buf_str(&b->record), "toolchain", 0);
	CLEAN(buf) struct buf text = { 0 };
	struct sha256 s;
	char hex[SHA256_HEX];

	/* what is a need: one more kind of them makes everything kept before worthless */
	buf_add_str(&text, "needs 2\n");
	build_record_add(&text, "for", b->at.module);
	build_record_add(&text, "for", b->at.version);
	build_record_add(&text, "for", b->at.kernel);
	build_record_add(&text, "for", b->at.arch);
	build_record_add(&text, "headers", headers);
	build_record_add(&text, "build_dir", b->build_dir);
	build_record_add(&text, "toolchain", toolchain);
	buf_add_fmt(&text, "sandbox %d\n", b->box.mode);
	/* the administrator's scripts too */
	build_record_add(&text, "etc",
			 path_is_dir(b->override_dir) && digest_tree(b->override_dir, NULL, hex) == 0 ? hex : NULL);
	add_inputs(b, &text);
	add_conf(b, &text);
	add_tools(b, &text);
	add_environment(b, &text);
	sha256_init(&s);
	sha256_add(&s, buf_str(&text), text.len);
	sha256_hex(&s, ret);
}

/* A link is digested as it stands. What makefiles and scripts read through one that leaves is named nowhere. */
static bool may_be_digested(const struct build *b)
{
	return tree_links_stay(b->source, b->build_dir) &&
	       (!path_is_dir(b->override_dir) || tree_links_stay(b->override_dir, NULL));
}

void build_store_prepare(struct build *b)
{
	const struct build_job *job = b->job;
	const char *dir = job->framework ? job->framework->build_store : NULL;
	CLEAN(fail) struct fail f = { 0 };

	if (str_is_empty(dir) || str_eq(dir, "off") || job->force || !job->trace || !store_may_keep(job->conf) ||
	    !may_be_digested(b))
		return;
	if (store_open(dir, job->framework->build_store_size, &b->keep.store, &f) < 0) {
		build_warn_once(b, NULL, "%s", f.text);
		return;
	}
	clock_gettime(CLOCK_REALTIME_COARSE, &b->keep.since);
	make_key(b, b->keep.key);
	b->keep.is_on = true;
}

void build_store_done(struct build *b)
{
	store_done(&b->keep.store);
	buf_done(&b->keep.log);
	free(b->keep.id);
}

bool build_store_fetch(struct build *b, const char *dir)
{
	return b->keep.is_on &&
	       store_fetch(&b->keep.store, b->keep.key, dir, &b->keep.log, &b->keep.id);
}

/* what it needs */

/* What the .cmd files say. */
struct cmd_files {
	struct strv deps;
	unsigned count;
	bool has_modpost; /* so the files of symbols that it read are among deps */
};

static void clean_cmd_files(struct cmd_files *c)
{
	strv_done(&c->deps);
}

static bool read_cmd_file(const char *path, struct cmd_files *c)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEAN(buf) struct buf text = { 0 };
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fd_read_all(fd, CMD_MAX, &text) < 0)
		return false;
	c->count++;
	kbuild_deps(buf_str(&text), text.len, &c->deps);
	r = kbuild_symvers(buf_str(&text), text.len, &c->deps);
	c->has_modpost |= r > 0;
	return r >= 0;
}

/* False: some could not be read, and what is not known of would not be missed next time. */
static bool find_cmd_files(const char *dir, unsigned depth, struct cmd_files *c)
{
	CLEAN(strv) struct strv names = { 0 };
	bool all = dir_list(dir, &names) == 0;

	for (size_t i = 0; i < names.n && all; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		struct stat st;

		if (lstat(path, &st) < 0)
			all = false;
		else if (S_ISDIR(st.st_mode))
			all = depth < DEPTH_MAX && find_cmd_files(path, depth + 1, c);
		else if (names.items[i][0] == '.' && str_has_suffix(names.items[i], ".cmd"))
			all = read_cmd_file(path, c);
	}
	return all;
}

/* Is the word in some file below dir that is small enough for a makefile? What cannot be read may have it. */
static bool has_word(const char *dir, const char *word)
{
	CLEAN(strv) struct strv names = { 0 };
	bool found = dir_list(dir, &names) < 0;

	for (size_t i = 0; i < names.n && !found; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		CLEAN(buf) struct buf text = { 0 };
		struct stat st;

		if (lstat(path, &st) < 0)
			found = true;
		else if (S_ISDIR(st.st_mode))
			found = has_word(path, word);
		else if (S_ISREG(st.st_mode) && st.st_size <= MAKEFILE_MAX)
			found = file_read(AT_FDCWD, path, MAKEFILE_MAX, &text) < 0 ||
				(text.len && memmem(text.data, text.len, word, strlen(word)));
	}
	return found;
}

/* Are the files of symbols known? Kernels before 6.1 do not write down modpost's command. */
static bool knows_symvers(const struct build *b, const struct cmd_files *c)
{
	static const char name[] = "KBUILD_EXTRA_SYMBOLS";

	if (c->has_modpost)
		return true;
	for (size_t i = 0; i < b->env.n; i++)
		if (str_has_prefix(b->env.items[i], name))
			return false;
	return !has_word(b->build_dir, name);
}

/* Where kbuild's own parts may be: above a header's include or arch directory. */
static void add_root(const char *path, struct strv *roots)
{
	static const char *const marks[] = { "/include/", "/arch/" };

	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		const char *at = strstr(path, marks[i]);
		CLEAN(free) char *root = at ? xstrndup(path, (size_t)(at - path)) : NULL;
		CLEAN(free) char *makefile = root ? path_join(root, "Makefile") : NULL;

		if (makefile && !strv_has(roots, root) && path_is_file(makefile))
			strv_add(roots, root);
	}
}

static void add_files_below(const char *dir, const char *prefix, unsigned depth, struct strv *needs)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(dir, &names);
	for (size_t i = 0; i < names.n && needs->n < NEEDS_MAX; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (path_is_dir(path)) {
			if (depth > 0 && !path_is_link(path))
				add_files_below(path, prefix, depth - 1, needs);
		} else if (str_has_prefix(names.items[i], prefix) && path_is_file(path)) {
			strv_add(needs, path);
		}
	}
}

/* What makes modules of objects: makefiles, scripts and tools of the kernel, its symbols and configuration. Some may be
 * missing, and must be next time. */
static void add_kbuild(const char *root, struct strv *needs)
{
	static const char *const names[] = {
		"Makefile", "Kbuild", ".config", ".kernelvariables", "Module.symvers", "vmlinux",
		"include/config/auto.conf", "include/config/kernel.release", "include/generated/autoconf.h",
		"include/generated/utsrelease.h", "tools/objtool/objtool", "tools/bpf/resolve_btfids/resolve_btfids"
	};
	CLEAN(free) char *scripts = path_join(root, "scripts"), *arch = path_join(root, "arch");

	for (size_t i = 0; i < COUNT_OF(names); i++)
		strv_take(needs, path_join(root, names[i]));
	add_files_below(scripts, "", 8, needs);
	add_files_below(arch, "Makefile", 2, needs);
}

/* One name of a file; inside: the build directory without links. */
static void add_name(const struct build *b, const char *path, const char *inside, struct strv *roots,
		     struct strv *needs)
{
	CLEAN(free) char *real = realpath(path, NULL);
	bool is_below = path_is_below(path, b->build_dir);

	if (real ? path_is_below(real, inside) : is_below && !path_has_dotdot(path))
		return;
	/* from the build directory no way leads there when it has gone */
	if (real && is_below)
		path = real;
	strv_add(needs, path);
	add_root(path, roots);
}

static void add_dep(const struct build *b, const char *dep, const char *inside, struct strv *roots,
		    struct strv *needs)
{
	/* what is relative is below the kernel or, since 6.13, the build directory */
	const char *const dirs[] = { b->job->kernel->source_dir, b->build_dir };

	if (*dep == '/') {
		add_name(b, dep, inside, roots, needs);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		CLEAN(free) char *path = path_join(dirs[i], dep);

		if (path_exists(path))
			add_name(b, path, inside, roots, needs);
	}
}

/* Sorted, each once. False: it cannot be told what the build read. */
static bool find_needs(const struct build *b, struct strv *ret)
{
	CLEAN(cmd_files) struct cmd_files cmd = { 0 };
	CLEAN(strv) struct strv roots = { 0 }, all = { 0 };
	CLEAN(free) char *inside = realpath(b->build_dir, NULL);

	/* patches and makefiles make links, too */
	if (!inside || !tree_links_stay(b->build_dir, b->build_dir) || !find_cmd_files(b->build_dir, 0, &cmd))
		return false;
	if (cmd.count == 0 && !str_eq(b->job->conf->build_store, "yes"))
		return false;
	if (!knows_symvers(b, &cmd))
		return false;
	strv_sort(&cmd.deps);
	strv_add(&roots, b->job->kernel->source_dir);
	for (size_t i = 0; i < cmd.deps.n; i++)
		if (i == 0 || !str_eq(cmd.deps.items[i], cmd.deps.items[i - 1]))
			add_dep(b, cmd.deps.items[i], inside, &roots, &all);
	for (size_t i = 0; i < roots.n; i++)
		add_kbuild(roots.items[i], &all);
	strv_sort(&all);
	for (size_t i = 0; i < all.n; i++)
		if (i == 0 || !str_eq(all.items[i], all.items[i - 1]))
			strv_add(ret, all.items[i]);
	return ret->n < NEEDS_MAX;
}

void build_store_keep(struct build *b, const char *dir)
{
	CLEAN(strv) struct strv needs = { 0 };
	CLEAN(buf) struct buf log = { 0 };
	const struct store_result result = { b->keep.key, &needs, b->keep.since, dir, &log };
	char key[SHA256_HEX];

	if (!b->keep.is_on || b->keep.is_spoiled || b->box.denied.n || build_log_text(&b->log, &log) < 0)
		return;
	/* of the source that was copied, not of one that has changed since it was digested */
	make_key(b, key);
	if (str_eq(key, b->keep.key) && find_needs(b, &needs))
		store_keep(&b->keep.store, &result);
}
