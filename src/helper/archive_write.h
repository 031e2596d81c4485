/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_ARCHIVE_WRITE_H
#define DKMS_HELPER_ARCHIVE_WRITE_H

#include <time.h>

#include "base/fail.h"

/* What goes into an archive, in this order. */
struct archive_part {
	const char *dir;    /* a directory with all that is in it; NULL: an empty one */
	const char *member; /* its name in the archive */
};

/*
 * Writes a tar archive to fd and fsyncs it. The suffix of `name` picks the compression; any other is
 * none. The same trees give the same bytes: names are sorted in each directory, owner is root, modes
 * are 0755 or 0644, times are those of the files in whole seconds, but at most `latest`
 * (SOURCE_DATE_EPOCH) if that is not negative; `made` for empty directories. Links are stored as such;
 * sockets, fifos and devices are left out.
 */
int archive_make(int fd, const char *name, const struct archive_part *parts, size_t n, time_t made,
		 time_t latest, struct fail *f);

#endif
