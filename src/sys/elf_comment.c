/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/elf_comment.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>

#include "base/mem.h"

enum { COMMENT_MAX = 64 << 10, SECTIONS_MAX = 100000, NAMES_MAX = 16 << 20 };

/* Of both ELF classes the same few facts. */
struct section {
	uint32_t name;
	uint64_t offset, size;
};

struct elf {
	int fd;
	bool is64;
	uint64_t table;
	size_t n, entry, names;
};

static int read_at(int fd, void *p, size_t n, uint64_t at)
{
	ssize_t k = at > INT64_MAX ? 0 : pread(fd, p, n, (off_t)at);

	if (k < 0)
		return -errno;
	return (size_t)k == n ? 0 : -ENOEXEC;
}

static int open_elf(struct elf *e)
{
	const int order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr h32;
		Elf64_Ehdr h64;
	} u;
	int r = read_at(e->fd, &u.h32, sizeof(u.h32), 0);

	if (r < 0)
		return r;
	if (memcmp(u.ident, ELFMAG, SELFMAG) != 0 || u.ident[EI_DATA] != order)
		return -ENOEXEC;
	e->is64 = u.ident[EI_CLASS] == ELFCLASS64;
	if (e->is64) {
		r = read_at(e->fd, &u.h64, sizeof(u.h64), 0);
		if (r < 0)
			return r;
	}
	e->table = e->is64 ? u.h64.e_shoff : u.h32.e_shoff;
	e->n = e->is64 ? u.h64.e_shnum : u.h32.e_shnum;
	e->entry = e->is64 ? u.h64.e_shentsize : u.h32.e_shentsize;
	e->names = e->is64 ? u.h64.e_shstrndx : u.h32.e_shstrndx;
	if (e->entry != (e->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)) || e->names >= e->n ||
	    e->n > SECTIONS_MAX)
		return -ENOEXEC;
	return 0;
}

static int read_section(const struct elf *e, size_t i, struct section *ret)
{
	union {
		Elf32_Shdr s32;
		Elf64_Shdr s64;
	} u;
	int r = read_at(e->fd, &u, e->entry, e->table + i * e->entry);

	if (r < 0)
		return r;
	ret->name = e->is64 ? u.s64.sh_name : u.s32.sh_name;
	ret->offset = e->is64 ? u.s64.sh_offset : u.s32.sh_offset;
	ret->size = e->is64 ? u.s64.sh_size : u.s32.sh_size;
	return 0;
}

static bool is_named(const struct elf *e, const struct section *names, const struct section *s,
		     const char *name)
{
	char text[16] = "";
	size_t n = strlen(name) + 1;

	return n <= sizeof(text) && s->name < names->size && n <= names->size - s->name &&
	       read_at(e->fd, text, n, names->offset + s->name) == 0 && memcmp(text, name, n) == 0;
}

int elf_comment_read(const char *path, struct buf *ret)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct elf e = { .fd = fd };
	struct section names, s;
	int r;

	if (fd < 0)
		return -errno;
	r = open_elf(&e);
	if (r == 0)
		r = read_section(&e, e.names, &names);
	for (size_t i = 0; r == 0 && i < e.n; i++) {
		r = read_section(&e, i, &s);
		if (r < 0 || !is_named(&e, &names, &s, ".comment"))
			continue;
		if (s.size > COMMENT_MAX)
			return -ENOEXEC;
		r = read_at(fd, buf_reserve(ret, s.size), s.size, s.offset);
		if (r == 0) {
			ret->len += s.size;
			ret->data[ret->len] = '\0';
		}
		return r;
	}
	return r < 0 ? r : -ENODATA;
}
