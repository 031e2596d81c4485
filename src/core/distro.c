/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/distro.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"

/* Matched as prefixes, in this order. */
static const struct family_row {
	const char *prefix;
	enum distro_family family;
	enum distro_weak weak;
	const char *dest;
} families[] = {
	{ "debian", DISTRO_DEBIAN, WEAK_NONE, "/updates/dkms" },
	{ "ubuntu", DISTRO_DEBIAN, WEAK_NONE, "/updates/dkms" },
	{ "arch", DISTRO_ARCH, WEAK_NONE, "/updates/dkms" },
	{ "fedora", DISTRO_RHEL, WEAK_NONE, "/extra" },
	{ "rhel", DISTRO_RHEL, WEAK_RHEL, "/extra" },
	{ "centos", DISTRO_RHEL, WEAK_NONE, "/extra" },
	{ "sles", DISTRO_SUSE, WEAK_SUSE, "/updates" },
	{ "suse", DISTRO_SUSE, WEAK_SUSE, "/updates" },
	{ "opensuse", DISTRO_SUSE, WEAK_SUSE, "/updates" },
	{ "gentoo", DISTRO_GENTOO, WEAK_NONE, NULL },
};

/* One word of a shell line without its quotes and backslashes; an open quote ends with the line. */
static char *unquote(const char *s)
{
	struct buf b = { 0 };
	char quote = '\0';

	for (; *s && *s != '\n'; s++) {
		if (quote) {
			if (*s == quote)
				quote = '\0';
			else if (*s == '\\' && quote == '"' && s[1] && strchr("\"\\$`", s[1]))
				buf_add_char(&b, *++s);
			else
				buf_add_char(&b, *s);
		} else if (*s == '"' || *s == '\'') {
			quote = *s;
		} else if (*s == '\\' && s[1] && s[1] != '\n') {
			buf_add_char(&b, *++s);
		} else if (strchr(" \t\r;", *s)) {
			break;
		} else {
			buf_add_char(&b, *s);
		}
	}
	return buf_take(&b);
}

char *distro_variable(const char *text, const char *name)
{
	size_t n = strlen(name);
	char *found = NULL;

	while (*text) {
		const char *s = text + strspn(text, " \t");

		if (strncmp(s, name, n) == 0 && s[n] == '=') {
			free(found);
			found = unquote(s + n + 1);
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return found;
}

static char *non_empty(char *s)
{
	if (s && *s)
		return s;
	free(s);
	return NULL;
}

void distro_parse(const char *text, struct distro *ret)
{
	CLEAN(free) char *like = non_empty(distro_variable(text, "ID_LIKE"));

	*ret = (struct distro){ .id = non_empty(distro_variable(text, "ID")),
				.name = non_empty(distro_variable(text, "PRETTY_NAME")),
				.release = non_empty(distro_variable(text, "VERSION_ID")) };
	if (!ret->id)
		ret->id = xstrdup("linux"); /* what os-release(5) says a missing ID means */
	ret->match = xstrdup(like && !str_eq(ret->id, "ubuntu") ? like : ret->id);
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		const struct family_row *row = &families[i];

		if (!str_has_prefix(ret->match, row->prefix))
			continue;
		ret->family = row->family;
		ret->weak = row->weak;
		ret->dest = xstrdup(row->dest);
		ret->is_rpm = row->family == DISTRO_RHEL || row->family == DISTRO_SUSE;
		break;
	}
}

void distro_set_dest(struct distro *d, const char *dest)
{
	CLEAN(free) char *absolute = NULL;

	if (str_is_empty(dest) || path_has_dotdot(dest))
		return;
	absolute = xasprintf("/%s", dest);
	free(d->dest);
	d->dest = path_squeeze(absolute);
}

void distro_done(struct distro *d)
{
	free(d->id);
	free(d->match);
	free(d->name);
	free(d->release);
	free(d->dest);
	*d = (struct distro){ 0 };
}

/* What follows the last '-' of a release, "default" in "6.4.0-150600.21-default"; NULL if that has
 * no letter at its head. */
static const char *last_word(const char *kernel)
{
	const char *dash = strrchr(kernel, '-');

	return dash && dash[1] >= 'a' && dash[1] <= 'z' ? dash + 1 : NULL;
}

static char *debian_headers(const char *kernel)
{
	if (str_has_suffix(kernel, "-pve"))
		return xasprintf("proxmox-headers-%s", kernel);
	/* Raspberry Pi OS before its kernels were packaged as Debian's are */
	if (str_has_suffix(kernel, "-v8+") || str_has_suffix(kernel, "-v7+") ||
	    str_has_suffix(kernel, "-v7l+"))
		return xstrdup("raspberrypi-kernel-headers");
	return xasprintf("linux-headers-%s", kernel);
}

/* Flavours are named behind a plus: "5.14.0-362.el9.x86_64+rt" comes from kernel-rt. */
static char *rhel_headers(const char *kernel)
{
	const char *plus = strrchr(kernel, '+');

	if (plus && plus[1])
		return xasprintf("kernel-%s-devel-%.*s", plus + 1, (int)(plus - kernel), kernel);
	if (strstr(kernel, "uek"))
		return xasprintf("kernel-uek-devel-%s", kernel);
	return xasprintf("kernel-devel-%s", kernel);
}

/*
 * "6.6.8-arch1-1": linux, "6.1.69-1-lts": linux-lts, "6.1.59-rt16-1-rt-lts": linux-rt-lts: what
 * stands behind the package's release number, the last part that is all digits, names the flavour.
 * Manjaro ("6.6.8-2-MANJARO", "6.5.2-rt8-1-MANJARO") has a package for every kernel series.
 */
static char *arch_headers(const char *kernel)
{
	const char *flavour = NULL;

	if (str_has_suffix(kernel, "-MANJARO")) {
		size_t major = strspn(kernel, "0123456789");
		size_t minor = kernel[major] == '.' ? strspn(kernel + major + 1, "0123456789") : 0;

		if (!major || !minor)
			return NULL;
		return xasprintf("linux%.*s%.*s%s-headers", (int)major, kernel, (int)minor,
				 kernel + major + 1, strstr(kernel, "-rt") ? "-rt" : "");
	}
	for (const char *p = strchr(kernel, '-'); p; p = strchr(p + 1, '-')) {
		size_t digits = strspn(p + 1, "0123456789");

		if (digits && p[1 + digits] == '-')
			flavour = p + 1 + digits + 1;
		else if (digits && p[1 + digits] == '\0')
			flavour = NULL;
	}
	return flavour ? xasprintf("linux-%s-headers", flavour) : xstrdup("linux-headers");
}

/* "6.1.69-gentoo-r1-dist": the atom of the package that unpacks or builds that kernel. */
static char *gentoo_headers(const char *kernel)
{
	const char *mark = strstr(kernel, "-gentoo");
	bool dist = str_has_suffix(kernel, "-dist");
	size_t rest;

	if (!mark)
		return NULL;
	rest = strlen(mark + strlen("-gentoo")) - (dist ? strlen("-dist") : 0);
	return xasprintf("=sys-kernel/gentoo-%s-%.*s%.*s", dist ? "kernel" : "sources",
			 (int)(mark - kernel), kernel, (int)rest, mark + strlen("-gentoo"));
}

char *distro_headers_package(const struct distro *d, const char *kernel)
{
	const char *flavour = last_word(kernel);

	if (str_is_empty(kernel))
		return NULL;
	switch (d->family) {
	case DISTRO_DEBIAN:
		return debian_headers(kernel);
	case DISTRO_RHEL:
		return rhel_headers(kernel);
	case DISTRO_ARCH:
		return arch_headers(kernel);
	case DISTRO_SUSE:
		return xasprintf("kernel-%s-devel", flavour ? flavour : "default");
	case DISTRO_GENTOO:
		return gentoo_headers(kernel);
	case DISTRO_OTHER:
		break;
	}
	if (str_eq(d->id, "alpine") && flavour)
		return xasprintf("linux-%s-dev", flavour);
	return NULL;
}

/* "x86_64-linux-gnu-gcc-12" and "/usr/bin/gcc-12" are gcc-12. */
static const char *compiler_name(const char *compiler)
{
	static const char *const names[] = { "gcc", "clang", "ld.lld" };
	const char *base = path_base(compiler);

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *at = strstr(base, names[i]);

		if (at && (at == base || at[-1] == '-'))
			return at;
	}
	return NULL;
}

