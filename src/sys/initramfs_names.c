/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/initramfs_names.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { KNOWN_MAX = 4 << 20 };

static const char place[] = CACHE_DIR "/initramfs";

/* The first line; only what begins with the same is about the same image. */
static char *first_line(const char *image, const struct file_stamp *s)
{
	return xasprintf("modules of %" PRIu64 " %" PRIu64 " %" PRId64 ".%" PRIu32 " %" PRId64 ".%" PRIu32 " %s\n",
			 s->inode, s->size, s->mtime_sec, s->mtime_nsec, s->ctime_sec, s->ctime_nsec, image);
}

bool initramfs_names_know(const char *image, const struct file_stamp *now, struct strv *ret)
{
	CLEAN(free) char *path = path_join(place, path_base(image)), *first = first_line(image, now);
	CLEAN(strv) struct strv names = { 0 };
	CLEAN(buf) struct buf text = { 0 };

	if (!now->is_known || file_read(AT_FDCWD, path, KNOWN_MAX, &text) < 0 ||
	    !str_has_prefix(buf_str(&text), first))
		return false;
	strv_split(&names, text.data + strlen(first), "\n");
	/* all of it is there */
	if (names.n == 0 || !str_eq(names.items[names.n - 1], "end."))
		return false;
	for (size_t i = 0; i + 1 < names.n; i++)
		strv_add(ret, names.items[i]);
	return true;
}

static void forget_the_gone(const char *dir_of_images)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(place, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *image = path_join(dir_of_images, names.items[i]);
		CLEAN(free) char *path = path_join(place, names.items[i]);

		if (!path_exists(image))
			unlink(path);
	}
}

void initramfs_names_keep(const char *image, const struct file_stamp *then, const struct strv *names)
{
	CLEAN(free) char *path = path_join(place, path_base(image)), *first = first_line(image, then);
	CLEAN(free) char *images = path_dir(image);
	CLEAN(buf) struct buf text = { 0 };

	if (!then->is_known || dir_make(place) < 0)
		return;
	forget_the_gone(images);
	buf_add_str(&text, first);
	for (size_t i = 0; i < names->n; i++) {
		buf_add_str(&text, names->items[i]);
		buf_add_str(&text, "\n");
	}
	buf_add_str(&text, "end.\n");
	file_write(path, text.data, text.len, 0644);
}
