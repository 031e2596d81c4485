/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_DOCUMENT_H
#define DKMS_CMD_DOCUMENT_H

#include "base/json.h"
#include "cmd/request.h"
#include "core/errlog.h"
#include "core/plan.h"

/*
 * The report of a run as one JSON document, for --json (docs/json.md describes it). It is filled
 * while the run goes on and written at its end, on the stdout that dkms was started with: in
 * between stdout is stderr, so that nothing that runs meanwhile can spoil it.
 */
enum { DOCUMENT_SCHEMA = 1 };

struct document;

/* From here on stdout is stderr. */
struct document *document_new(void);
void document_free(struct document *d);

/* A message as a person would have seen it; level is "error", "warning" or "note". hint may be
 * NULL. */
void document_message(struct document *d, const char *level, const char *text, const char *hint);
/* What is only known when a step ends; f and e are copied. */
void document_step_end(struct document *d, const struct step *s, const struct fail *f,
		       const char *log, const struct errlog *e);
/* The plan as it was left, with what was told of its steps. */
void document_plan(struct document *d, const struct plan *p);

/* For the members that only some actions have: the writer of the document's own object, between two
 * members. */
struct json *document_writer(struct document *d);

/* Writes it. code is what the action returned, status what dkms exits with. 0 or -errno. */
int document_write(struct document *d, const struct request *rq, int code, int status,
		   const struct fail *f);

#endif
