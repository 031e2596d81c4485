/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/erradvice.h"

#include "base/mem.h"
#include "base/util.h"

/* How driver and kernel are called in a sentence. */
struct names {
	const char *driver;
	const char *kernel;
};

static bool has_any(const char *line, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(line, texts[i]))
			return true;
	return false;
}
#define HAS_ANY(line, texts) has_any(line, texts, COUNT_OF(texts))

bool erradvice_is_about_compiler(const char *line)
{
	static const char *const texts[] = {
		"unrecognized command-line option",
		"unrecognized command line option",
		"unrecognized argument in option",
		"unknown argument: ",
		"unsupported option ",
		"incompatible gcc/plugin versions",
		"fail to initialize plugin",
		"not supported by the compiler",
		"non-retpoline compiler",
	};

	return HAS_ANY(line, texts);
}

/* The kernel's functions, structs or macros are not what the driver was written for. */
static bool is_api_change(const char *line)
{
	static const char *const texts[] = {
		"implicit declaration of function",
		"-Werror=implicit-function-declaration",
		"call to undeclared function",
		"-Werror=implicit-int",
		"undeclared (first use",
		"undeclared here",
		"use of undeclared identifier",
		"has no member named",
		"no member named ",
		"incompatible pointer type",
		"incompatible function pointer",
		"-Werror=incompatible-pointer-types",
		"too few arguments to function",
		"too many arguments to function",
		" arguments, but only ",
		" arguments, but takes just ",
		"too many arguments provided to function-like macro",
		"conflicting types for ",
		"unknown type name",
		"undefined type ",
		"storage size of ",
		"incomplete type",
		"expected declaration specifiers or",
		"assignment of read-only member",
		"redefinition of ",
		"redeclared as different kind",
		"follows non-static declaration",
		"void value not ignored",
		"-Werror=int-conversion",
	};

	return HAS_ANY(line, texts);
}

/* "fatal error: asm/unaligned.h: No such file or directory": a header that kernels have or had. */
static bool is_kernel_header(const char *line)
{
	static const char *const dirs[] = {
		": asm/",   ": asm-generic/", ": linux/",  ": uapi/", ": drm/",	   ": net/",
		": media/", ": sound/",	      ": crypto/", ": scsi/", ": rdma/",   ": acpi/",
		": video/", ": generated/",   ": trace/",  ": xen/",  ": target/", ": drivers/",
		"'asm/",    "'linux/",	      "'drm/",	   "'net/", /* clang */
	};

	return HAS_ANY(line, dirs);
}

/* The program that "sh: 1: gcc-12: not found" or "env: ‘python’: No such …" misses; caller frees.
 */
static char *missing_program(const char *line)
{
	static const char quotes[] = "‘’'`\"";
	const char *end = strrchr(line, ':');
	const char *start = end;

	if (!end)
		return NULL;
	while (start > line && start[-1] != ' ')
		start--;
	while (start < end && strchr(quotes, *start))
		start++;
	while (end > start && strchr(quotes, end[-1]))
		end--;
	return end > start ? xstrndup(start, (size_t)(end - start)) : NULL;
}

static char *about_missing_program(const char *line)
{
	CLEAN(free) char *program = missing_program(line);

	if (!program)
		return NULL;
	if (strstr(program, "scripts/") || strstr(program, "tools/"))
		return xstrdup("the kernel's headers are incomplete: install their package again");
	return xasprintf("the build needs '%s', which is not installed", program);
}

static char *about_api(const struct names *n)
{
	return xasprintf("%s does not know %s yet: look for a newer version of it", n->driver,
			 n->kernel);
}

static char *about_compiler_option(const struct names *n)
{
	return xasprintf(
		"the compiler in use does not fit: take the one that built %s, or look for a newer "
		"version of the driver",
		n->kernel);
}

static char *about_code(const char *line, const struct names *n)
{
	bool no_file = strstr(line, "No such file or directory") || strstr(line, "file not found");

	if (erradvice_is_about_compiler(line))
		return about_compiler_option(n);
	if (strstr(line, "internal compiler error"))
		return xstrdup("the compiler itself broke: try another version of it; if the place "
			       "differs each time, test the memory");
	if (is_api_change(line) || (no_file && is_kernel_header(line)))
		return about_api(n);
	if (no_file)
		return xstrdup(
			"a header is missing that is not the kernel's: a development package may "
			"have to be installed");
	if (strstr(line, "[-Werror"))
		return xasprintf(
			"a warning counts as an error here: %s may be older than this compiler "
			"or kernel: look for a newer version of it",
			n->driver);
	return NULL;
}

static char *about_symbols(const char *line, const struct names *n)
{
	if (strstr(line, "GPL-incompatible"))
		return xasprintf("%s gives this only to modules under the GPL: look for a newer "
				 "version of the driver",
				 n->kernel);
	if (strstr(line, " undefined!"))
		return xasprintf(
			"%s does not offer this to modules: look for a newer version of the "
			"driver, or a kernel configured for it",
			n->kernel);
	if (strstr(line, "from namespace"))
		return about_api(n);
	return NULL;
}

static char *about_make(const char *line, const struct names *n)
{
	if (erradvice_is_about_compiler(line))
		return about_compiler_option(n);
	if (strstr(line, ": *** /") && strstr(line, ": No such file or directory"))
		return xstrdup("the kernel's headers are not where the driver looks for them: "
			       "install them");
	return NULL;
}

static char *advice_for(const char *line, enum errline_kind kind, const struct names *n)
{
	switch (kind) {
	case LINE_NO_SPACE:
		return xstrdup("the disk is full: make room (df shows where) and try again");
	case LINE_NO_MEMORY:
		return xstrdup("the machine ran out of memory: try again with -j 1, or add swap");
	case LINE_UNPREPARED:
		return xasprintf("the headers of %s are not prepared: install their package again",
				 n->kernel);
	case LINE_FOREIGN:
		return xstrdup(
			"the programs in the kernel's headers do not run here: the headers are for "
			"another architecture or a newer system");
	case LINE_NOT_FOUND:
		return about_missing_program(line);
	case LINE_DENIED:
		return xstrdup("the build wanted to write where it may not");
	case LINE_PATCH:
		return xasprintf("a patch of %s does not fit its source", n->driver);
	case LINE_COMPILER:
		return about_code(line, n);
	case LINE_MODPOST:
		return about_symbols(line, n);
	case LINE_MAKE:
		return about_make(line, n);
	case LINE_CONFIGURE:
	case LINE_LINKER:
	case LINE_OTHER:
		break;
	}
	return NULL;
}

char *erradvice(const char *line, enum errline_kind kind, const char *driver, const char *kernel)
{
	CLEAN(free) char *release = NULL;
	struct names n = { .driver = driver ? driver : "this driver" };

	release = kernel ? xasprintf("kernel %s", kernel) : xstrdup("this kernel");
	n.kernel = release;
	return advice_for(line, kind, &n);
}
