/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * walk DKMS_TREE INSTALL_TREE: the limit for `dkms status`. Opens the directories of a dkms tree that have
 * to be looked at and stats the files: source link, built modules, active links, installed modules. Without
 * arguments it does nothing: the limit for starting a program at all.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static DIR *open_below(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? NULL : fdopendir(fd);
}

static struct dirent *next(DIR *d)
{
	struct dirent *e = readdir(d);
	while (e && e->d_name[0] == '.')
		e = readdir(d);
	return e;
}

static void installed(int install, const char *kernel, const char *file)
{
	char path[4096];
	struct stat st;
	snprintf(path, sizeof path, "%s/updates/dkms/%s", kernel, file);
	fstatat(install, path, &st, 0);
}

static void kernel_of(int at, const char *kernel, int install)
{
	DIR *archs = open_below(at, kernel);
	if (!archs)
		return;
	for (struct dirent *a = next(archs); a; a = next(archs)) {
		char path[512];
		struct stat st;
		snprintf(path, sizeof path, "%s/module", a->d_name);
		DIR *modules = open_below(dirfd(archs), path);
		if (!modules)
			continue;
		for (struct dirent *m = next(modules); m; m = next(modules)) {
			fstatat(dirfd(modules), m->d_name, &st, 0);
			installed(install, kernel, m->d_name);
		}
		closedir(modules);
	}
	closedir(archs);
}

static void version_of(int at, const char *version, int install)
{
	DIR *kernels = open_below(at, version);
	if (!kernels)
		return;
	struct stat st;
	fstatat(dirfd(kernels), "source/dkms.conf", &st, 0);
	for (struct dirent *k = next(kernels); k; k = next(kernels))
		if (k->d_name[0] >= '0' && k->d_name[0] <= '9')
			kernel_of(dirfd(kernels), k->d_name, install);
	closedir(kernels);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 0;
	int install = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *modules = open_below(AT_FDCWD, argv[1]);
	for (struct dirent *m = modules ? next(modules) : NULL; m; m = next(modules)) {
		DIR *versions = open_below(dirfd(modules), m->d_name);
		if (!versions)
			continue;
		for (struct dirent *v = next(versions); v; v = next(versions)) {
			char target[512];
			if (strncmp(v->d_name, "kernel-", 7) == 0)
				(void)!readlinkat(dirfd(versions), v->d_name, target, sizeof target);
			else
				version_of(dirfd(versions), v->d_name, install);
		}
		closedir(versions);
	}
	return 0;
}
