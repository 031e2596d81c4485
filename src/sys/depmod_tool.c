/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod_tool.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/depmod_tree.h"
#include "sys/run.h"

enum { CONF_MAX = 1 << 20, SAID_MAX = 1 << 20 };

void depmod_tool_done(struct depmod_tool *t)
{
	free(t->identity);
	free(t->oddity);
	*t = (struct depmod_tool){ 0 };
}

static void add_identity(struct depmod_tool *t, struct buf *b, const char *path,
			 const struct stat *st)
{
	struct file_id id;

	file_id_of(st, &id);
	buf_add_fmt(b, "%s %lld %lld %lld %llu; ", path, (long long)id.size, (long long)id.mtime,
		    (long long)id.ctime, (unsigned long long)id.inode);
	if (id.ctime > t->newest)
		t->newest = id.ctime;
	if (id.mtime > t->newest)
		t->newest = id.mtime;
}

/* "external" names directories elsewhere, of which nothing is followed here. */
static bool has_external(const struct buf *text)
{
	CLEAN(strv) struct strv lines = { 0 };

	strv_split(&lines, buf_str(text), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " \t");

		if (*line != '#' && strstr(line, "external"))
			return true;
	}
	return false;
}

static void read_conf(struct depmod_tool *t, struct buf *b, const char *path)
{
	CLEAN(buf) struct buf text = { 0 };
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	add_identity(t, b, path, &st);
	if (t->oddity)
		return;
	if (file_read(AT_FDCWD, path, CONF_MAX, &text) < 0)
		t->oddity = xasprintf("unreadable: %s", path);
	else if (has_external(&text))
		t->oddity = xasprintf("'external' in %s", path);
}

static void read_confs(struct depmod_tool *t, struct buf *b)
{
	static const char *const dirs[] = { "/etc/depmod.d", "/run/depmod.d",
					    "/usr/local/lib/depmod.d", "/usr/lib/depmod.d",
					    "/lib/depmod.d" };

	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		CLEAN(strv) struct strv names = { 0 };
		struct stat st;

		if (stat(dirs[i], &st) < 0)
			continue;
		add_identity(t, b, dirs[i], &st);
		dir_list(dirs[i], &names);
		for (size_t k = 0; k < names.n; k++) {
			CLEAN(free) char *path = path_join(dirs[i], names.items[k]);

			read_conf(t, b, path);
		}
	}
}

static void read_version(struct depmod_tool *t, const struct strv *env, struct buf *identity)
{
	const char *argv[] = { "depmod", "--version", NULL };
	CLEAN(buf) struct buf out = { 0 };
	struct run run = { .argv = argv,
			   .env = env,
			   .out_fd = RUN_NULL,
			   .err_fd = RUN_AS_OUT,
			   .capture = &out,
			   .capture_max = SAID_MAX,
			   .shielded = true,
			   .timeout_ms = 10000 };
	struct run_result res = { 0 };

	if (run_command(&run, &res, NULL) < 0 || res.status != 0 ||
	    sscanf(buf_str(&out), "kmod version %u", &t->version) != 1)
		return;
	t->gz = strstr(out.data, "+ZLIB");
	t->xz = strstr(out.data, "+XZ");
	t->zst = strstr(out.data, "+ZSTD");
	for (size_t i = 0; i < out.len; i++)
		if (out.data[i] == '\n')
			out.data[i] = ' ';
	buf_add_str(identity, out.data);
}

void depmod_tool_find(const struct strv *env, struct depmod_tool *ret)
{
	CLEAN(free) char *path = run_find("depmod", env);
	CLEAN(free) char *real = path ? realpath(path, NULL) : NULL;
	CLEAN(buf) struct buf identity = { 0 };
	struct stat st;

	*ret = (struct depmod_tool){ 0 };
	if (!real || stat(real, &st) < 0)
		return;
	add_identity(ret, &identity, real, &st);
	read_version(ret, env, &identity);
	if (ret->version)
		read_confs(ret, &identity);
	if (strchr(buf_str(&identity), '\n') && !ret->oddity)
		ret->oddity = xstrdup("an odd name in depmod.d");
	ret->identity = buf_take(&identity);
}

int depmod_tool_run(const struct strv *env, const char *base, const char *map, const char *kernel,
		    struct buf *ret_out, struct fail *f)
{
	const char *argv[8] = { "depmod", "-a" };
	struct run run = { .argv = argv,
			   .env = env,
			   .out_fd = RUN_NULL,
			   .err_fd = RUN_AS_OUT,
			   .capture = ret_out,
			   .capture_max = SAID_MAX,
			   .shielded = true };
	struct run_result res = { 0 };
	CLEAN(free) char *how = NULL;
	size_t n = 2;
	int r;

	if (base) {
		argv[n++] = "-b";
		argv[n++] = base;
	}
	if (map) {
		argv[n++] = "-F";
		argv[n++] = map;
	}
	argv[n++] = kernel;
	r = run_command(&run, &res, f);
	if (r < 0)
		return fail_wrap(f, "depmod for kernel %s", kernel), -E_DEPMOD_FAILED;
	if (res.status == 0)
		return 0;
	how = run_end(&res, "failed with", buf_str(ret_out));
	return fail_set(f, -E_DEPMOD_FAILED, "depmod for kernel %s %s", kernel, how);
}
