/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/app.h"
#include "sys/run.h"

int main(int argc, char **argv)
{
	run_block_signals();
	return app_main(argc, argv);
}
