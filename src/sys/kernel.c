/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/kernel.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/elf_comment.h"

enum { CONFIG_MAX = 16 << 20, WALK_DEPTH = 32 };

static char *find_config(const char *source_dir)
{
	static const char *const names[] = { "include/config/auto.conf", ".config" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CLEAN(free) char *path = path_join(source_dir, names[i]);

		if (path_is_file(path))
			return TAKE_PTR(path);
	}
	return NULL;
}

void kernel_init(struct kernel *k, const char *release, const char *arch, const char *install_tree,
		 const char *source_dir, const char *config_file)
{
	*k = (struct kernel){
		.release = xstrdup(release),
		.arch = xstrdup(arch),
		.install_dir = path_join(install_tree, release),
	};
	k->source_dir = source_dir ? xstrdup(source_dir) : path_join(k->install_dir, "build");
	k->config_path = config_file ? xstrdup(config_file) : find_config(k->source_dir);
}

void kernel_done(struct kernel *k)
{
	free(k->release);
	free(k->arch);
	free(k->install_dir);
	free(k->source_dir);
	free(k->bare_dir);
	free(k->config_path);
	free(k->record);
	free(k->suffix);
	buf_done(&k->config_text);
	*k = (struct kernel){ 0 };
}

void kernel_set_config(struct kernel *k, const char *path)
{
	str_set(&k->config_path, path);
	k->config_read = false;
	buf_reset(&k->config_text);
}

void kernel_set_prepared(struct kernel *k, const char *dir)
{
	CLEAN(free) char *config = find_config(dir);

	free(k->bare_dir);
	k->bare_dir = TAKE_PTR(k->source_dir);
	k->source_dir = xstrdup(dir);
	kernel_set_config(k, config);
}

bool kernel_has_headers(const struct kernel *k)
{
	CLEAN(free) char *include = path_join(k->source_dir, "include");

	return path_exists(include);
}

bool kernel_is_installed(const struct kernel *k)
{
	return path_is_dir(k->install_dir);
}

const struct kconfig *kernel_config(struct kernel *k)
{
	if (!k->config_read) {
		k->config_read = true;
		if (!k->config_path ||
		    file_read(AT_FDCWD, k->config_path, CONFIG_MAX, &k->config_text) < 0)
			buf_reset(&k->config_text);
		k->config.text = buf_str(&k->config_text);
		k->config.len = k->config_text.len;
	}
	return &k->config;
}

bool kernel_has_config(struct kernel *k)
{
	return kernel_config(k)->len > 0;
}

bool kernel_is_clang(struct kernel *k)
{
	CLEAN(free) char *vmlinux = path_join(k->source_dir, "vmlinux");
	CLEAN(buf) struct buf comment = { 0 };

	if (elf_comment_read(vmlinux, &comment) == 0)
		return memmem(buf_str(&comment), comment.len, "clang version", 13) != NULL;
	return kconfig_is_on(kernel_config(k), "CONFIG_CC_IS_CLANG");
}

/* In order of preference where a kernel has several kinds. */
static const char *const suffixes[] = { ".ko.zst", ".ko.xz", ".ko.gz", ".ko" };

/* The better (smaller) of best and what lies below dir; COUNT_OF(suffixes) is nothing. */
static size_t best_suffix(int dirfd, const char *name, size_t best, int depth)
{
	CLEAN(dir) DIR *d = NULL;
	struct dirent *e;
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return best;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return best;
	}
	while (best > 0 && (e = readdir(d))) {
		/* build and source are links, which are not followed; of unknown type: openat tells
		 */
		if (e->d_name[0] == '.')
			continue;
		if ((e->d_type == DT_DIR || e->d_type == DT_UNKNOWN) && depth < WALK_DEPTH)
			best = best_suffix(fd, e->d_name, best, depth + 1);
		for (size_t i = 0; i < best && e->d_type != DT_DIR; i++)
			if (str_has_suffix(e->d_name, suffixes[i]))
				best = i;
	}
	return best;
}

const char *kernel_suffix(struct kernel *k)
{
	CLEAN(free) char *own = path_join(k->install_dir, "kernel");
	size_t best;

	if (k->suffix)
		return k->suffix;
	best = best_suffix(AT_FDCWD, own, COUNT_OF(suffixes), 0);
	if (best == COUNT_OF(suffixes))
		best = best_suffix(AT_FDCWD, k->install_dir, best, 0);
	k->suffix = xstrdup(best < COUNT_OF(suffixes) ? suffixes[best] : ".ko");
	return k->suffix;
}

char *kernel_running_release(void)
{
	struct utsname u;

	return xstrdup(uname(&u) == 0 ? u.release : "");
}

char *kernel_running_arch(void)
{
	struct utsname u;

	return xstrdup(uname(&u) == 0 ? u.machine : "");
}