char *distro_cross_package(const struct distro *d, const char *compiler)
{
	const char *base = path_base(compiler);
	size_t n = strlen(base);

	/* "aarch64-linux-gnu-gcc" */
	if (!str_has_suffix(base, "-gcc"))
		return NULL;
	switch (d->family) {
	case DISTRO_DEBIAN:
	case DISTRO_RHEL:
		return xasprintf("gcc-%.*s", (int)(n - strlen("-gcc")), base);
	case DISTRO_ARCH:
		return xstrdup(base);
	case DISTRO_SUSE: /* cross-aarch64-gcc12: the number is not ours to know */
	case DISTRO_GENTOO:
	case DISTRO_OTHER:
		break;
	}
	return NULL;
}

char *distro_compiler_package(const struct distro *d, const char *compiler)
{
	const char *name = compiler_name(compiler);
	const char *number;
	size_t n;

	if (!name)
		return NULL;
	number = strchr(name, '-');
	n = number ? (size_t)(number - name) : strlen(name);
	if (str_has_prefix(name, "ld.lld")) {
		name += strlen("ld.");
		n -= strlen("ld.");
	}
	switch (d->family) {
	case DISTRO_DEBIAN:
		return xstrdup(name);
	case DISTRO_SUSE: /* gcc12, clang15 */
		return xasprintf("%.*s%s", (int)n, name, number ? number + 1 : "");
	case DISTRO_GENTOO:
		return xasprintf("%s/%.*s", *name == 'g' ? "sys-devel" : "llvm-core", (int)n, name);
	case DISTRO_RHEL:
	case DISTRO_ARCH:
	case DISTRO_OTHER:
		break;
	}
	return xstrndup(name, n);
}

/* RHEL and CentOS 7 have none. */
static bool has_dnf(const struct distro *d)
{
	return !d->release || (!str_eq(d->release, "7") && !str_has_prefix(d->release, "7."));
}

char *distro_install_command(const struct distro *d, const char *package)
{
	switch (d->family) {
	case DISTRO_DEBIAN:
		return xasprintf("apt install %s", package);
	case DISTRO_RHEL:
		return xasprintf("%s install %s", has_dnf(d) ? "dnf" : "yum", package);
	case DISTRO_ARCH:
		return xasprintf("pacman -S %s", package);
	case DISTRO_SUSE:
		return xasprintf("zypper install %s", package);
	case DISTRO_GENTOO: /* the quotes are for zsh, where a leading = means something */
		return xasprintf("emerge --ask '%s'", package);
	case DISTRO_OTHER:
		break;
	}
	return str_eq(d->id, "alpine") ? xasprintf("apk add %s", package) : NULL;
}
