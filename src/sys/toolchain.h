/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_TOOLCHAIN_H
#define DKMS_SYS_TOOLCHAIN_H

#include "base/fail.h"
#include "base/strv.h"
#include "core/cross.h"
#include "sys/kernel.h"

/* CC, LD and strip for a kernel (dkms(8), "Toolchain"). NULL: nothing to say, make's own default.
 */
struct toolchain {
	char *cc;      /* value of CC and KERNEL_CC, or NULL */
	char *ld;      /* value of LD and KERNEL_LD, or NULL */
	char *strip;   /* "strip" or "llvm-strip", of a cross build with its prefix */
	char *missing; /* the compiler that built the kernel and is not installed, or NULL */
	const struct cross *cross; /* the kernel's architecture is another than ours; else NULL */
	char *prefix;		   /* CROSS_COMPILE then: that of the environment, else the usual one */
	char *identity; /* what toolchain_identity() says, if somebody has asked; else NULL */
};

/* `environment` gives PATH. A missing compiler is no failure here: ret->missing names it. */
int toolchain_choose(struct kernel *k, const struct strv *environment, struct toolchain *ret,
		     struct fail *f);
/* ARCH and CROSS_COMPILE of a cross build; of any other nothing. */
void toolchain_set_cross(const struct toolchain *t, struct strv *env);
/*
 * What the kernel's own makefiles take for CC when nobody says otherwise, whatever toolchain_choose() says to others:
 * the kernel's .kernelvariables, clang where LLVM=1 is given, else gcc behind CROSS_COMPILE. Caller frees.
 */
char *toolchain_kbuild_cc(struct kernel *k, const struct strv *environment);
/* What a command of words and blanks says that it is: the first line of its --version; caller frees; NULL: nothing. */
char *tool_identity(const char *command, const struct strv *environment);
/* The compiler's; caller frees; NULL: it says nothing. */
char *toolchain_identity(const struct toolchain *t, const struct strv *environment);
void toolchain_done(struct toolchain *t);
static inline void clean_toolchain(struct toolchain *t)
{
	toolchain_done(t);
}

#endif
