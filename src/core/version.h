/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_VERSION_H
#define DKMS_CORE_VERSION_H

/*
 * The order of versions and kernel releases (dkms.conf(5), "Version order"): runs of digits compare as
 * numbers of any length, everything else bytewise; a proper prefix is smaller.
 * 2.6.9-1 < 2.6.10, 6.1.0-9 < 6.1.0-10, 3.5 < 3.5-rc2. <0, 0, >0 as strcmp.
 */
int version_compare(const char *a, const char *b);

#endif
