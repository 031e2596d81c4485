/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/module_check.h"

#include "base/mem.h"

enum magic_verdict module_magic_compare(const char *ours, const char *theirs)
{
	if (str_eq(ours, theirs))
		return MAGIC_SAME;
	if (!ours || !theirs)
		return MAGIC_DIFFERS;
	return str_eq(ours + strcspn(ours, " "), theirs + strcspn(theirs, " "))
		       ? MAGIC_RELEASE_DIFFERS
		       : MAGIC_DIFFERS;
}

static bool is_same_machine(const struct module_info *a, const struct module_info *b)
{
	return a->machine == b->machine && a->elf_class == b->elf_class &&
	       a->big_endian == b->big_endian;
}

static bool is_release(const char *vermagic, const char *release)
{
	size_t n = strlen(release);

	return strncmp(vermagic, release, n) == 0 && (vermagic[n] == ' ' || vermagic[n] == '\0');
}

/* With a module of the kernel itself at hand there is no doubt. */
static enum module_verdict check_shipped(const struct module_info *m, const struct module_target *t,
					 char **ret_why)
{
	enum magic_verdict magic;

	if (!is_same_machine(m, t->shipped)) {
		*ret_why =
			xasprintf("it is for another machine (ELF machine %d, %d bit; the kernel's "
				  "modules: %d, %d bit)",
				  m->machine, m->elf_class * 32, t->shipped->machine,
				  t->shipped->elf_class * 32);
		return MODULE_REFUSED;
	}
	magic = module_magic_compare(m->vermagic, t->shipped->vermagic);
	if (magic == MAGIC_SAME)
		return MODULE_FITS;
	*ret_why = xasprintf("it is for another kernel (vermagic '%s'; the kernel wants '%s')",
			     m->vermagic ? m->vermagic : "",
			     t->shipped->vermagic ? t->shipped->vermagic : "");
	return magic == MAGIC_RELEASE_DIFFERS && t->modversions ? MODULE_DOUBTFUL : MODULE_REFUSED;
}

static enum module_verdict check_headers(const struct module_info *m, const struct module_target *t,
					 char **ret_why)
{
	if (t->machine && m->machine != t->machine) {
		*ret_why = xasprintf("it is for another machine (ELF machine %d; the kernel's is %d)", m->machine,
				     t->machine);
		return MODULE_REFUSED;
	}
	if (!m->vermagic) {
		*ret_why = xstrdup("it has no vermagic");
		return MODULE_DOUBTFUL;
	}
	if (!t->headers_release || is_release(m->vermagic, t->headers_release))
		return MODULE_FITS;
	*ret_why = xasprintf("it is for another kernel (vermagic '%s'; the headers are of '%s')",
			     m->vermagic, t->headers_release);
	return MODULE_DOUBTFUL;
}

enum module_verdict module_check(const struct module_info *m, const struct module_target *t,
				 char **ret_why)
{
	enum module_verdict v =
		t->shipped ? check_shipped(m, t, ret_why) : check_headers(m, t, ret_why);

	return v == MODULE_REFUSED && t->force ? MODULE_DOUBTFUL : v;
}
