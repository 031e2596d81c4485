/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_TREE_H
#define DKMS_SYS_DEPMOD_TREE_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/util.h"

/*
 * What depmod finds below a directory <base>/lib/modules/<kernel>, without reading a module.
 */

/* Equal while nobody changed the file. */
struct file_id {
	int64_t size, mtime, ctime; /* times in nanoseconds */
	uint64_t inode;
};

struct tree_module {
	char *path; /* below the directory */
	struct file_id id;
	unsigned place; /* when a walk in the order of the directories comes by, as depmod's does */
};

struct module_tree {
	struct tree_module *items; /* sorted by path */
	size_t n, room;
	size_t n_packed; /* those whose name says compressed */
	/* Not what is understood here: links, weak-updates, special files. NULL: all is well. */
	char *oddity;
};

void module_tree_done(struct module_tree *t);
static inline void clean_module_tree(struct module_tree *t)
{
	module_tree_done(t);
}

/* Walks; what cannot be read is an oddity too. */
void module_tree_read(const char *dir, struct module_tree *ret);
struct tree_module *module_tree_find(const struct module_tree *t, const char *path);
/*
 * Where several modules have one name, depmod may take the one that it sees first. True if it sees
 * those of both trees, which have the same paths, in the same order; `all`: every module counts,
 * not just those.
 */
bool module_tree_same_order(const struct module_tree *a, const struct module_tree *b, bool all);

/* The suffix that makes it a compressed module (".gz", ".xz", ".zst"), "" for an uncompressed one,
 * NULL for none. */
const char *module_packing(const char *name);

void file_id_of(const struct stat *st, struct file_id *ret);
bool file_id_is(const struct file_id *a, const struct file_id *b);

#endif
