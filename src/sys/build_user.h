/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_USER_H
#define DKMS_SYS_BUILD_USER_H

#include <sys/types.h>

#include "base/util.h"

/*
 * Who builds: the user `name` (framework.conf's build_user; may be NULL), else the system user `dkms`, else
 * an id that nobody has, the same for all builds of one plan. False: `name` is not known; then one of the others is
 * taken all the same.
 */
bool build_user_choose(const char *name, uid_t *ret_uid, gid_t *ret_gid);
/* For builds that keep something: where *io is such an id that nobody has, it becomes `owner`, who has what was kept,
 * if that is another one, else always the same one. */
void build_user_settle(uid_t owner, uid_t *io_uid, gid_t *io_gid);

#endif
