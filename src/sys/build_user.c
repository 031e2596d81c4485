/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_user.h"

#include <grp.h>
#include <pwd.h>

/* What lies between the ids of 16 bits and the first ones of users' containers is nobody's
 * (systemd's UIDS-GIDS document). */
enum { FIRST_FREE = 65536, LAST_FREE = 99999, NOBODY = 65534 };

/* In a user namespace not every number is an id. */
static bool is_mapped(unsigned id)
{
	CLEAN(file) FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned long from, outside, n;

	while (f && fscanf(f, "%lu %lu %lu", &from, &outside, &n) == 3)
		if (id >= from && id - from < n)
			return true;
	return f == NULL;
}

static bool is_free(unsigned id)
{
	return id >= FIRST_FREE && id <= LAST_FREE && is_mapped(id) && !getpwuid(id) && !getgrgid(id);
}

static unsigned free_id(void)
{
	unsigned n = LAST_FREE - FIRST_FREE + 1;

	/* workers of one plan have one parent */
	for (unsigned i = 0; i < n; i++) {
		unsigned id = FIRST_FREE + ((unsigned)getppid() + i) % n;

		if (!is_mapped(id))
			return NOBODY;
		if (is_free(id))
			return id;
	}
	return NOBODY;
}

static bool find(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *p = name ? getpwnam(name) : NULL;

	if (!p || p->pw_uid == 0)
		return false;
	*ret_uid = p->pw_uid;
	*ret_gid = p->pw_gid;
	return true;
}

bool build_user_choose(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	if (find(name, ret_uid, ret_gid))
		return true;
	if (!find("dkms", ret_uid, ret_gid))
		*ret_uid = *ret_gid = free_id();
	return name == NULL;
}

void build_user_settle(uid_t owner, uid_t *io_uid, gid_t *io_gid)
{
	if (!is_free(*io_uid))
		return;
	for (*io_uid = is_free(owner) ? owner : FIRST_FREE; *io_uid < LAST_FREE && !is_free(*io_uid); ++*io_uid)
		;
	*io_gid = *io_uid;
}
