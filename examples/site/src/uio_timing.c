// SPDX-License-Identifier: GPL-2.0
/*
 * uio_timing - stands in for a timing receiver's driver: a device of the user space I/O framework that has a page of
 * memory and no hardware. It calls itself what programs of the site look for.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/uio_driver.h>

static char *name = "mrf-pci";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "what the device is called in /sys/class/uio (default: mrf-pci)");

static struct platform_device *device;

static int timing_probe(struct platform_device *pdev)
{
	struct uio_info *info = devm_kzalloc(&pdev->dev, sizeof(*info), GFP_KERNEL);
	unsigned long page;

	if (!info)
		return -ENOMEM;
	page = devm_get_free_pages(&pdev->dev, GFP_KERNEL | __GFP_ZERO, 0);
	if (!page)
		return -ENOMEM;
	info->name = name;
	info->version = "1.2";
	info->irq = UIO_IRQ_NONE;
	info->mem[0].name = "registers";
	info->mem[0].addr = page;
	info->mem[0].size = PAGE_SIZE;
	info->mem[0].memtype = UIO_MEM_LOGICAL;
	return devm_uio_register_device(&pdev->dev, info);
}

static struct platform_driver timing_driver = {
	.probe = timing_probe,
	.driver = { .name = "uio_timing" },
};

static int __init timing_init(void)
{
	int r = platform_driver_register(&timing_driver);

	if (r)
		return r;
	device = platform_device_register_simple("uio_timing", -1, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&timing_driver);
		return PTR_ERR(device);
	}
	return 0;
}

static void __exit timing_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&timing_driver);
}

module_init(timing_init);
module_exit(timing_exit);

MODULE_DESCRIPTION("A uio device without hardware: an example for dkms");
MODULE_VERSION("1.2");
MODULE_LICENSE("GPL");
