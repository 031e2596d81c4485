/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_TESTS_CONF_RANDOM_H
#define DKMS_TESTS_CONF_RANDOM_H

#include <stdint.h>

#include "base/buf.h"

/*
 * Random conf files that reach every construct which the native reader takes, those it must refuse,
 * and the border between them (some files are damaged at random places). The same seed gives the
 * same files. They name no commands but harmless builtins.
 */
enum { CONF_RANDOM_MAX_CONSTRUCTS = 128 };

struct conf_random {
	uint64_t state;
	unsigned long counts[CONF_RANDOM_MAX_CONSTRUCTS];
};

void conf_random_init(struct conf_random *r, uint64_t seed);
/* Appends one file. */
void conf_random_file(struct conf_random *r, struct buf *text);
/* Prints how often each construct was made; false if one of them never was, in a run of n (from 500
 * up). */
bool conf_random_report(const struct conf_random *r, unsigned long n);

#endif
