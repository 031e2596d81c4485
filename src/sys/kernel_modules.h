/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_KERNEL_MODULES_H
#define DKMS_SYS_KERNEL_MODULES_H

#include "core/module_info.h"
#include "core/symbol_wants.h"
#include "sys/kernel.h"

/*
 * What the modules of a kernel, and its headers, tell of the kernel itself.
 */

/* Calls see() for the module files below dir, in bytewise order, until it says no. */
struct module_walk {
	bool (*see)(void *ctx, const char *path);
	void *ctx;
	const char *const *skip; /* names not to be entered at the top; NULL-terminated, or NULL */
};
void module_walk(const struct module_walk *w, const char *dir);
/* Directories of an install tree in which others put modules, as a list for skip: what they put
 * there is as likely to be wrong as what is to be judged. */
extern const char *const module_walk_foreign[];

/* One of the modules that came with the kernel, the first that can be read: they are all of one
 * kernel. False: none is there. */
bool kernel_shipped_module(const struct kernel *k, struct module_info *ret);
/*
 * The release that the headers are of; caller frees; NULL: they do not say. What goes into vermagic
 * is UTS_RELEASE; kernel.release may be another one (Debian's says 6.1.192 for 6.1.0-56).
 */
char *kernel_headers_release(const struct kernel *k);
/* Shows what the headers' Module.symvers offers. False: there is none, so nothing can be said of
 * what is missing. */
bool kernel_offer_symvers(const struct kernel *k, struct symbol_wants *w);
/* Shows what modules offer that did not come with the kernel. */
void kernel_offer_installed(const struct kernel *k, struct symbol_wants *w);
/*
 * Where there are no headers: shows the CRCs that the kernel's own modules import and export
 * symbols with, of as many modules as it takes and no more than `max`. What none of them uses stays
 * open.
 */
void kernel_offer_shipped(const struct kernel *k, struct symbol_wants *w, size_t max);

#endif
