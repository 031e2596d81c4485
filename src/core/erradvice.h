/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_ERRADVICE_H
#define DKMS_CORE_ERRADVICE_H

#include <stdbool.h>

#include "core/errline.h"

/*
 * What a person can do about an error, in a sentence: a lower-case text without a full stop, which
 * the caller frees, or NULL where the line says all that is known. `driver` ("hello/1.0") and
 * `kernel` are for the text; NULL where unknown.
 */
char *erradvice(const char *line, enum errline_kind kind, const char *driver, const char *kernel);

/* Is the line about an option that the compiler in use does not know? Then what make said before
 * about the compiler that built the kernel is worth showing too. */
bool erradvice_is_about_compiler(const char *line);

#endif
