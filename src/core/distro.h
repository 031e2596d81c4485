/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_DISTRO_H
#define DKMS_CORE_DISTRO_H

#include "base/util.h"

enum distro_family {
	DISTRO_OTHER,
	DISTRO_DEBIAN, /* debian*, ubuntu* */
	DISTRO_ARCH,
	DISTRO_RHEL,   /* fedora*, rhel*, centos* */
	DISTRO_SUSE,   /* sles*, suse*, opensuse* */
	DISTRO_GENTOO,
};

/* What the os-release file says, as far as DKMS cares. */
struct distro {
	char *id;       /* ID alone: "debian", "ubuntu", "linuxmint" */
	char *match;    /* what the rules are matched against: ID if ubuntu, else ID_LIKE, else ID */
	char *name;     /* PRETTY_NAME, for people; may be NULL */
	enum distro_family family;
	const char *dest; /* the distribution's own place for modules ("/updates/dkms"), or NULL */
	bool is_rpm;
};

/* Parses the text of an os-release file. Never fails; unknown is DISTRO_OTHER. */
void distro_parse(const char *text, struct distro *ret);
void distro_done(struct distro *d);
static inline void clean_distro(struct distro *d)
{
	distro_done(d);
}

/* The package that brings the headers of a kernel release on this distribution ("linux-headers-K");
 * caller frees; NULL if unknown. */
char *distro_headers_package(const struct distro *d, const char *kernel);
/* A command line that installs a package ("apt install P", "dnf install P"); caller frees; NULL if unknown. */
char *distro_install_command(const struct distro *d, const char *package);

#endif
