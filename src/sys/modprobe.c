/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/modprobe.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/run.h"

enum { DEPTH_MAX = 32, AT_ONCE = 256 };

static void collect(const char *dir, unsigned depth, struct strv *ret)
{
	CLEAN(dir) DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		CLEAN(free) char *path = NULL, *alias = NULL;

		if (e->d_name[0] == '.')
			continue;
		path = path_join(dir, e->d_name);
		if (e->d_type == DT_DIR && depth > 0)
			collect(path, depth - 1, ret);
		else if (str_eq(e->d_name, "modalias") && file_read_line(path, &alias) == 0 && *alias)
			strv_take(ret, TAKE_PTR(alias));
	}
}

static void run_quietly(const struct strv *argv, const struct strv *environment)
{
	struct run run = { .argv = (const char *const *)argv->items, .env = environment,
			   .out_fd = RUN_NULL, .err_fd = RUN_NULL };
	struct run_result res = { 0 };

	run_command(&run, &res, NULL);
}

static void begin(struct strv *argv)
{
	strv_done(argv);
	strv_split(argv, "modprobe -a -b -q", " ");
}

void modprobe_all(const struct strv *environment)
{
	CLEAN(strv) struct strv aliases = { 0 }, argv = { 0 };
	size_t n = 0;

	collect("/sys/devices", DEPTH_MAX, &aliases);
	strv_sort(&aliases);
	begin(&argv);
	for (size_t i = 0; i < aliases.n; i++) {
		if (i && str_eq(aliases.items[i], aliases.items[i - 1]))
			continue;
		strv_add(&argv, aliases.items[i]);
		if (++n < AT_ONCE)
			continue;
		run_quietly(&argv, environment);
		begin(&argv);
		n = 0;
	}
	if (n)
		run_quietly(&argv, environment);
	strv_done(&argv);
	strv_split(&argv, "systemctl restart systemd-modules-load.service", " ");
	run_quietly(&argv, environment);
}
