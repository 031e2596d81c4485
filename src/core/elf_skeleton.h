/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_ELF_SKELETON_H
#define DKMS_CORE_ELF_SKELETON_H

#include "base/buf.h"
#include "base/fail.h"

/*
 * Makes of a kernel module (uncompressed ELF, 64 bit, little-endian) a small one that depmod reads
 * the same things from: .modinfo, __versions and its longer form, __ksymtab_strings, the __kcrctab
 * sections, and of the symbols the undefined ones, the CRCs (__crc_...), init_module and
 * cleanup_module, all in their order. Code, data, relocations, signature and everything else is
 * left out.
 *
 * What depmod might understand in another way than this does is refused: -ENOTSUP for other word
 * sizes and byte orders, -EBADMSG for anything that is odd or damaged; ret is then empty. Every
 * offset and size is checked; what is written is never larger than a small multiple of len.
 */
int elf_skeleton_make(const void *data, size_t len, struct buf *ret, struct fail *f);

#endif
