/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_SNAPSHOT_H
#define DKMS_CORE_SNAPSHOT_H

#include "base/strv.h"

/*
 * The dkms tree as it was when it was read: which modules, which versions, for which kernels built and
 * installed. Plain data, sorted by name bytewise at every level; filled by sys/tree.
 */
enum version_state {
	VERSION_ADDED,  /* `source` is a link to an existing directory */
	VERSION_BROKEN, /* the link dangles, or is missing while <source tree>/<m>-<v> exists */
	VERSION_STRAY,  /* no link and no source: not known to dkms */
};

struct snap_build {
	char *kernel;
	char *arch;
	bool built;     /* `module` is there */
	bool installed; /* the active link points here */
	bool unfit;	/* came from elsewhere, and not for the kernel that is here (cmd/fit.h) */
};

struct snap_version {
	char *version;
	enum version_state state;
	struct snap_build *builds;
	size_t n_builds;
};

/* An active link kernel-<k>-<a>. */
struct snap_link {
	char *name;   /* "kernel-6.1.0-56-amd64-x86_64" */
	char *target; /* "1.0/6.1.0-56-amd64/x86_64" */
};

struct snap_module {
	char *name;
	struct snap_version *versions;
	size_t n_versions;
	struct snap_link *links;
	size_t n_links;
	bool has_originals; /* there is an original_module directory */
};

struct snapshot {
	struct snap_module *modules;
	size_t n_modules;
};

void snapshot_done(struct snapshot *s);
static inline void clean_snapshot(struct snapshot *s)
{
	snapshot_done(s);
}

const struct snap_module *snapshot_module(const struct snapshot *s, const char *module);
const struct snap_version *snapshot_version(const struct snapshot *s, const char *module,
					    const char *version);
const struct snap_build *snapshot_build(const struct snapshot *s, const char *module,
					const char *version, const char *kernel, const char *arch);
/* The version that is installed for a kernel and arch, or NULL. */
const struct snap_version *snapshot_installed(const struct snapshot *s, const char *module,
					      const char *kernel, const char *arch);
/*
 * Remnants: what a version once put into a kernel may still be there though it is not installed. What was built for
 * that kernel was removed by hand, its active link was left; a build that makes it anew changes the link's target to
 * SNAP_GONE "/<v>/<k>/<a>", which is no installed version either, until install or uninstall of it.
 */
#define SNAP_GONE ".gone"
bool snapshot_has_remnant(const struct snapshot *s, const char *module, const char *version, const char *kernel,
			  const char *arch);
/* Is anything of the version built for a kernel, or left in it? */
bool snapshot_concerns(const struct snapshot *s, const char *module, const char *version, const char *kernel,
		       const char *arch);
/* The version of a remnant of the module in that kernel; caller frees; NULL: there is none. */
char *snapshot_remnant(const struct snapshot *s, const char *module, const char *kernel, const char *arch);
/* The kernels and architectures with remnants of a version: as many of the one as of the other. */
void snapshot_remnants(const struct snapshot *s, const char *module, const char *version, struct strv *ret_kernels,
		       struct strv *ret_arches);
/* The highest version that is added, or NULL. */
const struct snap_version *snapshot_newest(const struct snap_module *m);

#endif
