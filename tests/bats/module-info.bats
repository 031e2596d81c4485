#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What our reader finds in real modules, compared with modinfo and with the kernel's own tables.

load ../lib/dkms

setup() {
	C=$BATS_TEST_TMPDIR
	DUMP=${DKMS_TEST_ROOT%/test-root}/tests/tools/module-dump
	modules=$("$DKMS_TEST_TOP/tests/lib/fetch" kernel "$K1")/$K1
}

teardown() { :; }

fields='^(filename|version|srcversion|alias|depends|name|vermagic|sig_id|signer|sig_key|sig_hashalgo):'

# one line per field, "<number of the module> <field>: <value>", in an order that does not matter
by_module() { awk '/^filename:/ { n++ } { print n, $0 }' | LC_ALL=C sort; }

like_modinfo() { # FILE...
	modinfo "$@" | grep -E "$fields" | sed -E 's/^([a-z_]+):[[:blank:]]*/\1: /' | by_module >"$C/theirs"
	"$DUMP" "$@" | by_module >"$C/ours"
	[ "$(wc -l <"$C/theirs")" -gt $# ]
	diff "$C/theirs" "$C/ours"
}

@test "every module of the cloud kernel reads as modinfo reads it" {
	mapfile -t files < <(find "$modules/kernel" -name '*.ko')
	[ ${#files[@]} -gt 1000 ]
	like_modinfo "${files[@]}"
	grep -q ' signer: ' "$C/ours"
}

@test "a module of every other kind of compression reads as modinfo reads it" {
	cp "$(find "$modules/kernel" -name veth.ko)" "$C/veth.ko"
	xz -k --check=crc32 --lzma2=dict=1MiB "$C/veth.ko"
	zstd -q -k "$C/veth.ko"
	gzip -k "$C/veth.ko"
	like_modinfo "$C/veth.ko.xz" "$C/veth.ko.zst"
	# this kmod may not read gzip: compare with what was packed
	diff <("$DUMP" "$C/veth.ko" | tail -n +2) <("$DUMP" "$C/veth.ko.gz" | tail -n +2)
}

@test "version and srcversion read as modinfo reads them" {
	ready_ko "$C/a.ko" a 1.2-3
	like_modinfo "$C/a.ko"
	grep -qx '1 version: 1.2-3' "$C/ours"
	grep -q '^1 srcversion: ' "$C/ours"
}

@test "imports and their CRCs are those of modprobe --dump-modversions" {
	mapfile -t files < <(find "$modules/kernel/drivers/net" "$modules/kernel/fs" -name '*.ko')
	[ ${#files[@]} -gt 50 ]
	for f in "${files[@]}"; do modprobe --dump-modversions "$f"; done |
		awk '{ print $1, $2 }' | sort >"$C/theirs"
	"$DUMP" -s "${files[@]}" | awk '/^U / { print $2, $3 }' | sort >"$C/ours"
	diff "$C/theirs" "$C/ours"
}

@test "exports and their CRCs are those of Module.symvers" {
	mapfile -t files < <(find "$modules/kernel" -name '*.ko')
	awk '$3 != "vmlinux" { print $1, $2 }' "/usr/src/linux-headers-$K1/Module.symvers" | sort -u >"$C/theirs"
	"$DUMP" -s "${files[@]}" | awk '/^E 0x/ { print $2, $3 }' | sort -u >"$C/ours"
	[ -s "$C/theirs" ]
	diff "$C/theirs" "$C/ours"
}

@test "a damaged module is an error message" {
	for n in 0 10 64 1000 20000; do
		head -c "$n" "$(find "$modules/kernel" -name veth.ko)" >"$C/cut.ko"
		run -1 --separate-stderr "$DUMP" "$C/cut.ko"
		[[ $stderr == *"$C/cut.ko"* ]]
	done
}
