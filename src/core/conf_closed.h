/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CONF_CLOSED_H
#define DKMS_CORE_CONF_CLOSED_H

#include "base/strv.h"

/*
 * Does what a conf file says depend on nothing but variables? Asked of files that bash has to read (core/conf_eval.h):
 * one with if and case only says the same as long as its variables do, one that runs commands, reads files or looks
 * at the disk may say something else next time, and must be read again each time.
 *
 * True: the names of all variables that it looks at were added to used, each once. What is doubtful is false. Pure,
 * linear.
 */
bool conf_is_closed(const char *text, size_t len, struct strv *used);

#endif
