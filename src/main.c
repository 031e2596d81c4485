/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "cmd/app.h"
#include "sys/run.h"

/* A run that a signal ended dies of that signal, as its caller's shell expects. */
static void die_of_signal(int sig)
{
	sigset_t set;

	fflush(NULL);
	signal(sig, SIG_DFL);
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	int status;

	run_block_signals();
	status = app_main(argc, argv);
	if (run_pending_signal())
		die_of_signal(run_pending_signal());
	return status;
}
