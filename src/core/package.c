/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/package.h"

#include "base/mem.h"
#include "core/outcome.h"

struct kind_row {
	const char *template;
	bool of_kernel, modules, rpm;
};

static const struct kind_row rows[] = {
	[PACKAGE_DEB] = { "template-dkms-mkdeb", false, true, false },
	[PACKAGE_DEB_MODULES] = { "template-dkms-mkbmdeb", true, true, false },
	[PACKAGE_DSC] = { "template-dkms-mkdsc", false, false, false },
	[PACKAGE_RPM] = { "template-dkms-mkrpm.spec", false, true, true },
	[PACKAGE_RPM_MODULES] = { "template-dkms-mkbmrpm.spec", true, true, true },
};

bool package_is_of_kernel(enum package_kind k)
{
	return rows[k].of_kernel;
}

bool package_has_modules(enum package_kind k)
{
	return rows[k].modules;
}

bool package_is_rpm(enum package_kind k)
{
	return rows[k].rpm;
}

const char *package_template(enum package_kind k)
{
	return rows[k].template;
}

/* In the C locale, whatever the program's is. */
static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_made_of(const char *s, const char *signs)
{
	if (!is_alnum(*s))
		return false;
	for (; *s; s++)
		if (!is_alnum(*s) && !strchr(signs, *s))
			return false;
	return true;
}

static int refuse(const char *what, const char *s, const char *signs, struct fail *f)
{
	fail_set(f, -E_BAD_NAME, "there can be no package for the %s '%s'", what, s);
	fail_hint(f,
		  "it has to begin with a letter or a digit, and to have nothing but those and %s "
		  "in it",
		  signs);
	return f ? f->code : -E_BAD_NAME;
}

int package_check_names(const char *module, const char *version, struct fail *f)
{
	if (!is_made_of(module, "_.+-"))
		return refuse("module", module, "_ . + -", f);
	if (!is_made_of(version, "_.+~-"))
		return refuse("version", version, "_ . + ~ -", f);
	return 0;
}

int package_check_kernel(const char *kernel, struct fail *f)
{
	return is_made_of(kernel, "_.+~-") ? 0 : refuse("kernel", kernel, "_ . + ~ -", f);
}

char *package_name(const char *module)
{
	char *name = xstrdup(module);

	for (char *p = name; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		else if (*p == '_' || *p == '~')
			*p = '-';
	}
	return name;
}

static char *with_digit(const char *version)
{
	return xasprintf("%s%s", *version >= '0' && *version <= '9' ? "" : "0~", version);
}

static char *replace(char *s, char from, char to)
{
	for (char *p = s; *p; p++)
		if (*p == from)
			*p = to;
	return s;
}

char *package_debian_version(const char *version)
{
	/* the one sign that Debian's versions do not have */
	return replace(with_digit(version), '_', '.');
}

char *package_native_version(const char *version)
{
	return replace(package_debian_version(version), '-', '+');
}

char *package_rpm_version(const char *version)
{
	return replace(with_digit(version), '-', '_');
}

char *package_debian_arch(const char *arch)
{
	static const struct {
		const char *uname, *debian;
	} names[] = {
		{ "x86_64", "amd64" },	      { "i386", "i386" },    { "i486", "i386" },
		{ "i586", "i386" },	      { "i686", "i386" },    { "aarch64", "arm64" },
		{ "armv7l", "armhf" },	      { "armv6l", "armel" }, { "ppc64le", "ppc64el" },
		{ "loongarch64", "loong64" },
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq(arch, names[i].uname))
			return xstrdup(names[i].debian);
	return xstrdup(arch);
}

/* The word that text begins with; of several the longest. */
static const struct package_word *word_at(const char *text, size_t len,
					  const struct package_word *words, size_t n)
{
	const struct package_word *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(words[i].word);

		if (k > best_len && k <= len && memcmp(text, words[i].word, k) == 0) {
			best = &words[i];
			best_len = k;
		}
	}
	return best;
}

void package_fill(const char *text, size_t len, const struct package_word *words, size_t n,
		  struct buf *ret)
{
	while (len) {
		const struct package_word *w = word_at(text, len, words, n);
		size_t used = w ? strlen(w->word) : 1;

		if (w)
			buf_add_str(ret, w->text);
		else
			buf_add_char(ret, *text);
		text += used;
		len -= used;
	}
}

char *package_exclusive_line(const struct target *targets, size_t n)
{
	CLEAN(buf) struct buf b = { 0 };

	buf_add_str(&b, "BUILD_EXCLUSIVE_KERNEL='^(");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_char(&b, '|');
		for (const char *p = targets[i].kernel; *p; p++) {
			if (*p == '.' || *p == '+')
				buf_add_char(&b, '\\');
			buf_add_char(&b, *p);
		}
	}
	buf_add_str(&b, ")$'\n");
	return buf_take(&b);
}
