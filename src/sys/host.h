/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_HOST_H
#define DKMS_SYS_HOST_H

/* How many CPUs this process may use (its affinity), at least 1. */
int host_usable_cpus(void);

#endif
