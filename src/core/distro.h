/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_DISTRO_H
#define DKMS_CORE_DISTRO_H

#include "base/util.h"

/*
 * What DKMS has to know about the distribution it runs on (dkms(8), "Distribution"): where modules
 * go, which tool links them into compatible kernels, and what the packages are called that a user
 * has to install. Pure: the texts are read by sys/distro_load.
 */

enum distro_family {
	DISTRO_OTHER,
	DISTRO_DEBIAN, /* debian*, ubuntu* */
	DISTRO_ARCH,
	DISTRO_RHEL, /* fedora*, rhel*, centos* */
	DISTRO_SUSE, /* sles*, suse*, opensuse* */
	DISTRO_GENTOO,
};

/* The program that is told about modules which other kernels could use too. */
enum distro_weak {
	WEAK_NONE,
	WEAK_RHEL, /* /usr/sbin/weak-modules */
	WEAK_SUSE, /* /usr/lib/module-init-tools/weak-modules2 */
};

/* What the os-release file says, as far as DKMS cares. */
struct distro {
	char *id;      /* ID alone: "debian", "ubuntu", "linuxmint" */
	char *match;   /* what the rules are matched against: ID if ubuntu, else ID_LIKE, else ID */
	char *name;    /* PRETTY_NAME, for people; may be NULL */
	char *release; /* VERSION_ID ("12", "9.3"); may be NULL */
	enum distro_family family;
	enum distro_weak weak;
	char *dest; /* the distribution's own place for modules ("/updates/dkms"), or NULL */
	bool is_rpm;
};

/* Parses the text of an os-release file. Never fails; unknown is DISTRO_OTHER. */
void distro_parse(const char *text, struct distro *ret);
/* Replaces the place for modules ("updates/mine" and "/updates/mine/" mean the same). NULL, an
 * empty path and one with a ".." component change nothing. */
void distro_set_dest(struct distro *d, const char *dest);
void distro_done(struct distro *d);
static inline void clean_distro(struct distro *d)
{
	distro_done(d);
}

/*
 * The value of a variable in a text of shell assignments, one a line, quotes taken off as a shell
 * does; nothing is expanded. The last assignment counts. Caller frees; NULL if it is not assigned.
 */
char *distro_variable(const char *text, const char *name);

/* The package that brings the headers of a kernel release on this distribution ("linux-headers-K");
 * caller frees; NULL if unknown. */
char *distro_headers_package(const struct distro *d, const char *kernel);
/* The package of a compiler or linker as a kernel's configuration names it ("gcc-12",
 * "x86_64-linux-gnu-gcc-12", "clang", "ld.lld"); caller frees; NULL if unknown. */
char *distro_compiler_package(const struct distro *d, const char *compiler);
/* The package of a cross compiler, "aarch64-linux-gnu-gcc"; caller frees; NULL: not known. */
char *distro_cross_package(const struct distro *d, const char *compiler);
/* A command line that installs a package ("apt install P", "dnf install P"); caller frees; NULL if
 * unknown. */
char *distro_install_command(const struct distro *d, const char *package);

#endif
