/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_SANDBOX_H
#define DKMS_SYS_BUILD_SANDBOX_H

#include "sys/build_state.h"

/*
 * The sandbox of a build's commands, and what is done when it was in their way (dkms(8), "Sandbox"). Between
 * build_sandbox_enter and build_sandbox_leave patches, PRE_BUILD and make run in it. Whatever keeps it from being made
 * is a warning, not a failed build, unless it is strict.
 */

/* Decides for this build; once, before anything else of this file. */
void build_sandbox_prepare(struct build *b);
/* A directory that commands may write to besides. */
void build_sandbox_let_write(struct build *b, const char *dir);
/* What of the network commands may reach besides, as framework.conf's build_launcher_network says it. */
void build_sandbox_let_connect(struct build *b, const char *text);
/* Do commands run with another user's rights? */
bool build_sandbox_has_user(const struct build *b);
/* The build directory is complete: it becomes the build user's. */
int build_sandbox_enter(struct build *b, struct fail *f);
/* Ends all that runs in it and tells what was denied; r is what became of the commands. */
void build_sandbox_leave(struct build *b, int r);
/* After a failure: is it to be tried again, with more allowed? */
bool build_sandbox_may_retry(struct build *b, const struct fail *why);
/* Makes the build directory root's again. */
void build_sandbox_give_back(struct build *b);
void build_sandbox_done(struct build *b);

/* The signing keys, which nobody inside may read: `key` (may be NULL), that of the settings, and those that lie
 * where they usually do. */
void build_sandbox_secrets(const struct framework *fw, const char *key, struct strv *ret);
/* What the environment of a command in a sandbox has otherwise. */
void build_sandbox_environment(const struct sandbox *s, struct strv *env);
/* Does what the last command said have words of the C library and of tools for what a sandbox may have caused? Or
 * nothing that explains its failure. */
bool build_sandbox_may_be_why(const struct build_log *log);
/* Runs a command that failed, after `usec`, once more with its reads watched. */
void build_sandbox_watch_again(struct sandbox *s, const struct run *r, int64_t usec);

/* For commands: what their run and environment need more inside. */
void build_sandbox_place(struct build *b, struct run *r, struct strv *env);
/* A command could not enter it, as f says: the build goes on without, unless it is strict. */
int build_sandbox_give_up(struct build *b, struct fail *f);
/* A command failed: if it is known neither of any denial nor of a limit, it is run again with its reads watched, unless
 * the log says enough. */
void build_sandbox_inspect(struct build *b, const struct run *r, const struct run_result *res);
/* For now and then while a command runs. */
void build_sandbox_look(struct build *b);
/* A place that it may write to and that is all but full since it does; NULL: none. */
const char *build_full_disk(const struct build *b);

#endif
