/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the tables of actions and options, for what is generated from them when building. */
#include "cmd/options.h"

#include <stdio.h>

int main(void)
{
	CLEAN(buf) struct buf b = { 0 };

	options_dump(&b);
	return fputs(buf_str(&b), stdout) < 0;
}
