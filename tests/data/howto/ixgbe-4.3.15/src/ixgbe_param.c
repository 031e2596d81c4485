// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

#include "ixgbe.h"

static int queues = 1;
module_param(queues, int, 0444);

int ixgbe_queues(void)
{
	return queues;
}
