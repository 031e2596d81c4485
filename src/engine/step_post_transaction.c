/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"
#include "sys/run.h"

int step_post_transaction(struct engine *e, struct step *s, struct fail *f)
{
	CLEAN(framework) struct framework fw = { 0 };
	CLEAN(free) char *path = path_join(e->setup->dkms_tree, "post_transaction.log");
	CLEAN(fd) int log = -1;
	const char *argv[] = { "bash", "-c", NULL, NULL };
	struct run run = { .argv = argv, .env = e->setup->environment, .err_fd = RUN_AS_OUT };
	struct run_result res = { 0 };

	if (plan_code(e->plan) != 0 || !plan_changed(e->plan, s->kernel) ||
	    str_is_empty(e->setup->framework->post_transaction))
		return 1;
	/* read again: $kernelver in it is the target kernel */
	if (framework_load(e->setup->etc_dir, s->kernel, e->setup->environment, &fw, NULL) < 0 ||
	    str_is_empty(fw.post_transaction))
		return 1;
	engine_phase(e, s, "post_transaction");
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	argv[2] = fw.post_transaction;
	run.out_fd = log >= 0 ? log : RUN_NULL;
	if (run_command(&run, &res, NULL) < 0 || res.status != 0) {
		CLEAN(free) char *text =
			xasprintf("post_transaction failed with status %d, see %s", res.status, path);

		engine_warn(e, s, text, NULL);
	}
	return 0;
}
