/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sign.h"

#include "base/mem.h"

/* Until key and method are chosen here, nothing is signed, and that is said. */
int signer_prepare(const struct sign_request *rq, struct signer *ret, struct fail *f)
{
	(void)rq;
	(void)f;
	*ret = (struct signer){ .method = SIGN_OFF, .why = xstrdup("this build of dkms cannot sign") };
	return 0;
}

void signer_done(struct signer *s)
{
	free(s->program);
	free(s->hash);
	free(s->key);
	free(s->certificate);
	free(s->why);
	*s = (struct signer){ 0 };
}

int signer_sign(const struct signer *s, const char *path, struct fail *f)
{
	(void)s;
	(void)path;
	(void)f;
	return 0;
}
