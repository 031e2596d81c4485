/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads conf files by both readers and compares what they say.
 *
 *   conf-compare FILE...              files as they are; one line each: native, or bash and why
 *   conf-compare --random N [SEED]    N generated ones; tells how often each construct was reached
 *   conf-compare --no-path FILE...    files of doubtful origin: what they run finds no programs
 *   conf-compare --print FILE         shows a generated or other file's values, read by bash
 *
 * Exit status 1 if anything differs.
 */
#include <fcntl.h>
#include <stdint.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "conf_random.h"
#include "core/conf_eval.h"
#include "sys/conf_read.h"

/* What a conf sees; one of several, so that values depend on it. */
struct world {
	struct strv vars, env;
};

static void clean_world(struct world *w)
{
	strv_done(&w->vars);
	strv_done(&w->env);
}

static void make_world(struct world *w, const char *kernel, const char *locale, const char *path)
{
	static const char *const vars[] = { "arch=x86_64",	    "dkms_tree=/var/lib/dkms",
					    "source_tree=/usr/src", "install_tree=/lib/modules",
					    "tmp_location=/tmp",    "module=foo",
					    "module_version=1.0",   "parallel_jobs=2" };

	strv_add_fmt(&w->vars, "kernelver=%s", kernel);
	strv_add_fmt(&w->vars, "kernel_source_dir=/lib/modules/%s/build", kernel);
	strv_add_fmt(&w->vars, "kernel_config=/lib/modules/%s/build/.config", kernel);
	for (size_t i = 0; i < COUNT_OF(vars); i++)
		strv_add(&w->vars, vars[i]);
	env_set(&w->env, "PATH", path);
	env_set(&w->env, "LC_ALL", locale);
	env_set(&w->env, "from_env", "a  b \"c\" $d \\e");
	env_set(&w->env, "arch", "of the environment");
}

/* The values as text, one a line; control characters as \xNN. */
static char *dump(const struct conf_values *v)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < v->names->n; i++)
		for (size_t k = 0; k < v->values[i].n; k++) {
			const char *s = v->values[i].items[k];

			if (!s)
				continue;
			buf_add_fmt(&b, "%s[%zu]=", v->names->items[i], k);
			for (; *s; s++)
				buf_add_fmt(&b, (unsigned char)*s < ' ' ? "\\x%02x" : "%c",
					    (unsigned char)*s);
			buf_add_char(&b, '\n');
		}
	return buf_take(&b);
}

/* Reads the files one on top of the other. Returns how many were read natively. */
static int read_all(const struct strv *files, const struct world *w, bool only_bash, bool debug,
		    char **ret)
{
	struct conf_reader reader = { { &w->vars, &w->env }, only_bash, debug };
	CLEAN(conf_values) struct conf_values v = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	int native = 0;

	conf_values_init(&v, &conf_names);
	for (size_t i = 0; i < files->n; i++) {
		int r = conf_read_file(files->items[i], &reader, &v, &f);

		if (r < 0) {
			fprintf(stderr, "conf-compare: %s\n", f.text ? f.text : files->items[i]);
			exit(2);
		}
		native += r;
	}
	*ret = dump(&v);
	return native;
}

static void show_difference(const struct strv *files, const char *bash, const char *ours)
{
	for (size_t i = 0; i < files->n; i++) {
		CLEAN(buf) struct buf text = { 0 };

		file_read(AT_FDCWD, files->items[i], 1 << 20, &text);
		printf("--- %s\n%s\n", files->items[i], buf_str(&text));
	}
	printf("--- by bash\n%s--- by ours\n%s", bash, ours);
}

/* How many of the files were read natively; -1 if there is a difference, which is shown. */
static int compare(const struct strv *files, const struct world *w, bool debug)
{
	CLEAN(free) char *bash = NULL, *ours = NULL, *again = NULL;
	int native = read_all(files, w, false, debug, &ours);

	if (native == 0 && !debug)
		return 0;
	read_all(files, w, true, false, &bash);
	if (str_eq(bash, ours))
		return native;
	read_all(files, w, true, false, &again);
	if (!str_eq(bash, again)) /* it says something else every time, as $$ does */
		return native;
	show_difference(files, bash, ours);
	return -1;
}

static int compare_files(int argc, char **argv)
{
	static const char *const kernels[] = { "6.1.0-9", "5.10.0-28-rt-amd64",
					       "6.12.117+deb12-amd64" };
	int native = 0, bad = 0;

	for (int i = 0; i < argc; i++) {
		CLEAN(strv) struct strv files = { 0 };
		int first = 0;

		strv_add(&files, argv[i]);
		for (size_t k = 0; k < COUNT_OF(kernels); k++) {
			CLEAN(world) struct world w = { 0 };
			int r;

			make_world(&w, kernels[k], "C.UTF-8", "/usr/sbin:/usr/bin:/sbin:/bin");
			r = compare(&files, &w, k == 0);
			bad += r < 0;
			first = k == 0 ? r : first;
		}
		printf("%s: %s\n", argv[i], first > 0 ? "native" : "bash");
		native += first > 0;
	}
	printf("%d files, %d read natively, %d differ\n", argc, native, bad);
	return bad > 0;
}

