/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_PACKAGE_H
#define DKMS_CORE_PACKAGE_H

#include "base/buf.h"
#include "base/fail.h"
#include "core/planner.h"

/*
 * What is in a package of a module, and what packages and their files are called (dkms(8), "mkdeb"
 * and the actions after it).
 */
enum package_kind {
	PACKAGE_DEB,	     /* mkdeb: source and built modules, for dkms */
	PACKAGE_DEB_MODULES, /* mkbmdeb: modules of one kernel, nothing else */
	PACKAGE_DSC,	     /* mkdsc: a source package */
	PACKAGE_RPM,	     /* mkrpm: as PACKAGE_DEB */
	PACKAGE_RPM_MODULES, /* mkrpm --binaries-only: as PACKAGE_DEB_MODULES */
};

/* What was ordered. */
struct package_order {
	enum package_kind kind;
	bool source_only, binaries_only;
	const struct target *targets; /* whose modules go in; borrowed */
	size_t n_targets;
	struct strv made; /* the files, as they were written */
};

/* Is there one package for each kernel? */
bool package_is_of_kernel(enum package_kind k);
/* Does it bring built modules at all? */
bool package_has_modules(enum package_kind k);
bool package_is_rpm(enum package_kind k);
/* What the template is called, a directory or, for rpm, a file: "template-dkms-mkdeb". Static. */
const char *package_template(enum package_kind k);

/*
 * May a package carry a module of this name and version? Both end up in names of packages and
 * files, in makefiles and shell scripts: letters, digits and a few signs, nothing else.
 * -E_BAD_NAME.
 */
int package_check_names(const char *module, const char *version, struct fail *f);
/* The same for a kernel's release. */
int package_check_kernel(const char *kernel, struct fail *f);

/* What the package's name begins with: lower case, '_' becomes '-'. Callers free. */
char *package_name(const char *module);
/* "0~" before what does not begin with a digit; '_' becomes '.'. */
char *package_debian_version(const char *version);
/* The same for a source package without an upstream one, whose version has no '-': '+' instead. */
char *package_native_version(const char *version);
/* rpm knows no '-' in a version: '_' instead. "0~" as above. */
char *package_rpm_version(const char *version);
/* What Debian calls the architecture that uname -m calls so. */
char *package_debian_arch(const char *arch);

/* A word in a template and what it stands for. */
struct package_word {
	const char *word, *text;
};
/* Appends the template to ret with its words replaced, each where it stands alone or within a
 * longer word; what was put in is not looked at again. */
void package_fill(const char *text, size_t len, const struct package_word *words, size_t n,
		  struct buf *ret);

/* A line of dkms.conf by which a version without its source is built for these kernels only, which
 * it has modules for: that is, never. */
char *package_exclusive_line(const struct target *targets, size_t n);

#endif
