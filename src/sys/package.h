/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_PACKAGE_H
#define DKMS_SYS_PACKAGE_H

#include <stdint.h>

#include "core/conf.h"
#include "core/package.h"

/*
 * Packages: a template is copied and filled, what goes into the package is put beside it, and the
 * distribution's own tools make a package of that. All of it happens in a private directory below
 * tmp_location.
 *
 * In the directory that the tools are started in there are
 *
 *   the template's files, or for rpm they are found in %{_sourcedir}
 *   <m>-<v>/              the source, or what counts of it where it has to stay behind
 *   <m>-<v>.dkms.tar.gz   the built modules, as mktarball --binaries-only packs them, without their
 * logs lib/modules/<k>/...   modules as they are installed, in the kinds that are of one kernel
 */

/* One file of a package that is of one kernel. */
struct package_module {
	char *from;
	char *to; /* below lib/modules/<kernel> */
};

struct package_job {
	enum package_kind kind;
	bool source_only, binaries_only;
	const char *module, *version;
	const struct target *targets; /* whose built modules go in */
	size_t n_targets;
	const struct conf *conf; /* scripts of it go with a package that has no source */
	const struct package_module *modules; /* for kinds that are of one kernel */
	size_t n_modules;
	const char *etc_dir; /* templates of the administrator */
	const char *dkms_tree, *tmp_location;
	const struct strv *environment;
};

/*
 * Makes it and moves the files that came of it to <dkms tree>/<m>/<v>/deb or rpm; their paths are
 * added to ret_paths. The same input gives the same bytes: the only time in it is
 * SOURCE_DATE_EPOCH, or else that of the newest file of the source. -E_TARBALL_DIR: they cannot be
 * written there; -E_PACKAGE_FAILED: anything else, with the end of what the tools said.
 */
int package_make(const struct package_job *job, struct strv *ret_paths, struct fail *f);

#endif
