/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_KCONFIG_H
#define DKMS_CORE_KCONFIG_H

#include "base/util.h"

/*
 * A kernel's configuration as text (include/config/auto.conf or .config). The text is the caller's
 * and must outlive the struct; lookups scan it (a handful per build).
 */
struct kconfig {
	const char *text;
	size_t len;
};

/* The value of a symbol ("CONFIG_X"), quotes removed; caller frees; NULL if not set. The last line
 * that sets it counts. */
char *kconfig_get(const struct kconfig *kc, const char *symbol);
/* Is it y or m? */
bool kconfig_is_on(const struct kconfig *kc, const char *symbol);

#endif