/* Generated files find no programs: nothing that they may come to say does anything. */
static char *empty_path(const char *dir)
{
	CLEAN(free) char *bin = path_join(dir, "bin"), *link = path_join(bin, "bash");

	if (dir_make(bin) < 0 || symlink("/bin/bash", link) < 0) {
		perror("conf-compare");
		exit(2);
	}
	return TAKE_PTR(bin);
}

static int compare_random(unsigned long n, unsigned long seed)
{
	char dir[] = "/tmp/conf-compare-XXXXXX";
	CLEAN(free) char *path = NULL;
	struct conf_random r;
	unsigned long native = 0, bad = 0;

	if (!mkdtemp(dir) || chdir(dir) < 0) {
		perror("conf-compare");
		return 2;
	}
	path = empty_path(dir);
	conf_random_init(&r, seed);
	for (unsigned long i = 0; i < n && bad == 0; i++) {
		CLEAN(world) struct world w = { 0 };
		CLEAN(strv) struct strv files = { 0 };
		int k;

		make_world(&w, i % 2 ? "6.1.0-9" : "6.12.117+deb12-amd64", i % 7 ? "C.UTF-8" : "C",
			   path);
		for (int part = 0; part < (i % 4 ? 1 : 2); part++) {
			CLEAN(free) char *file = xasprintf("%s/%d.conf", dir, part);
			CLEAN(buf) struct buf text = { 0 };

			conf_random_file(&r, &text);
			file_write(file, text.data, text.len, 0644);
			strv_add(&files, file);
		}
		k = compare(&files, &w, false);
		native += k > 0;
		bad += k < 0;
	}
	tree_remove(dir);
	bad += !conf_random_report(&r, n);
	printf("%lu confs, %lu read natively, %s\n", n, native, bad ? "FAILED" : "none differs");
	return bad > 0;
}

/* Files in which anything may stand: only those that we read ourselves go to bash too. */
static int compare_without_path(int argc, char **argv)
{
	char dir[] = "/tmp/conf-compare-XXXXXX";
	CLEAN(free) char *path = NULL;
	int native = 0, bad = 0;

	if (!mkdtemp(dir) || chdir(dir) < 0) {
		perror("conf-compare");
		return 2;
	}
	path = empty_path(dir);
	for (int i = 0; i < argc; i++) {
		CLEAN(world) struct world w = { 0 };
		CLEAN(strv) struct strv files = { 0 };
		struct conf_reader reader = { { &w.vars, &w.env }, false, false };
		CLEAN(conf_values) struct conf_values before = { 0 }, raw = { 0 };
		CLEAN(buf) struct buf text = { 0 };
		struct conf_refusal why;
		int k;

		make_world(&w, "6.1.0-9", "C.UTF-8", path);
		conf_values_init(&before, &conf_names);
		conf_values_init(&raw, &conf_names);
		if (file_read(AT_FDCWD, argv[i], 1 << 20, &text) < 0 ||
		    !conf_eval(buf_str(&text), text.len, &reader.scope, &before, &raw, &why))
			continue;
		strv_add(&files, argv[i]);
		k = compare(&files, &w, true);
		native += k > 0;
		bad += k < 0;
	}
	tree_remove(dir);
	printf("%d files, %d read natively, %d differ\n", argc, native, bad);
	return bad > 0;
}

static int print(char *file)
{
	CLEAN(world) struct world w = { 0 };
	CLEAN(strv) struct strv files = { 0 };
	CLEAN(free) char *text = NULL;

	make_world(&w, "6.1.0-9", "C.UTF-8", "/usr/bin:/bin");
	strv_add(&files, file);
	read_all(&files, &w, true, false, &text);
	fputs(text, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && str_eq(argv[1], "--random"))
		return compare_random(strtoul(argv[2], NULL, 10),
				      argc > 3 ? strtoul(argv[3], NULL, 10) : 1);
	if (argc >= 3 && str_eq(argv[1], "--no-path"))
		return compare_without_path(argc - 2, argv + 2);
	if (argc == 3 && str_eq(argv[1], "--print"))
		return print(argv[2]);
	if (argc < 2 || argv[1][0] == '-') {
		fputs("usage: conf-compare FILE... | --random N [SEED] | --no-path FILE... | "
		      "--print FILE\n",
		      stderr);
		return 2;
	}
	return compare_files(argc - 1, argv + 1);
}
