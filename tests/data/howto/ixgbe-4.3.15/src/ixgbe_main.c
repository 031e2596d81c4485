// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

#include "ixgbe.h"

static int __init ixgbe_init_module(void)
{
	pr_info("ixgbe %s: %d queues\n", DRV_VERSION, ixgbe_queues());
	return 0;
}

static void __exit ixgbe_exit_module(void)
{
}

module_init(ixgbe_init_module);
module_exit(ixgbe_exit_module);

MODULE_DESCRIPTION("A stand-in for a network driver");
MODULE_LICENSE("GPL");
MODULE_VERSION(DRV_VERSION);
