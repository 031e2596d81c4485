/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_CONFINE_H
#define DKMS_HELPER_CONFINE_H

#include <stdint.h>

#include "base/fail.h"

/*
 * Gives up everything that reading a hostile file does not need: root becomes `nobody` (and so does
 * the owner of dirfd, which is the only place left to write to; -1: there is none), no new
 * privileges, no children, limits on memory (240 MiB), time and the size of files. Where there is no
 * `nobody` (a user namespace with one user) the user stays what it is.
 */
int confine(int dirfd, uint64_t file_size, struct fail *f);

#endif
