/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_MANIFEST_H
#define DKMS_SYS_BUILD_MANIFEST_H

#include "sys/build_state.h"

/*
 * The manifest of a build (core/manifest.h), made while it goes on: the inputs before the source is
 * copied, the compiler while the modules are not compressed yet, all of it into the stage before
 * that is published. None of these can fail a build.
 */
void build_manifest_begin(struct build *b);
void build_manifest_compiler(struct build *b, const char *module_path);
void build_manifest_write(struct build *b);

#endif
