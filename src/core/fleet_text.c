/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fleet.h"

#include "base/mem.h"

/* A fleet in the languages of those that run it. */

/* One word for a POSIX shell. */
static void add_word(struct buf *b, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:=@%,-";

	if (b->len)
		buf_add_char(b, ' ');
	if (*word && word[strspn(word, plain)] == '\0') {
		buf_add_str(b, word);
		return;
	}
	buf_add_char(b, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_add_str(b, "'\\''");
		else
			buf_add_char(b, *word);
	buf_add_char(b, '\'');
}

/* Of what make and ninja read, '$' is all that they do not hand on. */
static char *double_dollars(const char *s)
{
	struct buf b = { 0 };

	for (; *s; s++) {
		buf_add_char(&b, *s);
		if (*s == '$')
			buf_add_char(&b, '$');
	}
	return buf_take(&b);
}

char *fleet_tarball(const struct fleet_job *j)
{
	return xasprintf("%s.dkms.tar.gz", j->id);
}

/* One job being written down. Words of the engine's own (`dkms`, `out`) are put in as they are. */
struct script {
	const struct fleet *fl;
	const struct fleet_job *j;
	const char *dkms, *out;
	bool own_sources;  /* the job has a source tree of its own */
	char *source_tree; /* else this one, if dkms would not look there by itself */
	bool *reached;	   /* all that it needs, directly or not */
	struct strv *ret;
};

/* The tree whose <module>-<version> the source is; NULL: it is called something else. */
static char *tree_of_source(const struct fleet_job *j)
{
	CLEAN(free) char *tail = xasprintf("/%s-%s", j->module, j->version);
	size_t n = strlen(j->source), m = strlen(tail);

	return n > m && str_has_suffix(j->source, tail) ? xstrndup(j->source, n - m) : NULL;
}

static void mark_needs(const struct fleet *fl, const struct fleet_job *j, bool *reached)
{
	for (size_t i = 0; i < j->n_needs; i++)
		if (!reached[j->needs[i]]) {
			reached[j->needs[i]] = true;
			mark_needs(fl, &fl->jobs[j->needs[i]], reached);
		}
}

static void add_words(struct buf *b, const struct strv *words)
{
	for (size_t i = 0; i < words->n; i++)
		add_word(b, words->items[i]);
}

/* "DKMS VERB --dkmstree OUT/ID/tree …" */
static void begin_dkms(const struct script *s, const char *verb, struct buf *b)
{
	buf_add_fmt(b, "%s %s --dkmstree %s/%s/tree", s->dkms, verb, s->out, s->j->id);
	if (s->own_sources)
		buf_add_fmt(b, " --sourcetree %s/%s/source", s->out, s->j->id);
	if (s->source_tree) {
		add_word(b, "--sourcetree");
		add_word(b, s->source_tree);
	}
	add_words(b, &s->fl->tree_options);
}

static void end_dkms(const struct script *s, struct buf *b)
{
	CLEAN(free) char *module = xasprintf("%s/%s", s->j->module, s->j->version);
	CLEAN(free) char *kernel = xasprintf("%s/%s", s->j->kernel, s->j->arch);

	add_word(b, "-m");
	add_word(b, module);
	add_word(b, "-k");
	add_word(b, kernel);
}

static void add_start(const struct script *s)
{
	const struct fleet_job *j = s->j;
	CLEAN(free) char *name = xasprintf("/%s-%s", j->module, j->version);
	CLEAN(buf) struct buf link = { 0 }, target = { 0 };

	strv_add_fmt(s->ret, "rm -rf %s/%s", s->out, j->id);
	if (!s->own_sources)
		return;
	strv_add_fmt(s->ret, "mkdir -p %s/%s/source", s->out, j->id);
	add_word(&target, j->source);
	add_word(&link, name);
	/* the quotes of a shell may begin within a word */
	strv_add_fmt(s->ret, "ln -s %s %s/%s/source%s", buf_str(&target), s->out, j->id,
		     buf_str(&link));
}

static void add_loads(const struct script *s)
{
	for (size_t i = 0; i < s->fl->n_jobs; i++) {
		CLEAN(buf) struct buf b = { 0 };
		CLEAN(free) char *tarball = fleet_tarball(&s->fl->jobs[i]);

		if (!s->reached[i])
			continue;
		begin_dkms(s, "ldtarball", &b);
		buf_add_fmt(&b, " --archive %s/%s", s->out, tarball);
		strv_add(s->ret, buf_str(&b));
	}
}

/* What it depends on is loaded, but not installed anywhere, so it is not asked for. */
static void add_build(const struct script *s)
{
	CLEAN(buf) struct buf b = { 0 };

	begin_dkms(s, "build", &b);
	add_words(&b, &s->fl->build_options);
	for (size_t i = 0; i < s->j->depends.n; i++) {
		CLEAN(free) char *directive = xasprintf("BUILD_DEPENDS[%zu]=", i);

		add_word(&b, "--directive");
		add_word(&b, directive);
	}
	end_dkms(s, &b);
	strv_add(s->ret, buf_str(&b));
}

static void add_package(const struct script *s)
{
	bool is_deb = s->fl->result == FLEET_DEB;
	CLEAN(free) char *version = xasprintf("/%s/%s/", s->j->module, s->j->version);
	CLEAN(buf) struct buf b = { 0 }, dir = { 0 };

	if (s->fl->result == FLEET_TARBALL)
		return;
	begin_dkms(s, is_deb ? "mkbmdeb" : "mkrpm", &b);
	if (!is_deb)
		add_word(&b, "--binaries-only");
	add_words(&b, &s->fl->build_options);
	end_dkms(s, &b);
	strv_add(s->ret, buf_str(&b));
	add_word(&dir, version);
	strv_add_fmt(s->ret, "cp %s/%s/tree%s%s %s/", s->out, s->j->id, buf_str(&dir),
		     is_deb ? "deb/*.deb" : "rpm/*.rpm", s->out);
}

/* The tarball comes last: where it is, the job is done. */
static void add_tarball(const struct script *s)
{
	CLEAN(free) char *tarball = fleet_tarball(s->j);
	CLEAN(buf) struct buf b = { 0 };

	begin_dkms(s, "mktarball", &b);
	end_dkms(s, &b);
	buf_add_fmt(&b, " --archive %s/%s", s->out, tarball);
	strv_add(s->ret, buf_str(&b));
}

void fleet_commands(const struct fleet *fl, const struct fleet_job *j, const char *dkms,
		    const char *out, struct strv *ret)
{
	CLEAN(free) bool *reached = xcalloc(fl->n + 1, sizeof(*reached));
	CLEAN(free) char *tree = tree_of_source(j);
	struct script s = {
		.fl = fl, .j = j, .dkms = dkms, .out = out, .reached = reached, .ret = ret
	};

	s.own_sources = j->n_needs > 0 || !tree;
	if (!s.own_sources && !str_eq(tree, fl->source_tree))
		s.source_tree = tree;
	mark_needs(fl, j, reached);
	add_start(&s);
	add_loads(&s);
	add_build(&s);
	add_package(&s);
	add_tarball(&s);
	strv_add_fmt(ret, "rm -rf %s/%s", out, j->id);
}

/* How an engine names its own variables for the program and the results. */
struct engine_words {
	const char *dkms, *out;
};

/* The commands of a job with `begin` before the first and `between` before the others. */
static void add_commands(const struct fleet *fl, const struct fleet_job *j,
			 const struct engine_words *w, const char *begin, const char *between,
			 struct buf *ret)
{
	/* stand for the variables until each '$' of a name is doubled; no name has control
	 * characters */
	static const char dkms[] = "\1", out[] = "\2";
	CLEAN(strv) struct strv commands = { 0 };

	fleet_commands(fl, j, dkms, out, &commands);
	for (size_t i = 0; i < commands.n; i++) {
		CLEAN(free) char *line = double_dollars(commands.items[i]);

		buf_add_str(ret, i ? between : begin);
		for (const char *p = line; *p; p++)
			if (*p == *dkms)
				buf_add_str(ret, w->dkms);
			else if (*p == *out)
				buf_add_str(ret, w->out);
			else
				buf_add_char(ret, *p);
	}
	buf_add_char(ret, '\n');
}

static void add_target(const struct fleet_job *j, const char *out, struct buf *ret)
{
	CLEAN(free) char *tarball = fleet_tarball(j);

	buf_add_fmt(ret, " %s/%s", out, tarball);
}

void fleet_makefile(const struct fleet *fl, struct buf *ret)
{
	static const struct engine_words words = { "$(DKMS)", "$(OUT)" };

	buf_add_str(ret,
		    "# Made by dkms plan. To run two jobs at a time: make -j2 -f THIS_FILE\n"
		    "# What is in $(OUT) already is not made again; a job that fails leaves the "
		    "others alone.\n"
		    "DKMS = dkms\nOUT = out\n"
		    "MAKEFLAGS += --keep-going\nSHELL = /bin/sh\n.SUFFIXES:\n.DELETE_ON_ERROR:\n\n"
		    ".PHONY: all\nall:");
	for (size_t i = 0; i < fl->n_jobs; i++) {
		buf_add_str(ret, " \\\n ");
		add_target(&fl->jobs[i], words.out, ret);
	}
	buf_add_char(ret, '\n');
	for (size_t i = 0; i < fl->n_jobs; i++) {
		const struct fleet_job *j = &fl->jobs[i];
		CLEAN(free) char *tarball = fleet_tarball(j);

		buf_add_fmt(ret, "\n%s/%s:", words.out, tarball);
		for (size_t k = 0; k < j->n_needs; k++)
			add_target(&fl->jobs[j->needs[k]], words.out, ret);
		add_commands(fl, j, &words, "\n\t", "\n\t", ret);
	}
}

void fleet_ninja(const struct fleet *fl, struct buf *ret)
{
	static const struct engine_words words = { "$dkms", "$results" };

	buf_add_str(ret,
		    "# Made by dkms plan. To run two jobs at a time: ninja -j2 -k0 -f THIS_FILE\n"
		    "# What is in $results already is not made again; with -k0 a job that fails "
		    "leaves the others "
		    "alone.\n"
		    "dkms = dkms\nresults = out\n\n"
		    "rule job\n  command = $run\n  description = $out\n");
	for (size_t i = 0; i < fl->n_jobs; i++) {
		const struct fleet_job *j = &fl->jobs[i];

		buf_add_str(ret, "\nbuild");
		add_target(j, words.out, ret);
		buf_add_str(ret, ": job");
		for (size_t k = 0; k < j->n_needs; k++)
			add_target(&fl->jobs[j->needs[k]], words.out, ret);
		add_commands(fl, j, &words, "\n  run = ", " && ", ret);
	}
}

/* A cell of a table, as wide as the widest of its column. */
static void add_cell(struct buf *b, const char *text, size_t width)
{
	buf_add_fmt(b, "%-*s  ", (int)width, text);
}

static size_t wider(size_t width, const char *text)
{
	return strlen(text) > width ? strlen(text) : width;
}

static char *table_module(const struct fleet_job *j)
{
	return xasprintf("%s/%s", j->module, j->version);
}

static char *table_remark(const struct fleet *fl, const struct fleet_job *j)
{
	CLEAN(strv) struct strv names = { 0 };
	CLEAN(free) char *all = NULL;

	if (j->excluded)
		return xasprintf("left out: %s", j->excluded);
	for (size_t i = 0; i < j->n_needs; i++)
		strv_take(&names, table_module(&fl->jobs[j->needs[i]]));
	all = strv_join(&names, " ");
	return names.n ? xasprintf("after %s", all) : xstrdup("");
}

static void add_row(const struct fleet *fl, const struct fleet_job *j, const size_t *widths,
		    struct buf *ret)
{
	CLEAN(free) char *module = table_module(j), *remark = table_remark(fl, j);
	CLEAN(buf) struct buf line = { 0 };

	add_cell(&line, module, widths[0]);
	add_cell(&line, j->kernel, widths[1]);
	add_cell(&line, j->arch, widths[2]);
	buf_add_str(&line, remark);
	while (line.len && line.data[line.len - 1] == ' ')
		line.len--;
	buf_add(ret, line.data, line.len);
	buf_add_char(ret, '\n');
}

void fleet_table(const struct fleet *fl, struct buf *ret)
{
	size_t widths[3] = { strlen("MODULE"), strlen("KERNEL"), strlen("ARCH") };

	for (size_t i = 0; i < fl->n; i++) {
		CLEAN(free) char *module = table_module(&fl->jobs[i]);

		widths[0] = wider(widths[0], module);
		widths[1] = wider(widths[1], fl->jobs[i].kernel);
		widths[2] = wider(widths[2], fl->jobs[i].arch);
	}
	add_cell(ret, "MODULE", widths[0]);
	add_cell(ret, "KERNEL", widths[1]);
	buf_add_str(ret, "ARCH\n");
	for (size_t i = 0; i < fl->n; i++)
		add_row(fl, &fl->jobs[i], widths, ret);
}
