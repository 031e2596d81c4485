/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/helper.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"

char *helper_find(const char *name)
{
	CLEAN(free) char *self = NULL, *dir = NULL;
	char *found;

	if (link_read(AT_FDCWD, "/proc/self/exe", &self) == 0) {
		dir = path_dir(self);
		found = path_join(dir, name);
		if (access(found, X_OK) == 0)
			return found;
		free(found);
		found = path_join(dir, "src/helper", name);
		if (access(found, X_OK) == 0)
			return found;
		free(found);
	}
	found = path_join(LIBEXEC_DIR, name);
	if (access(found, X_OK) == 0)
		return found;
	free(found);
	return NULL;
}

char *helper_said(const struct buf *said, const char *program)
{
	CLEAN(strv) struct strv lines = { 0 }, kept = { 0 };
	CLEAN(free) char *prefix = xasprintf("%s: ", path_base(program));

	strv_split(&lines, buf_str(said), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (str_has_prefix(lines.items[i], prefix))
			strv_add(&kept, lines.items[i] + strlen(prefix));
	return strv_join(kept.n ? &kept : &lines, "; ");
}
