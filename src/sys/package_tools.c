/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/package_tools.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"

enum { LOG_MAX = 64 << 20, LINES_SHOWN = 12 };

struct tool {
	const char *program;
	const char *debian, *rpm; /* the package that has it */
};

static const struct tool tools[] = {
	[PACKAGE_DEB] = { "dpkg-buildpackage", "dpkg-dev", "dpkg-dev" },
	[PACKAGE_DEB_MODULES] = { "dpkg-buildpackage", "dpkg-dev", "dpkg-dev" },
	[PACKAGE_DSC] = { "dpkg-source", "dpkg-dev", "dpkg-dev" },
	[PACKAGE_RPM] = { "rpmbuild", "rpm", "rpm-build" },
	[PACKAGE_RPM_MODULES] = { "rpmbuild", "rpm", "rpm-build" },
};

static void add_define(struct strv *argv, const char *name, const char *value)
{
	strv_add(argv, "--define");
	strv_add_fmt(argv, "%s %s", name, value);
}

/* What is built in must not depend on the machine: its name, its clock, its own wishes for what is
 * installed. */
static void rpm_arguments(const struct package_room *room, struct strv *argv)
{
	strv_add(argv, "-bb");
	if (room->rpm_arch) {
		strv_add(argv, "--target");
		strv_add(argv, room->rpm_arch);
	}
	add_define(argv, "_topdir", room->top);
	add_define(argv, "_sourcedir", room->work);
	add_define(argv, "_rpmdir", room->top);
	add_define(argv, "_rpmfilename", "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm");
	add_define(argv, "_buildhost", "localhost");
	add_define(argv, "_build_id_links", "none");
	add_define(argv, "use_source_date_epoch_as_buildtime", "1");
	add_define(argv, "clamp_mtime_to_source_date_epoch", "1");
	add_define(argv, "source_date_epoch_from_changelog", "0");
	add_define(argv, "debug_package", "%{nil}");
	add_define(argv, "__os_install_post", "%{nil}");
	add_define(argv, "_dbpath", room->top);
	strv_add(argv, room->spec);
}

static void arguments(enum package_kind kind, const struct package_room *room, struct strv *argv)
{
	strv_add(argv, tools[kind].program);
	switch (kind) {
	case PACKAGE_DSC:
		strv_add(argv, "-b");
		strv_add(argv, room->work);
		break;
	case PACKAGE_RPM:
	case PACKAGE_RPM_MODULES:
		rpm_arguments(room, argv);
		break;
	default:
		strv_add(argv, "-b");
		/* nothing is compiled: a machine without build-essential will do */
		strv_add(argv, "-d");
		strv_add(argv, "-us");
		strv_add(argv, "-uc");
		if (room->arch)
			strv_add_fmt(argv, "-a%s", room->arch);
	}
}

static int refuse_missing(const struct tool *t, const struct strv *environment, struct fail *f)
{
	CLEAN(free) char *found = run_find(t->program, environment);

	if (found)
		return 0;
	fail_set(f, -E_PACKAGE_FAILED, "there is no '%s' to make a package with", t->program);
	if (str_eq(t->debian, t->rpm))
		fail_hint(f, "install the package %s", t->debian);
	else
		fail_hint(f, "install the package %s (on Debian %s)", t->rpm, t->debian);
	return -E_PACKAGE_FAILED;
}

/* The last lines of the log; caller frees. */
static char *last_lines(const char *log)
{
	CLEAN(buf) struct buf text = { 0 };
	const char *p, *begin;

	if (file_read(AT_FDCWD, log, LOG_MAX, &text) < 0)
		return xstrdup("");
	begin = buf_str(&text);
	p = begin + text.len;
	while (p > begin && p[-1] == '\n')
		text.data[--p - begin] = '\0';
	for (int lines = 0; p > begin; p--)
		if (p[-1] == '\n' && ++lines == LINES_SHOWN)
			break;
	return xstrdup(p);
}

int package_run(enum package_kind kind, const struct package_room *room, struct fail *f)
{
	CLEAN(free) char *log = path_join(room->top, "log"), *last = NULL, *how = NULL;
	CLEAN(fd) int fd = open(log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CLEAN(strv) struct strv argv = { 0 };
	struct run_result res = { 0 };
	struct run run = {
		.env = room->environment,
		.cwd = kind == PACKAGE_DSC ? room->top : room->work,
		.out_fd = fd,
		.err_fd = RUN_AS_OUT,
	};
	int r;

	if (fd < 0)
		return fail_errno(f, errno, "cannot write '%s'", log);
	r = refuse_missing(&tools[kind], room->environment, f);
	if (r < 0)
		return r;
	arguments(kind, room, &argv);
	run.argv = (const char *const *)argv.items;
	r = run_command(&run, &res, f);
	if (r < 0 || res.status == 0)
		return r;
	last = last_lines(log);
	how = run_end(&res, "failed with exit", NULL);
	fail_set(f, -E_PACKAGE_FAILED, "%s %s:\n%s", tools[kind].program, how, last);
	return -E_PACKAGE_FAILED;
}
