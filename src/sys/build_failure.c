/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_failure.h"

#include <errno.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/run.h"

enum { APPORT_MS = 60000 };

#define APPORT_HOOK "/usr/share/apport/package-hooks/dkms_packages.py"

static void write_record(const struct build *b, const struct fail *why, const struct errlog *errors)
{
	CLEAN(free) char *dir = layout_failed(&b->at);
	CLEAN(free) char *record = path_join(dir, "record"), *log = path_join(dir, "log");
	CLEAN(buf) struct buf text = { 0 };
	time_t now = time(NULL);
	char when[40] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_add_fmt(&text, "kernel: %s\narch: %s\nexit-status: %d\nwhen: %s\nwhat: %s\n",
		    b->at.kernel, b->at.arch, outcome_exit_status(why->code), when,
		    why->text ? why->text : "");
	for (size_t i = 0; i < errors->lines.n; i++)
		buf_add_fmt(&text, "error: %s\n", errors->lines.items[i]);
	if (dir_make(dir) < 0 || file_write(record, buf_str(&text), text.len, 0644) < 0)
		return;
	if (b->log.path)
		build_log_save(&b->log, log);
}

/* Ubuntu's bug reporter collects failed builds. */
static void tell_apport(const struct build *b)
{
	const char *const argv[] = { "python3",	    APPORT_HOOK, "-m",	       b->at.module, "-v",
				     b->at.version, "-k",	 b->at.kernel, NULL };
	struct run r = { .argv = access(APPORT_HOOK, X_OK) == 0 ? argv + 1 : argv,
			 .env = b->job->environment,
			 .out_fd = RUN_NULL,
			 .err_fd = RUN_NULL,
			 .timeout_ms = APPORT_MS };
	struct run_result res;

	if (path_is_file(APPORT_HOOK))
		run_command(&r, &res, NULL);
}

static bool is_of_the_source(int code)
{
	return code == -E_MAKE_FAILED || code == -E_PATCH_FAILED || code == -E_NO_RESULT ||
	       code == -E_WRONG_RESULT;
}

/* Failures of commands that the log shows; with -E_NO_RESULT a make that hid its own failure. */
static bool is_in_the_log(int code)
{
	return code == -E_MAKE_FAILED || code == -E_PATCH_FAILED || code == -E_NO_RESULT ||
	       code < -E_SCRIPT;
}

static void find_errors(const struct build *b, struct errlog *ret)
{
	CLEAN(buf) struct buf text = { 0 };

	/* the log's own first line, from which errlog_find takes the names */
	buf_add_fmt(&text, "DKMS (dkms-%s) make.log for %s/%s for kernel %s (%s)\n", DKMS_VERSION,
		    b->at.module, b->at.version, b->at.kernel, b->at.arch);
	if (build_log_last(&b->log, &text) == 0)
		errlog_find(buf_str(&text), text.len, ret);
}

void build_failure_tell(struct build *b, const struct fail *why, struct build_result *ret)
{
	if (why->code == -ECANCELED)
		return;
	if (b->log.path && is_in_the_log(why->code))
		find_errors(b, &ret->errlog);
	write_record(b, why, &ret->errlog);
	if (is_of_the_source(why->code))
		tell_apport(b);
}

void build_failure_forget(const struct build *b)
{
	CLEAN(free) char *dir = layout_failed(&b->at);
	CLEAN(free) char *up = path_dir(dir);
	CLEAN(free) char *version_dir = layout_version(&b->at);

	if (tree_remove(dir) == 0)
		dir_prune(up, version_dir);
}
