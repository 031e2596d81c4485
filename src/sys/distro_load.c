/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/distro_load.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/file.h"
#include "base/path.h"
#include "core/outcome.h"

enum { TEXT_MAX = 256 * 1024 };

static int read_below(const char *root, const char *file, struct buf *ret)
{
	CLEAN(free) char *path = path_join(root, file);

	buf_reset(ret);
	return file_read(AT_FDCWD, path, TEXT_MAX, ret);
}

static void load_dest(const char *root, const struct strv *environment, struct distro *d)
{
	const char *dest = environment ? env_get(environment, "ADDON_MODULES_DIR") : NULL;
	CLEAN(free) char *from_file = NULL;
	CLEAN(buf) struct buf text = { 0 };

	if (str_is_empty(dest) &&
	    read_below(root, "/etc/sysconfig/module-init-tools", &text) == 0) {
		from_file = distro_variable(buf_str(&text), "ADDON_MODULES_DIR");
		dest = from_file;
	}
	distro_set_dest(d, dest);
}

int distro_load_below(const char *root, const struct strv *environment, struct distro *ret,
		      struct fail *f)
{
	CLEAN(buf) struct buf text = { 0 };

	if (read_below(root, "/etc/os-release", &text) < 0 &&
	    read_below(root, "/usr/lib/os-release", &text) < 0) {
		fail_set(f, -E_NO_OS_RELEASE,
			 "neither '/etc/os-release' nor '/usr/lib/os-release' can be read");
		fail_hint(f, "dkms needs it to know where this distribution keeps its modules");
		return -E_NO_OS_RELEASE;
	}
	distro_parse(buf_str(&text), ret);
	load_dest(root, environment, ret);
	return 0;
}

int distro_load(const struct strv *environment, struct distro *ret, struct fail *f)
{
	return distro_load_below("/", environment, ret, f);
}
