/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_KERNEL_TREE_H
#define DKMS_CORE_KERNEL_TREE_H

#include "base/strv.h"

/*
 * What is known of a kernel's source tree by names alone (dkms(8), "Kernel trees that were never built").
 */

/*
 * The names that the configuration of a kernel may have in configs/ of its tree, as Red Hat gives them, the closest
 * first: kernel-<release>.config, kernel-<release>-<arch>.config, then those of the version and flavour
 * (kernel-5.14.0-x86_64-debug.config for 5.14.0-503.el9.x86_64+debug), then without a version. A flavour is never left
 * out: the configuration of another one would build modules that do not fit.
 */
void kernel_config_names(const char *release, const char *arch, struct strv *ret);

/* "6.1.192" from the text of a kernel's Makefile (VERSION, PATCHLEVEL, SUBLEVEL); caller frees; NULL: it does not
 * say. */
char *kernel_tree_version(const char *makefile, size_t len);

/* May a kernel of that release come from a tree of that version? Distributions keep the first two numbers and have
 * their own way with the rest. */
bool kernel_release_fits(const char *release, const char *version);

#endif
