/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/mem.h"
#include "cmd/app.h"
#include "sys/journal.h"

/* The lock of the dkms tree. */

static void say_waiting(void *ctx, pid_t holder, const char *command)
{
	const struct app *app = ctx;

	report_line(&app->report, "waiting for another dkms to end: process %d%s%s", (int)holder,
		    command ? ", " : "", command ? command : "");
	fflush(stdout);
}

static void warn_of_no_locks(const struct app *app)
{
	CLEAN(free) char *text = xasprintf("the dkms tree '%s' has no locks (%s): it is not seen whether another dkms "
					   "changes it now",
					   app->dkms_tree, strerror(app->lock.no_locks));

	report_warning(&app->report, text, NULL);
}

/* For its scripts, which may call dkms. */
static void tell_of_holder(struct app *app)
{
	CLEAN(free) char *pid = xasprintf("%d", (int)getpid());

	env_set(&app->environment, LOCK_HOLDER, pid);
}

int app_take_lock(struct app *app, struct fail *f)
{
	CLEAN(fail) struct fail why = { 0 };
	int r;

	umask(022);
	r = lock_take(&app->lock, app->dkms_tree, say_waiting, app, f);
	if (r < 0)
		return r;
	app->is_locked = true;
	if (app->lock.no_locks)
		warn_of_no_locks(app);
	if (app->lock.held)
		tell_of_holder(app);
	if (app->lock.held && journal_has_records(app->dkms_tree)) {
		report_line(&app->report, "finishing what an interrupted dkms left");
		if (journal_recover(app->dkms_tree, &why) < 0)
			report_warning(&app->report, why.text, why.hint);
	}
	return 0;
}

int app_hold(struct app *app, struct fail *f)
{
	CLEAN(fail) struct fail why = { 0 };
	int r;

	if (app->is_locked || app_need_access(app, &why) < 0)
		return 0;
	r = app_take_lock(app, f);
	return r < 0 ? r : -ERESTART;
}
