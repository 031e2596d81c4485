/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/app.h"

#include "base/util.h"

int app_main(int argc, char **argv)
{
	if (argc > 1 && (str_eq(argv[1], "--version") || str_eq(argv[1], "-V"))) {
		puts("dkms-" DKMS_VERSION);
		return 0;
	}
	return 2;
}
