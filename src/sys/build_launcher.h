/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_LAUNCHER_H
#define DKMS_SYS_BUILD_LAUNCHER_H

#include "sys/build_state.h"

/*
 * The launcher of a build's compiler (dkms(8), "LAUNCHERS"). It changes how long a build takes, never what comes out
 * or whether something does: where it cannot be used the build goes on without, and one that failed with it is made
 * again without.
 */

/* Decides for this build, once, when environment and sandbox are chosen: its directory becomes the build user's, and
 * the build user may become the one who has it. */
void build_launcher_prepare(struct build *b);
void build_launcher_done(struct build *b);

/* The compiler as make is told of it; borrowed; NULL: it is told nothing. */
const char *build_launcher_cc(const struct build *b);
/* Sets what a make command's environment has of it, and of the other `flags` ("" for none) for makes. */
void build_launcher_environment(struct build *b, const char *flags, struct strv *env);
/* Does it start a server of its own, in the sandbox, that it talks to over the loopback interface? */
bool build_launcher_has_server(const struct build *b);
/* Has a command been run with it in this try? */
bool build_launcher_was_used(const struct build *b);
/* After a failure: is it to be tried again, without? Then there is none from now on. */
bool build_launcher_give_up(struct build *b, const struct fail *why);

#endif
