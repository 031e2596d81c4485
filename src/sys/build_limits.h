/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_LIMITS_H
#define DKMS_SYS_BUILD_LIMITS_H

#include "base/fail.h"
#include "sys/sandbox.h"

/*
 * framework.conf's build_limits: words NAME=VALUE with the names of prlimit(1) (as, core, cpu, data, fsize, memlock,
 * nofile, nproc, stack), the value a number, perhaps with K, M or G behind it, or "unlimited". What it does not
 * name has our default; text may be NULL. -EINVAL with the word in f; ret then has the rest.
 */
int build_limits_parse(const char *text, struct sandbox_limit *ret, size_t room, size_t *ret_n, struct fail *f);

#endif
