// SPDX-License-Identifier: GPL-2.0
/*
 * dkms_hello - the smallest module worth building: says a line when it is loaded and one when it goes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>

static char *whom = "world";
module_param(whom, charp, 0444);
MODULE_PARM_DESC(whom, "whom to greet (default: world)");

static int __init dkms_hello_init(void)
{
	pr_info("hello, %s\n", whom);
	return 0;
}

static void __exit dkms_hello_exit(void)
{
	pr_info("goodbye, %s\n", whom);
}

module_init(dkms_hello_init);
module_exit(dkms_hello_exit);

MODULE_DESCRIPTION("Says hello: an example for dkms");
MODULE_VERSION("1.0");
MODULE_LICENSE("GPL");
