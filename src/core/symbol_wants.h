/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_SYMBOL_WANTS_H
#define DKMS_CORE_SYMBOL_WANTS_H

#include "core/module_info.h"

/*
 * Which of the symbols that some modules import nobody offers, or offers with another CRC? The
 * wants are few and are gathered first; then everything that offers symbols is shown to them once,
 * best first: an offer that fits settles a want whatever else is offered.
 */
enum symbol_state { SYMBOL_MISSING, SYMBOL_OTHER_CRC, SYMBOL_OFFERED };

struct symbol_want {
	const char *name;   /* borrowed from the module_info */
	const char *module; /* who wants it; borrowed */
	uint32_t crc;
	bool has_crc;
	enum symbol_state state;
};

struct symbol_wants {
	struct symbol_want *items;
	size_t n;
	bool is_sorted;
};

/* Weak imports are left out: without an offer they are 0, which the module asks for. */
void symbol_wants_add(struct symbol_wants *w, const char *module, const struct module_info *mi);
/* All adding is over when the first offer comes. A CRC of 0 is none: nothing is compared. */
void symbol_wants_offer(struct symbol_wants *w, const char *name, size_t len, uint32_t crc);
void symbol_wants_offer_module(struct symbol_wants *w, const struct module_info *mi);
/* The text of a Module.symvers file: lines of CRC, symbol, module, kind of export, namespace. */
void symbol_wants_offer_symvers(struct symbol_wants *w, const char *text, size_t len);
/* How many are not SYMBOL_OFFERED? */
size_t symbol_wants_open(const struct symbol_wants *w);
void symbol_wants_done(struct symbol_wants *w);
static inline void clean_symbol_wants(struct symbol_wants *w)
{
	symbol_wants_done(w);
}

#endif
