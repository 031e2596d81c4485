/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/rpm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/run.h"

enum { NOTE_MAX = 4096, STAT_MAX = 4096 };

char *rpm_arch_of(const char *path, const struct strv *environment)
{
	const char *const argv[] = { "rpm", "-qf", "--queryformat", "%{ARCH}\n", path, NULL };
	CLEAN(buf) struct buf out = { 0 };
	struct run run = { .argv = argv, .env = environment, .out_fd = RUN_NULL, .err_fd = RUN_NULL,
			   .capture = &out, .capture_max = NOTE_MAX };
	struct run_result res = { 0 };
	size_t n;

	if (run_command(&run, &res, NULL) < 0 || res.status != 0)
		return NULL;
	n = strcspn(buf_str(&out), "\n");
	return n ? xstrndup(out.data, n) : NULL;
}

bool rpm_owns(const char *path, const struct strv *environment)
{
	CLEAN(free) char *arch = rpm_arch_of(path, environment);

	return arch != NULL;
}

/* A field of /proc/PID/stat, counted as in proc(5) from 1; those up to the name are not to be had. 0: unknown. */
static unsigned long long stat_field(pid_t pid, int field)
{
	CLEAN(free) char *path = xasprintf("/proc/%d/stat", (int)pid);
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(strv) struct strv words = { 0 };
	const char *p;

	if (file_read(AT_FDCWD, path, STAT_MAX, &b) < 0)
		return 0;
	p = strrchr(buf_str(&b), ')');
	if (!p)
		return 0;
	strv_split(&words, p + 1, " \n");
	return words.n > (size_t)field - 3 ? strtoull(words.items[field - 3], NULL, 10) : 0;
}

static pid_t rpm_process(void)
{
	enum { PPID = 4 };

	return (pid_t)stat_field(getppid(), PPID);
}

static char *note_text(pid_t pid, const char *module, const char *version)
{
	enum { STARTTIME = 22 };

	return xasprintf("%s-%s\n%llu\n", module, version, stat_field(pid, STARTTIME));
}

static char *note_prefix(pid_t pid)
{
	return xasprintf("dkms_rpm_safe_upgrade_lock.%d.", (int)pid);
}

int rpm_upgrade_note(const char *tmp, const char *module, const char *version, struct fail *f)
{
	pid_t pid = rpm_process();
	CLEAN(free) char *text = note_text(pid, module, version), *prefix = note_prefix(pid);
	CLEAN(free) char *path = xasprintf("%s/%sXXXXXX", tmp, prefix);
	CLEAN(fd) int fd = mkostemp(path, O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	return r < 0 ? fail_errno(f, r, "cannot write '%s'", path) : 0;
}

/* In a directory that anybody may write to, only a note of our own counts. */
static bool is_note(const char *path, const char *text)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEAN(buf) struct buf b = { 0 };
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       fd_read_all(fd, NOTE_MAX, &b) == 0 && str_eq(buf_str(&b), text);
}

bool rpm_upgrade_is_noted(const char *tmp, const char *module, const char *version, bool uses_up)
{
	pid_t pid = rpm_process();
	CLEAN(free) char *text = note_text(pid, module, version), *prefix = note_prefix(pid);
	CLEAN(strv) struct strv names = { 0 };
	bool noted = false;

	dir_list(tmp, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(tmp, names.items[i]);

		if (str_has_prefix(names.items[i], prefix) && is_note(path, text)) {
			if (uses_up)
				unlink(path);
			noted = true;
		}
	}
	return noted;
}
