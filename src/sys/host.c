/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/host.h"

#include <sched.h>
#include <unistd.h>

int host_usable_cpus(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set);
	/* more CPUs than the set has room for */
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (int)n : 1;
}
