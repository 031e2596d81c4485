/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox_decoy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

int sandbox_decoy_watch(void)
{
	int fd =
		fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Mode 0 where there is no watch: root's own rights do not read more than nothing either. */
static int make_decoy(int watch, const char *path)
{
	CLEAN(fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (watch >= 0 && fchmod(fd, 0444) == 0 &&
	    fanotify_mark(watch, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path) < 0 &&
	    fchmod(fd, 0) < 0)
		return -errno;
	return 0;
}

int sandbox_decoy_put(int watch, const struct strv *files, const char *dir)
{
	CLEAN(free) char *decoy = path_join(dir, ".hidden");
	bool is_made = false;
	int r = 0;

	for (size_t i = 0; i < files->n && r == 0; i++) {
		if (!path_is_file(files->items[i]))
			continue;
		r = is_made ? 0 : make_decoy(watch, decoy);
		is_made = is_made || r == 0;
		if (r == 0 && mount(decoy, files->items[i], NULL, MS_BIND, NULL) < 0)
			r = -errno;
	}
	if (is_made)
		unlink(decoy);
	return r;
}

/* What was opened, by the name that it has in the sandbox. No try gets it. */
static void tell(int opened, struct denials *denied)
{
	static const char unlinked[] = " (deleted)"; /* which the decoy is */
	CLEAN(free) char *link = xasprintf("/proc/self/fd/%d", opened);
	struct denial d = { .kind = DENIED_READ };

	if (link_read(AT_FDCWD, link, &d.what) < 0)
		return;
	if (str_has_suffix(d.what, unlinked))
		d.what[strlen(d.what) - strlen(unlinked)] = '\0';
	denials_take(denied, &d);
}

void sandbox_decoy_serve(int watch, struct denials *denied)
{
	struct fanotify_event_metadata events[16];
	ssize_t n = read(watch, events, sizeof(events));

	for (const struct fanotify_event_metadata *e = events; FAN_EVENT_OK(e, n);
	     e = FAN_EVENT_NEXT(e, n)) {
		const struct fanotify_response answer = { .fd = e->fd, .response = FAN_DENY };

		if (e->fd < 0)
			continue;
		if (e->mask & FAN_OPEN_PERM) {
			tell(e->fd, denied);
			(void)!write(watch, &answer, sizeof(answer));
		}
		close(e->fd);
	}
}
