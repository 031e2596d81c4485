/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * signer [NAME=VALUE...] [FILE...]: prepares signing as a build does, prints what was chosen, signs the files.
 * Names: key, cert, sign_file (as framework.conf has them), try (true, false, not_in_chroot), kernel, source,
 * config (a file). The distribution is that of /etc/os-release.
 *
 * signer make-key [NAME=VALUE...]: what generate_mok does.        signer chroot: prints yes or no.
 */
#include <fcntl.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/distro_load.h"
#include "sys/sign.h"

extern char **environ;

struct request {
	struct framework framework;
	struct distro distro;
	struct buf config;
	struct kconfig kconfig;
	struct strv environment;
	struct sign_request rq;
};

static bool take_word(struct request *x, char *word)
{
	struct {
		const char *name;
		const char **to;
	} words[] = {
		{ "key", (const char **)&x->framework.mok_signing_key },
		{ "cert", (const char **)&x->framework.mok_certificate },
		{ "sign_file", (const char **)&x->framework.sign_file },
		{ "kernel", &x->rq.kernel },
		{ "source", &x->rq.kernel_source_dir },
	};
	char *eq = strchr(word, '=');

	if (!eq || word[0] == '/')
		return false;
	*eq++ = '\0';
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_eq(word, words[i].name))
			*words[i].to = eq;
	if (str_eq(word, "try"))
		x->framework.try_sign_modules = str_eq(eq, "true")  ? SIGN_ALWAYS :
						str_eq(eq, "false") ? SIGN_NEVER :
								      SIGN_NOT_IN_CHROOT;
	if (str_eq(word, "config"))
		file_read(AT_FDCWD, eq, 1 << 24, &x->config);
	return true;
}

static int print_signer(int r, const struct signer *s, const struct fail *f)
{
	static const char *const methods[] = { "off", "helper", "external" };

	printf("result %d\nmethod %s\nprogram %s\nhash %s\nkey %s\ncert %s\nmade %s\nwhy %s\n", r,
	       methods[s->method], s->program ? s->program : "-", s->hash ? s->hash : "-",
	       s->key ? s->key : "-", s->certificate ? s->certificate : "-", s->made_key ? "yes" : "no",
	       s->why ? s->why : "-");
	printf("warning %s\n", f->text ? f->text : "-");
	return r;
}

int main(int argc, char **argv)
{
	struct request x = { .rq = { .kernel = "K", .kernel_source_dir = "/nowhere",
				     .install_tree = "/lib/modules" } };
	CLEAN(signer) struct signer s = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	bool make_key = argc > 1 && str_eq(argv[1], "make-key");
	int i = make_key ? 2 : 1, status = 0;

	env_copy(&x.environment, environ);
	if (argc == 2 && str_eq(argv[1], "chroot")) {
		puts(chroot_detect(&x.environment) ? "yes" : "no");
		strv_done(&x.environment);
		return 0;
	}
	while (i < argc && take_word(&x, argv[i]))
		i++;
	if (distro_load(&x.environment, &x.distro, &f) < 0)
		return 4;
	x.kconfig = (struct kconfig){ buf_str(&x.config), x.config.len };
	x.rq.framework = &x.framework;
	x.rq.distro = &x.distro;
	x.rq.kconfig = &x.kconfig;
	x.rq.environment = &x.environment;
	print_signer(make_key ? signer_make_key(&x.rq, false, &s, &f) : signer_prepare(&x.rq, &s, &f), &s, &f);
	for (; i < argc; i++) {
		if (signer_sign(&s, argv[i], &f) == 0)
			continue;
		printf("failed %s\n", f.text);
		status = 1;
	}
	distro_done(&x.distro);
	buf_done(&x.config);
	strv_done(&x.environment);
	return status;
}
