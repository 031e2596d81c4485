/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_TESTS_UNIT_BUILD_WORLD_H
#define DKMS_TESTS_UNIT_BUILD_WORLD_H

#include <fcntl.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "fake_module.h"
#include "sys/build.h"

/*
 * A place below /tmp with a dkms tree, a source tree, an install tree with one kernel and its
 * headers, an /etc/dkms, and a build job for drv/1.0 in it. By default the kernel is made up, make
 * is a shell command that copies a made-up module, and nothing is stripped, signed or compressed.
 */
struct world {
	char *dir, *dkms_tree, *source_tree, *install_tree, *etc_dir, *built, *source;
	struct conf conf;
	struct conf_module module;
	struct conf_patch patches[4];
	struct kernel kernel;
	struct toolchain toolchain;
	struct framework framework;
	struct strv environment, directives, deps, warnings, phases;
	struct build_observer observer;
	struct build_job job;
	struct build_result result;
	struct fail fail;
};

static inline void world_on_phase(void *ctx, enum build_phase phase)
{
	static const char *const names[] = { "copy", "patch", "pre", "make", "finish", "post" };

	strv_add(&((struct world *)ctx)->phases, names[phase]);
}

static inline void world_on_warning(void *ctx, const char *text, const char *hint)
{
	strv_add(&((struct world *)ctx)->warnings, text);
}

/* A file below the world's directory. */
static inline void world_put(struct world *w, const char *name, const char *text, mode_t mode)
{
	CLEAN(free) char *path = path_join(w->dir, name);
	CLEAN(free) char *dir = path_dir(path);

	assert_int_equal(dir_make(dir), 0);
	assert_int_equal(file_write(path, text, strlen(text), mode), 0);
}

/* The text of a file below the world's directory, "" if there is none; caller frees. */
static inline char *world_get(struct world *w, const char *name)
{
	CLEAN(free) char *path = path_join(w->dir, name);
	struct buf b = { 0 };

	file_read(AT_FDCWD, path, 1 << 20, &b);
	return buf_take(&b);
}

static inline bool world_has(struct world *w, const char *name)
{
	CLEAN(free) char *path = path_join(w->dir, name);

	return path_lexists(path);
}

static inline void world_put_elf(struct world *w, const char *name, const struct fake_module *m)
{
	CLEAN(free) char *path = path_join(w->dir, name);
	CLEAN(free) char *dir = path_dir(path);
	CLEAN(buf) struct buf b = { 0 };

	fake_module_make(m, &b, NULL);
	assert_int_equal(dir_make(dir), 0);
	assert_int_equal(file_write(path, b.data, b.len, 0600), 0);
}

static inline void world_put_module(struct world *w, const char *name)
{
	world_put_elf(w, name, &(struct fake_module){ .wide = true });
}

/* Of another machine: 32 bit. */
static inline void world_put_narrow_module(struct world *w, const char *name)
{
	world_put_elf(w, name, &(struct fake_module){ 0 });
}

static inline void world_set_kernel(struct world *w, const char *release)
{
	kernel_done(&w->kernel);
	kernel_init(&w->kernel, release, "x86_64", w->install_tree, NULL, NULL);
	free(w->built);
	w->built = xasprintf("tree/drv/1.0/%s/x86_64", release);
}

/* dir is a template for mkdtemp, written over. */
static inline void world_set_up_at(struct world *w, char *dir)
{
	*w = (struct world){ 0 };
	assert_non_null(mkdtemp(dir));
	w->dir = xstrdup(dir);
	w->dkms_tree = path_join(dir, "tree");
	w->source_tree = path_join(dir, "src");
	w->install_tree = path_join(dir, "modules");
	w->etc_dir = path_join(dir, "etc");
	w->source = path_join(w->source_tree, "drv-1.0");
	world_put(w, "src/drv-1.0/dkms.conf", "", 0644);
	world_put_module(w, "src/drv-1.0/made");
	world_put(w, "modules/6.1.0/build/include/config/kernel.release", "6.1.0\n", 0644);
	world_put(w, "tree/drv/1.0/build/old", "", 0644);
	{
		CLEAN(free) char *link = path_join(w->dkms_tree, "drv/1.0/source");

		assert_int_equal(symlink(w->source, link), 0);
	}
	w->module = (struct conf_module){ .built_name = (char *)"drv",
					  .built_location = (char *)"",
					  .dest_name = (char *)"drv-dest",
					  .dest_location = (char *)"/updates" };
	w->conf = (struct conf){ .module = (char *)"drv",
				 .version = (char *)"1.0",
				 .package_name = (char *)"drv",
				 .package_version = (char *)"1.0",
				 .modules = &w->module,
				 .n_modules = 1,
				 .make = (char *)"cp made drv.ko",
				 .patches = w->patches };
	w->toolchain.strip = (char *)"strip";
	env_copy(&w->environment, environ);
	world_set_kernel(w, "6.1.0");
	w->observer = (struct build_observer){ world_on_phase, world_on_warning, w };
	w->job = (struct build_job){ .conf = &w->conf,
				     .dkms_tree = w->dkms_tree,
				     .source_tree = w->source_tree,
				     .install_tree = w->install_tree,
				     .etc_dir = w->etc_dir,
				     .kernel = &w->kernel,
				     .framework = &w->framework,
				     .toolchain = &w->toolchain,
				     .environment = &w->environment,
				     .directives = &w->directives,
				     .dep_records = &w->deps,
				     .jobs = 2,
				     .observer = &w->observer };
}

static inline void world_set_up(struct world *w)
{
	char dir[] = "/tmp/dkms build XXXXXX";

	world_set_up_at(w, dir);
}

static inline int world_build(struct world *w)
{
	build_result_done(&w->result);
	fail_done(&w->fail);
	strv_done(&w->warnings);
	strv_done(&w->phases);
	return build_run(&w->job, &w->result, &w->fail);
}

static inline void clean_world(struct world *w)
{
	assert_int_equal(tree_remove(w->dir), 0);
	free(w->dir);
	free(w->dkms_tree);
	free(w->source_tree);
	free(w->install_tree);
	free(w->etc_dir);
	free(w->built);
	free(w->source);
	kernel_done(&w->kernel);
	strv_done(&w->environment);
	strv_done(&w->directives);
	strv_done(&w->deps);
	strv_done(&w->warnings);
	strv_done(&w->phases);
	build_result_done(&w->result);
	fail_done(&w->fail);
}

#endif
