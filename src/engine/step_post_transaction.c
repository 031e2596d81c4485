/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"
#include "sys/build_log.h"
#include "sys/run.h"

/* The command with the shell variables that it may use; module and version there are none. */
static void add_arguments(struct engine *e, const struct step *s, const char *command, struct strv *argv)
{
	const struct kernel *k = engine_kernel(e, s->kernel, s->arch);
	const char *const words[] = {
		"bash",
		"-c",
		"kernelver=$1 arch=$2 kernel_source_dir=$3 dkms_tree=$4 source_tree=$5 install_tree=$6; "
		"shift 6; eval \"$1\"",
		"bash",
		s->kernel,
		s->arch,
		k->source_dir,
		e->setup->dkms_tree,
		e->setup->source_tree,
		e->setup->install_tree,
		command,
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		strv_add(argv, words[i]);
}

/* 0, or what speaks for a warning. Its output is a block in the log, as a build's commands have it. */
static int run_logged(struct engine *e, const struct step *s, const char *command, struct build_log *log)
{
	CLEAN(strv) struct strv argv = { 0 };
	struct run_result res = { 0 };
	struct run run = { .env = e->setup->environment, .err_fd = RUN_AS_OUT };
	int r;

	add_arguments(e, s, command, &argv);
	run.argv = (const char *const *)argv.items;
	run.out_fd = log->fd >= 0 ? log->fd : RUN_NULL;
	if (log->fd >= 0)
		build_log_begin(log, "Running the post_transaction command", command);
	r = run_command(&run, &res, NULL);
	if (log->fd >= 0)
		build_log_end(log, res.status, res.usec);
	return r < 0 ? 127 : res.status;
}

int step_post_transaction(struct engine *e, struct step *s, struct fail *f)
{
	const char *command;
	CLEAN(free) char *path = path_join(e->setup->dkms_tree, "post_transaction.log");
	CLEAN(build_log) struct build_log log = { .fd = -1 };
	int status;

	(void)f;
	command = engine_framework(e, s->kernel)->post_transaction;
	if (plan_code(e->plan) != 0 || !plan_changed(e->plan, s->kernel) ||
	    str_is_empty(command))
		return 1;
	engine_phase(e, s, "post_transaction");
	build_log_open(&log, path, NULL);
	status = run_logged(e, s, command, &log);
	if (status != 0) {
		CLEAN(free) char *text =
			xasprintf("post_transaction failed with status %d, see %s", status, path);

		engine_warn(e, s, text, NULL);
	}
	return 0;
}
