/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_TARBALL_H
#define DKMS_CORE_TARBALL_H

#include "core/planner.h"

/* The directories at the top of a tarball that dkms made (dkms(8), "Tarballs"). */
#define TARBALL_BUILT "dkms_main_tree"
#define TARBALL_SOURCE "dkms_source_tree"
#define TARBALL_BINARIES "dkms_binaries_only"
/* The mark in a <kernel>/<arch> directory of the dkms tree that came out of one; no member of any. */
#define TARBALL_LOADED ".loaded"

/*
 * The name that mktarball gives: <m>-<v>-kernel<k>-<a>[-kernel<k2>-<a2>…].dkms.tar.gz; no targets:
 * <m>-<v>-source-only.dkms.tar.gz; where the part about kernels has 200 characters or more it is
 * "manykernels". Caller frees.
 */
char *tarball_name(const char *module, const char *version, const struct target *targets, size_t n);

#endif
