/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_TESTS_UNIT_H
#define DKMS_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
