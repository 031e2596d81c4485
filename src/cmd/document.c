/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/document.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/outcome.h"

struct message {
	const char *level; /* static */
	char *text, *hint;
};

/* How a step ended. */
struct ending {
	const struct step *step; /* only compared */
	char *text, *hint, *log, *advice;
	struct strv lines;
};

struct document {
	int fd; /* the stdout that we were started with */
	struct message *messages;
	size_t n_messages;
	struct ending *endings;
	size_t n_endings;
	struct buf members; /* of the document's object, behind the fixed ones */
	struct json writer;
};

struct document *document_new(void)
{
	struct document *d = xcalloc(1, sizeof(*d));

	fflush(stdout);
	d->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (d->fd >= 0)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	/* as if inside the object that document_write opens */
	d->writer =
		(struct json){ .out = &d->members, .depth = 1, .has_items = true, .closing = "}" };
	return d;
}

void document_free(struct document *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_messages; i++) {
		free(d->messages[i].text);
		free(d->messages[i].hint);
	}
	for (size_t i = 0; i < d->n_endings; i++) {
		free(d->endings[i].text);
		free(d->endings[i].hint);
		free(d->endings[i].log);
		free(d->endings[i].advice);
		strv_done(&d->endings[i].lines);
	}
	free(d->messages);
	free(d->endings);
	buf_done(&d->members);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

void document_message(struct document *d, const char *level, const char *text, const char *hint)
{
	d->messages = xreallocarray(d->messages, d->n_messages + 1, sizeof(*d->messages));
	d->messages[d->n_messages++] = (struct message){ level, xstrdup(text), xstrdup(hint) };
}

void document_step_end(struct document *d, const struct step *s, const struct fail *f,
		       const char *log, const struct errlog *e)
{
	struct ending *n;

	d->endings = xreallocarray(d->endings, d->n_endings + 1, sizeof(*d->endings));
	n = &d->endings[d->n_endings++];
	*n = (struct ending){ .step = s, .log = xstrdup(log) };
	if (f) {
		n->text = xstrdup(f->text);
		n->hint = xstrdup(f->hint);
	}
	if (e) {
		n->advice = xstrdup(e->advice);
		strv_add_all(&n->lines, &e->lines);
	}
}

static const struct ending *find_ending(const struct document *d, const struct step *s)
{
	static const struct ending none = { 0 };

	for (size_t i = 0; i < d->n_endings; i++)
		if (d->endings[i].step == s)
			return &d->endings[i];
	return &none;
}

static void write_waits(struct json *j, const struct step *s)
{
	json_array(j, "after");
	for (size_t i = 0; i < s->n_waits; i++)
		json_int(j, NULL, (long long)s->waits[i].step + 1);
	json_end(j);
}

static void write_step(struct json *j, const struct plan *p, const struct step *s,
		       const struct ending *e)
{
	json_object(j, NULL);
	json_int(j, "id", s - p->steps + 1);
	json_string(j, "step", step_kind_name(s->kind));
	json_string(j, "module", s->module);
	json_string(j, "version", s->version);
	json_string(j, "kernel", s->kernel);
	json_string(j, "arch", s->arch);
	write_waits(j, s);
	json_string(j, "state", step_state_name(s->state));
	json_string(j, "outcome", s->code < 0 ? outcome_word(s->code) : NULL);
	json_int(j, "exit_status", outcome_exit_status(s->code));
	json_string(j, "reason", e->text ? e->text : s->note);
	json_string(j, "hint", e->hint);
	json_string(j, "log", e->log);
	json_strings(j, "log_errors", &e->lines);
	json_string(j, "advice", e->advice);
	json_end(j);
}

void document_plan(struct document *d, const struct plan *p)
{
	struct json *j = document_writer(d);

	json_array(j, "steps");
	for (size_t i = 0; i < p->n; i++)
		write_step(j, p, &p->steps[i], find_ending(d, &p->steps[i]));
	json_end(j);
}

struct json *document_writer(struct document *d)
{
	return &d->writer;
}

static void write_messages(const struct document *d, struct json *j)
{
	json_array(j, "messages");
	for (size_t i = 0; i < d->n_messages; i++) {
		json_object(j, NULL);
		json_string(j, "level", d->messages[i].level);
		json_string(j, "text", d->messages[i].text);
		json_string(j, "hint", d->messages[i].hint);
		json_end(j);
	}
	json_end(j);
}

int document_write(struct document *d, const struct request *rq, int code, int status,
		   const struct fail *f)
{
	bool is_action = rq->verb != VERB_NONE && rq->verb != VERB_SETTINGS;
	CLEAN(buf) struct buf b = { 0 };
	struct json j = { .out = &b };

	json_object(&j, NULL);
	json_object(&j, "dkms");
	json_string(&j, "version", DKMS_VERSION);
	json_end(&j);
	json_int(&j, "schema", DOCUMENT_SCHEMA);
	json_string(&j, "action", is_action ? verb_name(rq->verb) : NULL);
	json_bool(&j, "dry_run", rq->dry_run);
	json_string(&j, "outcome", outcome_word(code));
	json_int(&j, "exit_status", status);
	json_string(&j, "error", f->text);
	json_string(&j, "hint", f->hint);
	write_messages(d, &j);
	buf_add(&b, buf_str(&d->members), d->members.len);
	json_end(&j);
	return d->fd < 0 ? 0 : fd_write_all(d->fd, b.data, b.len);
}
