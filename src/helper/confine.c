/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/confine.h"

#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HAS_SHADOW_MEMORY true
#else
#define HAS_SHADOW_MEMORY false
#endif

enum { NOBODY = 65534, MEMORY_MAX = 240 << 20, CPU_SECONDS = 600, OPEN_FILES = 32 };

static int limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit l = { value, value }, now;

	/* never more than we have */
	if (getrlimit(what, &now) == 0 && now.rlim_max < value)
		l.rlim_cur = l.rlim_max = now.rlim_max;
	return setrlimit(what, &l);
}

static int set_limits(uint64_t file_size, struct fail *f)
{
	if (limit(RLIMIT_CPU, CPU_SECONDS) < 0 || limit(RLIMIT_FSIZE, file_size) < 0 ||
	    limit(RLIMIT_NOFILE, OPEN_FILES) < 0 || limit(RLIMIT_CORE, 0) < 0)
		return fail_errno(f, errno, "cannot set limits");
	if (!HAS_SHADOW_MEMORY && limit(RLIMIT_AS, MEMORY_MAX) < 0)
		return fail_errno(f, errno, "cannot set a limit on memory");
	return 0;
}

static int become_nobody(int dirfd, struct fail *f)
{
	if (dirfd >= 0 && fchown(dirfd, NOBODY, NOBODY) < 0)
		return errno == EINVAL || errno == EPERM
			       ? 0
			       : fail_errno(f, errno, "cannot give the directory away");
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return fail_errno(f, errno, "cannot become nobody");
	/* (the leak checker of a sanitizer looks at us from outside) */
	if (HAS_SHADOW_MEMORY)
		prctl(PR_SET_DUMPABLE, 1);
	else if (limit(RLIMIT_NPROC, 0) < 0)
		return fail_errno(f, errno, "cannot set limits");
	return 0;
}

int confine(int dirfd, uint64_t file_size, struct fail *f)
{
	int r = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(f, errno, "cannot give up privileges");
	if (geteuid() == 0)
		r = become_nobody(dirfd, f);
	return r < 0 ? r : set_limits(file_size, f);
}
