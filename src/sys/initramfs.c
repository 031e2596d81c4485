/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/initramfs.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/cpio.h"
#include "core/sha256.h"
#include "sys/helper.h"
#include "sys/initramfs_names.h"
#include "sys/module_file.h"
#include "sys/run.h"
#include "sys/stamp.h"

enum { LIST_MAX = 4 << 20, SAID_MAX = 4 << 20, READ_TIME = 120 * 1000 };

void module_copy_done(struct module_copy *m)
{
	free(m->name);
	free(m->sha256);
	free(m->build_id);
	free(m->srcversion);
	free(m->sig_key);
	*m = (struct module_copy){ 0 };
}

void initramfs_done(struct initramfs *i)
{
	for (size_t k = 0; k < i->n; k++)
		module_copy_done(&i->copies[k]);
	free(i->copies);
	*i = (struct initramfs){ 0 };
}

char *initramfs_find(const char *kernel)
{
	CLEAN(free) char *of_debian = xasprintf("/boot/initrd.img-%s", kernel);
	CLEAN(free) char *of_dracut = xasprintf("/boot/initramfs-%s.img", kernel);

	if (path_is_file(of_debian))
		return TAKE_PTR(of_debian);
	return path_is_file(of_dracut) ? TAKE_PTR(of_dracut) : NULL;
}

/* One word of a line of the helper's; NULL for "-". */
static char *take_word(const char **at)
{
	size_t n = strcspn(*at, " ");
	const char *word = *at;

	*at += n + ((*at)[n] == ' ');
	return n == 1 && *word == '-' ? NULL : xstrndup(word, n);
}

static void add_copy(struct initramfs *i, const char *line, const char *kernel)
{
	struct module_copy m = { .sha256 = take_word(&line) };

	m.build_id = take_word(&line);
	m.srcversion = take_word(&line);
	m.sig_key = take_word(&line);
	m.name = cpio_module_name(line, kernel);
	if (!m.name || !m.sha256) {
		module_copy_done(&m);
		return;
	}
	i->copies = xreallocarray(i->copies, i->n + 1, sizeof(*i->copies));
	i->copies[i->n++] = m;
}

/* What the helper says of it. */
static int list_modules(const char *image, const char *kernel, const struct strv *names,
			const struct strv *environment, struct buf *ret, struct fail *f)
{
	CLEAN(free) char *helper = helper_find("dkms-archive");
	CLEAN(strv) struct strv argv = { 0 };
	struct run_result res = { 0 };
	struct run run = { .env = environment,
			   .err_fd = RUN_NULL,
			   .capture = ret,
			   .capture_max = LIST_MAX,
			   .timeout_ms = READ_TIME };
	int r;

	if (!helper)
		return fail_set(f, -ENOENT, "there is no 'dkms-archive' to read '%s'", image);
	strv_add(&argv, helper);
	strv_add(&argv, "initramfs");
	strv_add(&argv, image);
	strv_add(&argv, kernel);
	strv_add_all(&argv, names);
	run.argv = (const char *const *)argv.items;
	r = run_command(&run, &res, f);
	if (r < 0)
		return r;
	return res.status == 0 ? 0 : fail_set(f, -EBADMSG, "'%s' cannot be read", image);
}

/* Is it known to have none of them? */
static bool has_none(const char *image, const struct strv *names)
{
	CLEAN(strv) struct strv there = { 0 };
	struct file_stamp now;

	stamp_look(AT_FDCWD, image, &now);
	if (!initramfs_names_know(image, &now, &there))
		return false;
	for (size_t i = 0; i < names->n; i++)
		if (strv_has(&there, names->items[i]))
			return false;
	return true;
}

int initramfs_read(const char *image, const char *kernel, const struct strv *names,
		   const struct strv *environment, struct initramfs *ret, struct fail *f)
{
	CLEAN(strv) struct strv lines = { 0 }, there = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	struct file_stamp then;
	int r;

	if (has_none(image, names))
		return 0;
	stamp_keep(AT_FDCWD, image, false, &then);
	r = list_modules(image, kernel, names, environment, &out, f);
	if (r < 0)
		return r;
	strv_split(&lines, buf_str(&out), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (str_has_prefix(lines.items[i], "- "))
			strv_add(&there, lines.items[i] + 2);
		else
			add_copy(ret, lines.items[i], kernel);
	initramfs_names_keep(image, &then, &there);
	return 0;
}

bool module_copy_load(const char *path, struct module_copy *ret)
{
	CLEAN(buf) struct buf data = { 0 };
	CLEAN(module_info) struct module_info mi = { 0 };
	char hex[SHA256_HEX];
	struct sha256 digest;

	if (module_file_load(path, &data, NULL) < 0 ||
	    module_info_parse(data.data, data.len, &mi, NULL) < 0)
		return false;
	sha256_init(&digest);
	sha256_add(&digest, data.data, data.len);
	sha256_hex(&digest, hex);
	*ret = (struct module_copy){ .sha256 = xstrdup(hex),
				     .build_id = TAKE_PTR(mi.build_id),
				     .srcversion = TAKE_PTR(mi.srcversion),
				     .sig_key = TAKE_PTR(mi.sig_key) };
	return true;
}

bool module_copy_same(const struct module_copy *a, const struct module_copy *b)
{
	return str_eq(a->sha256, b->sha256) ||
	       (a->build_id && str_eq(a->build_id, b->build_id) &&
		str_eq(a->srcversion, b->srcversion) && str_eq(a->sig_key, b->sig_key));
}

bool initramfs_command(const char *image, const char *kernel, const struct strv *environment,
		       struct strv *ret)
{
	CLEAN(free) char *update = run_find("update-initramfs", environment);
	CLEAN(free) char *dracut = run_find("dracut", environment);

	if (update && str_has_prefix(image, "/boot/initrd.img-")) {
		strv_add(ret, "update-initramfs");
		strv_add(ret, "-u");
		strv_add(ret, "-k");
		strv_add(ret, kernel);
	} else if (dracut) {
		strv_add(ret, "dracut");
		strv_add(ret, "--force");
		strv_add(ret, image);
		strv_add(ret, kernel);
	}
	return ret->n > 0;
}

/* What it said last, for a message. */
static const char *last_line(char *text)
{
	size_t n = strlen(text);
	char *line;

	while (n > 0 && strchr("\r\n", text[n - 1]))
		text[--n] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

int initramfs_update(const char *image, const char *kernel, const struct strv *environment,
		     struct fail *f)
{
	CLEAN(strv) struct strv argv = { 0 };
	CLEAN(buf) struct buf said = { 0 };
	CLEAN(free) char *text = NULL, *command = NULL;
	struct run_result res = { 0 };
	struct run run = {
		.env = environment, .err_fd = RUN_AS_OUT, .capture = &said, .capture_max = SAID_MAX
	};
	int r;

	if (!initramfs_command(image, kernel, environment, &argv))
		return fail_set(f, -ENOENT,
				"there is neither update-initramfs nor dracut to make '%s' anew",
				image);
	run.argv = (const char *const *)argv.items;
	r = run_command(&run, &res, f);
	if (r < 0 || res.status == 0)
		return r;
	command = strv_join(&argv, " ");
	text = buf_take(&said);
	return fail_set(f, -EIO, "'%s' failed with exit status %d: %s", command, res.status,
			last_line(text));
}
