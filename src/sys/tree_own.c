/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/tree_own.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"

struct owner {
	uid_t uid;
	gid_t gid;
	int first; /* error */
};

static void note(struct owner *o, int err)
{
	if (!o->first)
		o->first = -err;
}

static void own_children(struct owner *o, int up, const char *name)
{
	CLEAN(dir) DIR *d = NULL;
	int fd = openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		note(o, errno);
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fchown(fd, o->uid, o->gid) < 0)
		note(o, errno);
	for (struct dirent *e; (e = readdir(d));) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		if (e->d_type == DT_DIR)
			own_children(o, fd, e->d_name);
		else if (fchownat(fd, e->d_name, o->uid, o->gid, AT_SYMLINK_NOFOLLOW) < 0)
			note(o, errno);
	}
}

int tree_own(const char *dir, uid_t uid, gid_t gid)
{
	struct owner o = { uid, gid, 0 };

	own_children(&o, AT_FDCWD, dir);
	return o.first;
}
