/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CONF_VALUES_H
#define DKMS_CORE_CONF_VALUES_H

#include "base/util.h"

/*
 * The names that a kind of file may set (dkms.conf, framework.conf) and the values that it gave
 * them. Every name is a sparse array; a scalar is element 0. What is not a known name never gets
 * here, so a conf file cannot change anything else.
 */

/* A kind of file: its names in the order in which their values come back (dkms.conf(5)). */
struct conf_names {
	const char *const *items;
	size_t n;
};

/* The known names of a dkms.conf, in the order of the second expansion. */
#define CONF_NAME_TABLE(X)                                                                         \
	X(PACKAGE_NAME)                                                                            \
	X(PACKAGE_VERSION)                                                                         \
	X(POST_ADD)                                                                                \
	X(POST_BUILD)                                                                              \
	X(POST_INSTALL)                                                                            \
	X(POST_REMOVE)                                                                             \
	X(PRE_BUILD)                                                                               \
	X(PRE_INSTALL)                                                                             \
	X(BUILD_DEPENDS)                                                                           \
	X(BUILD_EXCLUSIVE_ARCH)                                                                    \
	X(BUILD_EXCLUSIVE_CONFIG)                                                                  \
	X(BUILD_EXCLUSIVE_KERNEL)                                                                  \
	X(BUILD_EXCLUSIVE_KERNEL_MIN)                                                              \
	X(BUILD_EXCLUSIVE_KERNEL_MAX)                                                              \
	X(MAKE)                                                                                    \
	X(MAKE_MATCH)                                                                              \
	X(PATCH)                                                                                   \
	X(PATCH_MATCH)                                                                             \
	X(BUILT_MODULE_NAME)                                                                       \
	X(BUILT_MODULE_LOCATION)                                                                   \
	X(DEST_MODULE_NAME)                                                                        \
	X(DEST_MODULE_LOCATION)                                                                    \
	X(STRIP)                                                                                   \
	X(AUTOINSTALL)                                                                             \
	X(NO_WEAK_MODULES)                                                                         \
	X(BUILD_DEPENDS_REBUILD)                                                                   \
	X(OBSOLETE_BY)                                                                             \
	X(CLEAN)                                                                                   \
	X(REMAKE_INITRD)                                                                           \
	X(MODULES_CONF)                                                                            \
	X(MODULES_CONF_OBSOLETES)                                                                  \
	X(MODULES_CONF_ALIAS_TYPE)                                                                 \
	X(MODULES_CONF_OBSOLETE_ONLY)                                                              \
	X(BUILD_SANDBOX)                                                                           \
	X(BUILD_STORE)                                                                             \
	X(BUILD_LAUNCHER)                                                                          \
	X(built_module_name)                                                                       \
	X(built_module_location)                                                                   \
	X(dest_module_name)                                                                        \
	X(dest_module_location)                                                                    \
	X(strip)                                                                                   \
	X(patch_array)                                                                             \
	X(build_exclude)

enum conf_name {
#define CONF_NAME_ENUM(name) CONF_##name,
	CONF_NAME_TABLE(CONF_NAME_ENUM)
#undef CONF_NAME_ENUM
		CONF_NAME_COUNT,
};

extern const struct conf_names conf_names;

/* Indexes above this are refused: nobody has as many modules, and the arrays are made that long. */
enum { CONF_INDEX_MAX = 9999 };

/* One name's values. Unset elements are NULL. */
struct conf_value {
	char **items;
	size_t n; /* 1 + the highest index */
};

/* The element, borrowed; NULL if it is not set. */
const char *conf_value_get(const struct conf_value *a, size_t index);
/* Sets an element to a copy of text; NULL unsets it. index must be bounded by the caller. */
void conf_value_set(struct conf_value *a, size_t index, const char *text);
/* Unsets all. */
void conf_value_done(struct conf_value *a);

struct conf_values {
	const struct conf_names *names;
	struct conf_value *values; /* names->n of them */
	bool index_too_large;	   /* an element above CONF_INDEX_MAX was given (and is not here) */
	bool has_left;		   /* the file left bash before its end: what it set is not here */
};

void conf_values_init(struct conf_values *v, const struct conf_names *names);
void conf_values_done(struct conf_values *v);
static inline void clean_conf_values(struct conf_values *v)
{
	conf_values_done(v);
}

/* The index of the name of n bytes, or -1. */
int conf_names_find(const struct conf_names *names, const char *name, size_t n);

/* The value of an element, borrowed; NULL if it is not set. */
const char *conf_values_get(const struct conf_values *v, size_t name, size_t index);
/* Sets an element to a copy of value; NULL unsets it. */
void conf_values_set(struct conf_values *v, size_t name, size_t index, const char *value);
/*
 * Sets from the text "NAME=VALUE" or "NAME[7]=VALUE"; the value is taken as it stands. False, and
 * nothing is done, where the text has another form or NAME is not known.
 */
bool conf_values_set_text(struct conf_values *v, const char *text);

#endif
