/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_TREE_LINKS_H
#define DKMS_SYS_TREE_LINKS_H

#include <stdbool.h>

/*
 * Does every link in the directory `dir` stay in it, at each step of its way? Then what can be read through them is
 * what is in dir. A link that climbs out and comes back does not stay: elsewhere it would be another way. `place`: an
 * absolute path that is dir, or will be when it was copied, or NULL; all other absolute links leave. One that ends in
 * nothing stays. False also where something cannot be read.
 */
bool tree_links_stay(const char *dir, const char *place);

#endif
