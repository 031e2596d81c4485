/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/secure_boot.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"

#define EFI	    "/sys/firmware/efi"
#define OF_FIRMWARE "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define OF_DATABASE "-d719b2cb-3d3a-4596-a3bc-dad00e67656f"
#define OF_SHIM	    "-605dab50-e046-4300-abb6-3dd810dd8b23"

enum { ATTRIBUTES = 4, VARIABLE_MAX = 1 << 20, KEYS_MAX = 16 << 20, SMALL = 4096 };

/* Files of sysfs, securityfs and efivarfs say little or nothing of their size. */
static bool read_file(const char *path, size_t max, struct buf *ret)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd >= 0 && fd_read_all(fd, max, ret) == 0;
}

/* In efivarfs attributes come before the value. */
static void read_variable(const char *file, struct buf *ret)
{
	CLEAN(free) char *path = xasprintf(EFI "/efivars/%s", file);

	if (read_file(path, VARIABLE_MAX, ret) && ret->len >= ATTRIBUTES) {
		memmove(ret->data, ret->data + ATTRIBUTES, ret->len - ATTRIBUTES + 1);
		ret->len -= ATTRIBUTES;
		return;
	}
	buf_reset(ret);
}

static bool variable_is_set(const char *file)
{
	CLEAN(buf) struct buf b = { 0 };

	read_variable(file, &b);
	return b.len == 1 && b.data[0] == 1;
}

#define SECURITY "/sys/kernel/security"

/* "none [integrity] confidentiality"; a kernel that was built without has no such file beside the others there. */
static char *read_lockdown(void)
{
	CLEAN(buf) struct buf b = { 0 };
	const char *open;

	if (!read_file(SECURITY "/lockdown", SMALL, &b))
		return path_exists(SECURITY "/lsm") && !path_exists(SECURITY "/lockdown") ? xstrdup("none") : NULL;
	open = strchr(buf_str(&b), '[');
	return open && strchr(open, ']') ? xstrndup(open + 1, strcspn(open + 1, "]")) : NULL;
}

static bool read_enforced(void)
{
	CLEAN(buf) struct buf b = { 0 };

	return read_file("/sys/module/module/parameters/sig_enforce", SMALL, &b) &&
	       buf_str(&b)[0] == 'Y';
}

void secure_boot_read(struct secure_boot *ret)
{
	*ret = (struct secure_boot){ .is_efi = path_is_dir(EFI) };
	if (!ret->is_efi)
		return;
	ret->is_on = variable_is_set("SecureBoot" OF_FIRMWARE) &&
		     !variable_is_set("SetupMode" OF_FIRMWARE);
	ret->is_waived = ret->is_on && (variable_is_set("MokSBStateRT" OF_SHIM) ||
					variable_is_set("MokSBState" OF_SHIM));
	ret->lockdown = read_lockdown();
	ret->is_enforced = read_enforced();
}

void secure_boot_done(struct secure_boot *sb)
{
	free(sb->lockdown);
	free(sb->keys);
	buf_done(&sb->db);
	buf_done(&sb->moks);
	buf_done(&sb->new_moks);
	*sb = (struct secure_boot){ 0 };
}

bool secure_boot_refuses(const struct secure_boot *sb)
{
	if (!sb->is_on || sb->is_waived)
		return false;
	return sb->is_enforced || !sb->lockdown || !str_eq(sb->lockdown, "none");
}

static void read_keys(struct secure_boot *sb)
{
	CLEAN(buf) struct buf keys = { 0 };

	if (sb->has_keys)
		return;
	sb->has_keys = true;
	read_variable("db" OF_DATABASE, &sb->db);
	/* whole, where firmware has no room for the variable */
	if (!read_file(EFI "/mok-variables/MokListRT", VARIABLE_MAX, &sb->moks)) {
		buf_reset(&sb->moks);
		read_variable("MokListRT" OF_SHIM, &sb->moks);
	}
	read_variable("MokNew" OF_SHIM, &sb->new_moks);
	read_file("/proc/keys", KEYS_MAX, &keys);
	sb->keys = buf_take(&keys);
}

static bool is_in(const struct buf *database, const char *signer, const char *key)
{
	return certificate_in_database(database->data, database->len, signer, key);
}

static bool name_is_in(const struct buf *database, const char *name)
{
	return certificate_name_in_database(database->data, database->len, name);
}

enum enrolment secure_boot_knows(struct secure_boot *sb, const char *signer, const char *key,
				 const struct certificate *ours)
{
	read_keys(sb);
	if (is_in(&sb->moks, signer, key) || is_in(&sb->db, signer, key))
		return ENROLMENT_DONE;
	if (ours && certificate_signed(ours, signer, key)) {
		if (certificate_in_kernel(sb->keys, ours))
			return ENROLMENT_DONE;
	} else if (certificate_name_in_kernel(sb->keys, signer) && !name_is_in(&sb->moks, signer) &&
		   !name_is_in(&sb->db, signer)) {
		/* the kernel's own key, say: only its name can be compared */
		return ENROLMENT_UNKNOWN;
	}
	return is_in(&sb->new_moks, signer, key) ? ENROLMENT_WAITS : ENROLMENT_NONE;
}

bool certificate_load(const char *path, struct certificate *ret)
{
	CLEAN(buf) struct buf der = { 0 };

	*ret = (struct certificate){ 0 };
	return file_read(AT_FDCWD, path, VARIABLE_MAX, &der) == 0 &&
	       certificate_parse(der.data, der.len, ret);
}
