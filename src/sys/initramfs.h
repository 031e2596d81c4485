/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_INITRAMFS_H
#define DKMS_SYS_INITRAMFS_H

#include "base/fail.h"
#include "base/strv.h"

/*
 * A kernel's initramfs, made by initramfs-tools or dracut: which copies of modules are in it, and
 * how it is made anew.
 */

/* A kernel module, in an initramfs or elsewhere; what tells two of them apart. */
struct module_copy {
	char *name;	  /* without suffixes */
	char *sha256;	  /* uncompressed */
	char *build_id;	  /* NULL: none */
	char *srcversion; /* NULL: none */
	char *sig_key;	  /* NULL: not signed */
};

struct initramfs {
	struct module_copy *copies;
	size_t n;
};

void initramfs_done(struct initramfs *i);
static inline void clean_initramfs(struct initramfs *i)
{
	initramfs_done(i);
}

/* The image of a kernel in /boot; caller frees; NULL: there is none where those tools put it. */
char *initramfs_find(const char *kernel);
/* Looks for the modules of that kernel with one of the names. Negative: it cannot be read. */
int initramfs_read(const char *image, const char *kernel, const struct strv *names,
		   const struct strv *environment, struct initramfs *ret, struct fail *f);
/* The same facts of a module's file; false: it is none. */
bool module_copy_load(const char *path, struct module_copy *ret);
void module_copy_done(struct module_copy *m);
static inline void clean_module_copy(struct module_copy *m)
{
	module_copy_done(m);
}
/* The same bytes, or, as dracut strips what is not signed, the same build of the same with the same
 * signer. */
bool module_copy_same(const struct module_copy *a, const struct module_copy *b);

/* The command that makes it anew, as words; false: none of the tools is there. */
bool initramfs_command(const char *image, const char *kernel, const struct strv *environment,
		       struct strv *ret);
/* Runs it. */
int initramfs_update(const char *image, const char *kernel, const struct strv *environment,
		     struct fail *f);

#endif
