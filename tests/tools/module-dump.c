/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * module-dump [-s] FILE...: what our reader finds in kernel modules, "field: value" a line, in the order and
 * under the names of modinfo; -s: imported ("U") and exported ("E") symbols with their CRCs instead.
 */
#include "sys/module_file.h"

static void line(const char *name, const char *value)
{
	if (value)
		printf("%s: %s\n", name, value);
}

static void print_fields(const struct module_info *mi)
{
	line("version", mi->version);
	line("srcversion", mi->srcversion);
	for (size_t i = 0; i < mi->aliases.n; i++)
		line("alias", mi->aliases.items[i]);
	line("depends", mi->depends);
	line("name", mi->name);
	line("vermagic", mi->vermagic);
	line("sig_id", mi->sig_id);
	line("signer", mi->signer);
	line("sig_key", mi->sig_key);
	line("sig_hashalgo", mi->sig_hash);
}

static void print_symbols(const char *kind, const struct module_symbol *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (items[i].has_crc)
			printf("%s 0x%08x %s\n", kind, items[i].crc, items[i].name);
		else
			printf("%s - %s\n", kind, items[i].name);
	}
}

int main(int argc, char **argv)
{
	bool symbols = argc > 1 && str_eq(argv[1], "-s");
	int status = 0;

	for (int i = symbols ? 2 : 1; i < argc; i++) {
		CLEAN(module_info) struct module_info mi = { 0 };
		CLEAN(fail) struct fail f = { 0 };

		printf("filename: %s\n", argv[i]);
		if (module_file_info(argv[i], &mi, &f) < 0) {
			fprintf(stderr, "module-dump: %s\n", f.text);
			status = 1;
			continue;
		}
		if (symbols) {
			print_symbols("U", mi.imports, mi.n_imports);
			print_symbols("E", mi.exports, mi.n_exports);
		} else {
			print_fields(&mi);
		}
	}
	return status;
}
