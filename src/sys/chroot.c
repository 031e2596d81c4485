/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/chroot.h"

#include <fcntl.h>

#include "base/env.h"
#include "base/file.h"

enum { MOUNTS_MAX = 64 << 20 };

static bool is_fakechroot(const struct strv *environment)
{
	static const char *const names[] = { "FAKECHROOT", "FAKECHROOT_BASE",
					     "FAKECHROOT_BASE_ORIG" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!str_is_empty(env_get(environment, names[i])))
			return true;
	return false;
}

/* False also where the mounts of process 1 cannot be read. */
static bool has_other_mounts(void)
{
	CLEAN(buf) struct buf ours = { 0 }, theirs = { 0 };

	if (file_read(AT_FDCWD, "/proc/1/mountinfo", MOUNTS_MAX, &theirs) < 0 ||
	    file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &ours) < 0)
		return false;
	return ours.len != theirs.len || memcmp(buf_str(&ours), buf_str(&theirs), ours.len) != 0;
}

static bool has_other_root(void)
{
	struct stat ours, theirs;

	if (stat("/", &ours) < 0 || stat("/proc/1/root/", &theirs) < 0)
		return true;
	return ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino;
}

bool chroot_detect(const struct strv *environment)
{
	return is_fakechroot(environment) || has_other_mounts() ||
	       (geteuid() == 0 && has_other_root());
}
