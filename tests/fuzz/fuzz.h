/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_TESTS_FUZZ_H
#define DKMS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* One run of a target. libFuzzer calls it (-Dfuzzers=true), or replay.c for every file of the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
