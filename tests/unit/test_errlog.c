/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/errlog.h"

/* Excerpts of real logs: data/errlog/NAME.log, and what is to be shown of it in NAME.want. */
static void check_log(const char *dir, const char *name)
{
	CLEAN(free) char *log_path = path_join(dir, name);
	CLEAN(free) char *want_path = xasprintf("%.*swant", (int)(strlen(log_path) - 3), log_path);
	CLEAN(buf) struct buf log = { 0 }, want = { 0 }, got = { 0 };
	CLEAN(errlog) struct errlog e = { 0 };

	assert_int_equal(file_read(AT_FDCWD, log_path, 1 << 20, &log), 0);
	assert_int_equal(file_read(AT_FDCWD, want_path, 1 << 20, &want), 0);
	errlog_find(buf_str(&log), log.len, &e);
	for (size_t i = 0; i < e.lines.n; i++)
		buf_add_fmt(&got, "%s\n", e.lines.items[i]);
	buf_add_fmt(&got, "advice: %s\n", e.advice ? e.advice : "-");
	if (!str_eq(buf_str(&got), buf_str(&want)))
		fail_msg("%s: found\n%swanted\n%s", name, buf_str(&got), buf_str(&want));
}

static void real_logs(void **state)
{
	CLEAN(free) char *dir = path_join(TEST_DATA_DIR, "errlog");
	CLEAN(strv) struct strv names = { 0 };
	size_t n = 0;

	assert_int_equal(dir_list(dir, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		if (!str_has_suffix(names.items[i], ".log"))
			continue;
		check_log(dir, names.items[i]);
		n++;
	}
	assert_true(n >= 20);
}

/* A line alone: is it taken for the error? */
static const struct line_case {
	const char *line;
	bool taken;
} line_cases[] = {
	{ "drivers/net/error.c: In function 'x':", false },
	{ "  CC [M]  /b/error.o", false },
	{ "  LD [M]  /b/error.ko", false },
	{ "gcc -Werror -c error.c -o error.o", false },
	{ "echo 'foo: error: bar'", false },
	{ "printf \"x: fatal error: y\"", false },
	{ "0 errors, 3 warnings", false },
	{ "ERROR_CODES := 1", false },
	{ "no error: fine", false },
	{ "/b/x.c:1:2: warning: this is an error: really [-Wfoo]", false },
	{ "/b/x.c:1:2: note: error: x", false },
	{ "cc1: some warnings being treated as errors", false },
	{ "cc1: all warnings being treated as errors", false },
	{ "1 error generated.", false },
	{ "compilation terminated.", false },
	{ "  12 | return error: 3", false },
	{ "      | error: 3", false },
	{ "# command: make x.c:1: error: y", false },
	{ "fatal: not a git repository (or any of the parent directories): .git", false },
	{ "Skipping BTF generation for /b/x.ko due to unavailability of vmlinux", false },
	{ "warning: the compiler differs from the one used to build the kernel", false },
	{ "WARNING: modpost: \"foo\" [/b/x.ko] undefined!", false },
	{ "make[1]: [Makefile:3: clean] Error 1 (ignored)", false },
	{ "make[2]: *** Waiting for unfinished jobs....", false },
	{ "cc1: note: unrecognized command-line option ‘-Wno-x’ may have been intended", false },
	{ "	echo >&2 \"  ERROR: Kernel configuration is invalid.\";		\\", false },
	{ "", false },
	{ "/b/x.c:1:2: error: y", true },
	{ "x.c:12: error: y", true },
	{ "/b/x.c:1:2: fatal error: y.h: No such file or directory", true },
	{ "cc1: error: code model kernel does not support PIC mode", true },
	{ "x86_64-linux-gnu-gcc-12: error: unrecognized command-line option ‘-mfoo’", true },
	{ "/b/x.S:3: Error: no such instruction: `foo'", true },
	{ "/b/x.c:1:2: Fehler: »y« nicht deklariert", true },
	{ "/b/x.o: error: objtool: foo+0x3: unreachable", true },
	{ "error[E0433]: failed to resolve: foo", true },
	{ "ld.lld: error: undefined symbol: foo", true },
	{ "ERROR: modpost: \"foo\" [/b/x.ko] undefined!", true },
	{ "ERROR: \"foo\" [/b/x.ko] undefined!", true },
	{ "FATAL: modpost: GPL-incompatible module x.ko uses GPL-only symbol 'y'", true },
	{ "FAILED: load BTF from vmlinux: Invalid argument", true },
	{ "configure: error: no acceptable C compiler found in $PATH", true },
	{ "Makefile:30: *** Kernel headers not found.  Stop.", true },
	{ "make: *** No rule to make target 'x.ko'.  Stop.", true },
	{ "make: *** [Makefile:3: all] Error 1", true },
	{ "! Error: Can not find iptables version", true },
	{ "/bin/sh: 1: bison: not found", true },
	{ "bash: line 1: flex: command not found", true },
	{ "Killed", true },
};

static void lines_alone(void **state)
{
	for (size_t i = 0; i < COUNT_OF(line_cases); i++) {
		const struct line_case *c = &line_cases[i];
		CLEAN(errlog) struct errlog e = { 0 };

		errlog_find(c->line, strlen(c->line), &e);
		if (c->taken != (e.lines.n == 1) ||
		    (c->taken && !str_eq(e.lines.items[0], c->line)))
			fail_msg("%s: %zu lines", c->line, e.lines.n);
	}
}

/* "bad" beside what each line gives for advice; "-" for none. */
static const struct advice_case {
	const char *line, *advice;
} advice_cases[] = {
	{ "x.c:1:2: error: implicit declaration of function ‘f’", "does not know" },
	{ "x.c:1:2: error: ‘struct a’ has no member named ‘b’", "does not know" },
	{ "x.c:1:2: error: too few arguments to function ‘f’", "does not know" },
	{ "x.c:1:2: error: call to undeclared function 'f'; ISO C99", "does not know" },
	{ "x.c:1:2: error: macro \"M\" requires 2 arguments, but only 1 given", "does not know" },
	{ "x.c:1:2: fatal error: asm/unaligned.h: No such file or directory", "does not know" },
	{ "x.c:1:2: fatal error: 'linux/x.h' file not found", "does not know" },
	{ "x.c:1:2: fatal error: gelf.h: No such file or directory", "development package" },
	{ "x.c:1:2: error: control reaches end [-Werror=return-type]",
	  "a warning counts as an error" },
	{ "x.c:1:2: error: expected ‘;’ before ‘}’ token", NULL },
	{ "x.c:1:2: internal compiler error: in foo", NULL },
	{ "x.c:1:2: error: internal compiler error: in foo", "compiler itself" },
	{ "gcc-12: error: unrecognized command-line option ‘-mfoo’", "one that built this kernel" },
	{ "clang: error: unknown argument: '-fconserve-stack'", "one that built this kernel" },
	{ "cc1: error: incompatible gcc/plugin versions", "one that built this kernel" },
	{ "Makefile:3: *** CONFIG_X=y, but not supported by the compiler.  Stop.",
	  "one that built this kernel" },
	{ "Makefile:3: *** missing separator.  Stop.", NULL },
	{ "make: *** /lib/modules/9/build: No such file or directory.  Stop.", "headers" },
	{ "ERROR: modpost: \"foo\" [x.ko] undefined!", "does not offer this" },
	{ "FATAL: modpost: GPL-incompatible module x.ko uses GPL-only symbol 'y'",
	  "under the GPL" },
	{ "ERROR: modpost: module x uses symbol y from namespace Z, but does not import it.",
	  "does not know" },
	{ "ERROR: modpost: missing MODULE_LICENSE() in x.o", NULL },
	{ "/tmp/ccX.s: fatal error: x: No space left on device", "disk is full" },
	{ "gcc: fatal error: Killed signal terminated program cc1", "out of memory" },
	{ "  ERROR: Kernel configuration is invalid.", "not prepared" },
	{ "/bin/sh: 1: scripts/mod/modpost: Exec format error", "do not run here" },
	{ "x: /lib/libc.so.6: version `GLIBC_2.38' not found (required by x)", "do not run here" },
	{ "/bin/sh: 1: gcc-12: not found", "needs 'gcc-12'" },
	{ "make[1]: x86_64-linux-gnu-gcc-12: No such file or directory",
	  "needs 'x86_64-linux-gnu-gcc-12'" },
	{ "sh: '': not found", NULL },
	{ "not found", NULL },
	{ "env: ‘python’: No such file or directory", "needs 'python'" },
	{ "/bin/sh: 1: scripts/basic/fixdep: not found", "incomplete" },
	{ "mkdir: cannot create directory ‘/x’: Permission denied", "may not" },
	{ "Hunk #1 FAILED at 10.", "does not fit" },
	{ "ld: x.o: undefined reference to `foo'", NULL },
	{ "configure: error: no", NULL },
};

static void advice_of_lines(void **state)
{
	for (size_t i = 0; i < COUNT_OF(advice_cases); i++) {
		const struct advice_case *c = &advice_cases[i];
		CLEAN(errlog) struct errlog e = { 0 };

		errlog_find(c->line, strlen(c->line), &e);
		if (c->advice ? !e.advice || !strstr(e.advice, c->advice) : e.advice != NULL)
			fail_msg("%s: advice is %s", c->line, e.advice ? e.advice : "none");
	}
}

static void assert_first(const char *log, const char *line)
{
	CLEAN(errlog) struct errlog e = { 0 };

	errlog_find(log, strlen(log), &e);
	if (!line) {
		assert_int_equal(e.lines.n, 0);
		return;
	}
	assert_true(e.lines.n > 0);
	assert_string_equal(e.lines.items[0], line);
}

static void order_and_rank(void **state)
{
	/* the first of equals; what explains more wins over what came first */
	assert_first("a.c:1: error: one\nb.c:1: error: two\n", "a.c:1: error: one");
	assert_first("a.c:1: error: one\ncc: x: No space left on device\n",
		     "cc: x: No space left on device");
	assert_first("make: *** [x] Error 1\na.c:1: error: late\n", "a.c:1: error: late");
	assert_first("Error: odd\na.c:1: error: one\n", "a.c:1: error: one");
	/* conftests are meant to fail; a missing tool counts when a recipe failed for it */
	assert_first("conftest.c:1:1: error: no\nmake: *** No rule to make target 'x'.  Stop.\n",
		     "make: *** No rule to make target 'x'.  Stop.");
	assert_first("sh: 1: lsb_release: not found\nsh: 1: bison: not found\n"
		     "make: *** [Makefile:3: x] Error 127\n",
		     "sh: 1: bison: not found");
	/* a command that ended well explains a failure only if nothing else does */
	assert_first("a.c:1: error: probe\n# exit code: 0\n\nb.c:1: error: real\n# exit code: 2\n",
		     "b.c:1: error: real");
	assert_first("a.c:1: error: hidden\n# exit code: 0\n\nfine\n# exit code: 0\n",
		     "a.c:1: error: hidden");
	/* what only follows from an error counts if a recipe fails for it, just then */
	assert_first("ld returned 1\ncollect2: error: ld returned 1 exit status\nmake: *** [x] Error 1\n",
		     "collect2: error: ld returned 1 exit status");
	assert_first("collect2: error: ld returned 1 exit status\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
		     "make: *** [x] Error 1\n",
		     "8");
	assert_first("collect2: error: ld returned 1 exit status\na.c:1: error: one\nmake: *** [x] Error 1\n",
		     "a.c:1: error: one");
	/* the kernel's doing: it killed the compiler because memory was short */
	assert_first("a.c:1: error: one\nmake: *** [x.o] Killed\n", "make: *** [x.o] Killed");
	assert_first("all is well\n", NULL);
	assert_first("", NULL);
}

static void fit_for_a_terminal(void **state)
{
	static const char log[] = "\033[01m\033[Ka.c:1:\033[m\033[K \033[01;31merror: "
				  "\033[m\033]0;title\aone\a\001\r\n";
	CLEAN(errlog) struct errlog e = { 0 }, cut = { 0 };
	CLEAN(buf) struct buf longer = { 0 };

	errlog_find(log, sizeof(log) - 1, &e);
	assert_int_equal(e.lines.n, 1);
	assert_string_equal(e.lines.items[0], "a.c:1: error: one");
	/* as of `tput sgr0`, of a reset, and cut off */
	assert_first("\033(B\033[ma.c:1: \033cerror: one\033%G\033", "a.c:1: error: one");
	assert_first("a.c:1: error: one\033\nb\n", "a.c:1: error: one");
	assert_first("a.c:1: error: one\033(\nb\n", "a.c:1: error: one");

	buf_add_str(&longer, "a.c:1: error: ");
	for (int i = 0; i < 100000; i++)
		buf_add_str(&longer, "é");
	errlog_find(buf_str(&longer), longer.len, &cut);
	assert_int_equal(cut.lines.n, 1);
	assert_true(strlen(cut.lines.items[0]) <= ERRLOG_WIDTH + strlen("..."));
	assert_true(str_has_suffix(cut.lines.items[0], "é..."));
}

/* Any bytes, cut anywhere: no read outside (the sanitizers look), bounds kept. */
static void any_bytes(void **state)
{
	static const char seed[] = "x.c:1:2: error: a\033[31mb\033]x\n   1 | src\n\r\0 note:\n: "
				   "*** [x] Error 127\n\033";

	for (size_t from = 0; from < sizeof(seed); from++) {
		for (size_t len = 0; from + len < sizeof(seed); len++) {
			CLEAN(errlog) struct errlog e = { 0 };
			CLEAN(free) char *exact = xmemdup(seed + from, len);

			errlog_find(exact, len, &e);
			assert_true(e.lines.n <= ERRLOG_LINES);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_logs),	      cmocka_unit_test(lines_alone),
		cmocka_unit_test(advice_of_lines),    cmocka_unit_test(order_and_rank),
		cmocka_unit_test(fit_for_a_terminal), cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
