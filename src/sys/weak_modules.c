/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/weak_modules.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/env.h"
#include "base/file.h"
#include "sys/run.h"

/* The program and its arguments; false: this distribution has none. */
static bool command_for(const struct distro *d, bool added, const char *kernel, const char **argv)
{
	size_t n = 0;

	switch (d->weak) {
	case WEAK_RHEL:
		argv[n++] = "/usr/sbin/weak-modules";
		argv[n++] = "--no-initramfs";
		argv[n++] = added ? "--add-modules" : "--remove-modules";
		break;
	case WEAK_SUSE:
		argv[n++] = "/usr/lib/module-init-tools/weak-modules2";
		argv[n++] = added ? "--add-kernel-modules" : "--remove-kernel-modules";
		argv[n++] = kernel;
		break;
	default:
		return false;
	}
	argv[n] = NULL;
	return access(argv[0], X_OK) == 0;
}

/* The paths, a line each, as a file that a child reads from its beginning. */
static int file_of(const struct strv *paths)
{
	CLEAN(fd) int fd = memfd_create("modules", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	for (size_t i = 0; i < paths->n && r == 0; i++) {
		r = fd_write_all(fd, paths->items[i], strlen(paths->items[i]));
		if (r == 0)
			r = fd_write_all(fd, "\n", 1);
	}
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

int weak_modules_tell(const struct distro *d, bool added, const char *kernel, const struct strv *paths,
		      const struct strv *environment, struct fail *f)
{
	const char *argv[4];
	CLEAN(fd) int in = -1;
	CLEAN(free) char *how = NULL;
	struct run run = { .argv = argv, .env = environment, .out_fd = RUN_NULL, .err_fd = RUN_INHERIT,
			   .shielded = true };
	struct run_result res = { 0 };
	int r;

	if (paths->n == 0 || !str_is_empty(env_get(environment, "NO_WEAK_MODULES")) ||
	    !command_for(d, added, kernel, argv))
		return 0;
	in = file_of(paths);
	if (in < 0)
		return fail_errno(f, in, "cannot tell '%s' of the modules", argv[0]);
	run.in_fd = in;
	r = run_command(&run, &res, f);
	if (r < 0 || res.status == 0)
		return r;
	how = run_end(&res, "failed with", NULL);
	return fail_set(f, -EIO, "'%s' %s", argv[0], how);
}
