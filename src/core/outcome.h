/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_OUTCOME_H
#define DKMS_CORE_OUTCOME_H

/*
 * Everything that can become of an operation, and the exit status that scripts and packages know it
 * by. One row each: name, exit status, a word for programs. The table is the official interface;
 * tests walk it.
 */
#define OUTCOME_TABLE(X)                                  \
	X(NOT_ROOT, 1, "not-root")                        \
	X(NO_ACCESS, 1, "no-access")                      \
	X(NO_NAME, 1, "no-name")                          \
	X(BAD_NAME, 1, "bad-name")                        \
	X(WRONG_PATH, 1, "wrong-path")                    \
	X(ARCH_COUNT, 1, "arch-count")                    \
	X(NO_TEMPLATE, 1, "no-template")                  \
	X(BINARIES_NO_SOURCE, 1, "binaries-no-source")    \
	X(USAGE, 2, "usage")                              \
	X(KERNEL_WITH_ALL, 2, "kernel-with-all")          \
	X(NO_SOURCE_DIR, 2, "no-source-dir")              \
	X(NO_ARCHIVE, 2, "no-archive")                    \
	X(SAME_TEMPLATE, 2, "same-template")              \
	X(ARCH_WITH_ALL, 3, "arch-with-all")              \
	X(ALREADY_ADDED, 3, "already-added")              \
	X(NOT_ADDED, 3, "not-added")                      \
	X(NOT_AN_ARCHIVE, 3, "not-an-archive")            \
	X(UNKNOWN_MODULE, 3, "unknown-module")            \
	X(TWO_ACTIONS, 4, "two-actions")                  \
	X(NO_OS_RELEASE, 4, "no-os-release")              \
	X(NO_CONF, 4, "no-conf")                          \
	X(ONE_KERNEL, 4, "one-kernel")                    \
	X(BROKEN, 4, "broken")                            \
	X(ALL_UNSUPPORTED, 5, "all-unsupported")          \
	X(PATCH_MISSING, 5, "patch-missing")              \
	X(PATCH_FAILED, 6, "patch-failed")                \
	X(NO_KERNEL, 6, "no-kernel")                      \
	X(NOTHING_INSTALLED, 6, "nothing-installed")      \
	X(MODULE_MISSING, 6, "module-missing")            \
	X(DEPMOD_FAILED, 6, "depmod-failed")              \
	X(NOT_BUILT, 6, "not-built")                      \
	X(TARBALL_WRITE, 6, "tarball-write")              \
	X(PACKAGE_FAILED, 6, "package-failed")            \
	X(NO_RESULT, 7, "no-result")                      \
	X(WRONG_RESULT, 7, "wrong-result")                \
	X(ARCHIVE_SHAPE, 7, "archive-shape")              \
	X(BAD_CONF, 8, "bad-conf")                        \
	X(BOTH_ONLY, 8, "both-only")                      \
	X(ARCHIVE_ADDED, 8, "archive-added")              \
	X(NO_SOURCE, 8, "no-source")                      \
	X(TARBALL_DIR, 9, "tarball-dir")                  \
	X(RPM_FAILED, 9, "rpm-failed")                    \
	X(MAKE_FAILED, 10, "make-failed")                 \
	X(SOME_FAILED, 11, "some-failed")                 \
	X(DEPENDS_MISSING, 13, "depends-missing")         \
	X(NOT_REMOVED, 14, "not-removed")                 \
	X(SCRIPT_DIR, 15, "script-dir")                   \
	X(EMPTY_KERNEL, 16, "empty-kernel")               \
	X(NO_HEADERS, 21, "no-headers")                   \
	X(EXCLUDED, 77, "excluded")                       \
	X(PRE_INSTALL_FAILED, 101, "pre-install-failed")

/* Codes are returned negated, like errno values: return fail_set(f, -E_BROKEN, …). */
enum outcome {
	OUTCOME_FIRST = 1024,
#define OUTCOME_ENUM(name, status, word) E_##name,
	OUTCOME_TABLE(OUTCOME_ENUM)
#undef OUTCOME_ENUM
	OUTCOME_END,
	/* a script's own failure: -(E_SCRIPT + n), n its exit status 1..255 */
	E_SCRIPT = 4096,
};

/* The exit status for a code: 0 for >= 0, the table's for own codes, n for scripts, 1 for -errno. */
int outcome_exit_status(int code);
/* The word for a code: "done", the table's, "script-failed" or "system-error". Static. */
const char *outcome_word(int code);

#endif
