/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_LOADED_H
#define DKMS_SYS_LOADED_H

#include "sys/kernel.h"

/*
 * Built modules that came in a tarball, from a machine whose kernel has the same release and may
 * still be another one. They carry a mark; before they are installed they are compared with the
 * kernel that is here.
 */

/* Marks what is in `built`, a <kernel>/<arch> directory (or one that becomes one): 0 or -errno. Who
 * replaces the directory takes the mark with it; who loses it trusts the modules, as before there
 * were marks. */
int loaded_mark(const char *built);
bool loaded_is_marked(const char *built);

/*
 * Would the kernel take the modules in `built`? Compared are machine and vermagic, with a module of
 * the kernel's own or with its headers, and the CRC of every symbol that they import, as far as
 * anything here tells it: the headers' Module.symvers, or else what the kernel's own modules import
 * and export. False: with the reason, which the caller frees.
 */
bool loaded_fits(struct kernel *k, const char *built, char **ret_why);

#endif
