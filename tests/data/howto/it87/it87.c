// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

static int __init sm_it87_init(void)
{
	return 0;
}

static void __exit sm_it87_exit(void)
{
}

module_init(sm_it87_init);
module_exit(sm_it87_exit);

MODULE_DESCRIPTION("A stand-in for a driver of sensors");
MODULE_LICENSE("GPL");
