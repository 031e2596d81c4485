/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_MAKE_VERSION_H
#define DKMS_CORE_MAKE_VERSION_H

#include "base/util.h"

/*
 * What a make can do, from what `make --version` says. Since 4.4 GNU make takes --jobserver-auth=fifo:PATH: then makes
 * that are called without $(MAKE) find the jobserver too, which with a descriptor say that it is unavailable.
 */
bool make_takes_fifo(const char *version_text);

#endif
