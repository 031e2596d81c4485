/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* depmod-run INSTALL_TREE KERNEL: what install and uninstall do about the module index, by itself. */
#include "base/util.h"
#include "sys/depmod.h"

int main(int argc, char **argv)
{
	CLEAN(fail) struct fail f = { 0 };
	int r;

	if (argc != 3)
		return 2;
	r = depmod_run(argv[1], argv[2], NULL, &f);
	if (r < 0)
		fprintf(stderr, "%s\n", f.text);
	return r < 0 ? 1 : 0;
}
