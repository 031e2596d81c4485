/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_STATE_H
#define DKMS_SYS_BUILD_STATE_H

#include "core/launcher.h"
#include "core/layout.h"
#include "sys/build.h"
#include "sys/build_log.h"
#include "sys/sandbox.h"
#include "sys/store.h"

/* The sandbox of one build; private to build_sandbox.c. */
struct build_box {
	enum sandbox_mode mode; /* SANDBOX_OFF also where there can be none */
	bool is_open, is_owned; /* the build directory is the build user's */
	bool was_open; /* when the commands had ended */
	bool is_disk_full;
	bool adopts; /* what commands leave running becomes our child */
	uid_t uid;
	gid_t gid;
	struct sandbox sandbox;
	struct strv reach, reach_too, hide;
	struct sandbox_limit limits[16];
	size_t n_limits;
	struct sandbox_net net;
	struct sandbox_grants grants;
	struct denials denied; /* in the last try */
	struct denials filled; /* what was full in it: of no matter unless it failed */
	struct strv disks;     /* where it may write */
	uint64_t *floors;      /* bytes that must stay free there */
};

/* The compiler's launcher of one build; private to build_launcher.c. */
struct build_launch {
	struct launcher launcher;
	bool is_on;	 /* makes get it */
	bool was_used, ran_as_root;
	char *cc;	 /* the launcher and the compiler */
	char *dir;	 /* where it keeps what it keeps; NULL: none that we know of */
	bool is_own_dir; /* nobody has named it */
	uid_t uid;	 /* who has it */
	gid_t gid;
};

/* What the store knows of one build; private to build_store.c. */
struct build_keep {
	bool is_on;
	struct store store;
	char key[SHA256_HEX];
	struct timespec since;
	struct buf log; /* of what was taken from it */
	char *id;	/* its name there */
	bool is_spoiled; /* not to be kept */
};

/*
 * Everything that one running build has; private to the build_*.c files. Two of them may exist at
 * once: nothing is global, no step changes the process's working directory or environment.
 */
struct build {
	const struct build_job *job;
	struct layout at;
	char *build_dir;    /* <tree>/<m>/<v>/build: as commands and logs see it */
	char *source;	    /* <tree>/<m>/<v>/source */
	char *override_dir; /* /etc/dkms/<m> */
	char *stage;	    /* <tree>/<m>/<v>/.new-<k>-<a>: the result until it is published */
	struct build_log log;
	struct strv env; /* for make and scripts */
	struct build_box box;
	struct build_launch launch;
	struct buf record; /* of the manifest */
	struct build_keep keep;
};

/* As build_warn, for what is true of every build here. */
void build_warn_once(const struct build *b, const char *hint, const char *fmt, ...) PRINTF_LIKE(3, 4);
void build_warn(const struct build *b, const char *hint, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
