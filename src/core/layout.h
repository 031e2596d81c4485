/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_LAYOUT_H
#define DKMS_CORE_LAYOUT_H

/*
 * Where things are in the dkms tree (dkms(8), FILES). All results belong to the caller.
 */

/* Whose files: module m, version v, kernel k, arch a. Borrowed. */
struct layout {
	const char *tree; /* the dkms tree */
	const char *module;
	const char *version;
	const char *kernel;
	const char *arch;
};

char *layout_module(const struct layout *l);      /* <tree>/<m> */
char *layout_version(const struct layout *l);     /* <tree>/<m>/<v> */
char *layout_source(const struct layout *l);      /* <tree>/<m>/<v>/source, a link */
char *layout_build_dir(const struct layout *l);   /* <tree>/<m>/<v>/build */
char *layout_built(const struct layout *l);       /* <tree>/<m>/<v>/<k>/<a> */
char *layout_built_files(const struct layout *l); /* <tree>/<m>/<v>/<k>/<a>/module */
char *layout_log(const struct layout *l);         /* <tree>/<m>/<v>/<k>/<a>/log/make.log */
char *layout_failed(const struct layout *l);      /* <tree>/<m>/<v>/.failed/<k>/<a> */
char *layout_link(const struct layout *l);        /* <tree>/<m>/kernel-<k>-<a>, a link */
char *layout_link_target(const struct layout *l); /* <v>/<k>/<a> */
char *layout_originals(const struct layout *l);   /* <tree>/<m>/original_module/<k>/<a> */

#endif
