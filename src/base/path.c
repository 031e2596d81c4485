/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"

#include "base/buf.h"
#include "base/mem.h"

char *path_join_parts(const char *const *parts)
{
	struct buf b = { 0 };

	for (; *parts; parts++) {
		const char *s = *parts;

		if (*s == '\0')
			continue;
		if (b.len) {
			if (b.data[b.len - 1] != '/')
				buf_add_char(&b, '/');
			s += strspn(s, "/");
		}
		buf_add_str(&b, s);
	}
	return buf_take(&b);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	if (slash == path)
		return xstrdup("/");
	return xstrndup(path, (size_t)(slash - path));
}

bool path_has_dotdot(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += n;
		path += strspn(path, "/");
	}
	return false;
}

char *path_squeeze(const char *path)
{
	struct buf b = { 0 };

	if (*path == '/')
		buf_add_char(&b, '/');
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n > 0 && !(n == 1 && *path == '.')) {
			if (b.len && b.data[b.len - 1] != '/')
				buf_add_char(&b, '/');
			buf_add(&b, path, n);
		}
		path += n;
	}
	if (b.len == 0)
		buf_add_char(&b, '.');
	return buf_take(&b);
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) != 0)
		return false;
	return path[n] == '\0' || path[n] == '/' || (n > 0 && dir[n - 1] == '/');
}
