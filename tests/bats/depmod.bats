#!/usr/bin/env bats
# The module index: made elsewhere and put in place when it is whole; from skeletons of the modules where that is known to
# give the same bytes.
load ../lib/dkms

KP=6.1.0-packed
M=/lib/modules/$KP
CACHE=/var/cache/dkms/depmod

setup() {
	world_up
	only_ours
}

# A kernel with 120 of the cloud kernel's modules, compressed, and its index.
packed_kernel() {
	local src f
	if [ ! -d "$W/packed" ]; then
		src=$("$DKMS_TEST_TOP/tests/lib/fetch" kernel "$K1")/$K1
		mkdir "$W/packed"
		cp "$src"/modules.{order,builtin,builtin.modinfo} "$W/packed/"
		(cd "$src" && find kernel/drivers/net kernel/net kernel/fs -name '*.ko' -size -200k | sort | sed -n '1~3p' |
			awk 'NR <= 120' | cpio -pdm --quiet "$W/packed")
		find "$W/packed/kernel" -name '*.ko' -print0 | xargs -0 -P 2 -n 20 xz -0 --check=crc32
	fi
	mkdir -p "$M"
	cp -a "$W/packed/." "$M/"
	ln -s "/usr/src/linux-headers-$K1" "$M/build"
	sleep 0.15 # what is newer could change unseen
	depmod "$KP"
	sleep 0.02
}

last() { cat $CACHE/*/last; }

# The index is what depmod -a makes; and it was made so ("skeletons", or why not).
assert_index() {
	local f
	assert_same "$(last)" "$1" "how the index was made" || return 1
	rm -rf "$C/ours"
	mkdir "$C/ours"
	cp -p "$M"/modules.* "$C/ours/"
	rm -f "$C"/ours/modules.{order,builtin,builtin.modinfo} # these are not made by depmod
	depmod -a "$KP" 2>/dev/null || :
	for f in "$C"/ours/*; do
		cmp "$f" "$M/${f##*/}" || return 1
	done
	cp -p "$C"/ours/* "$M/"
}

# Changes the index, so that dkms runs depmod, and back.
run_depmod() {
	[ -d /usr/src/small-1 ] || make_module small 1
	if [ -e "$M/updates/dkms/small.ko" ] || [ -e "$M/updates/dkms/small.ko.xz" ]; then
		run_dkms uninstall small/1 -k "$KP"
	else
		run_dkms install small/1 -k "$KP"
	fi
	assert_status 0
}

# The same, and once more where the index that is there cannot prove anything: it has a module that is gone.
run_until_skeletons() {
	run_depmod
	assert_index "$(last)" || return 1
	[ "$(last)" = skeletons ] || run_depmod
	assert_index skeletons
}

# a depmod before the real one on PATH, which is "$C/bin/depmod"
stub_depmod() {
	mkdir -p "$C/bin"
	cat >"$C/bin/depmod"
	chmod 755 "$C/bin/depmod"
	PATH=$C/bin:$PATH
}

@test "the index of a compressed kernel comes from skeletons from the first install on" {
	packed_kernel
	make_module first 1
	make_module second 2
	run_dkms install first/1 -k "$KP"
	assert_status 0
	assert_index skeletons
	run_dkms install second/2 -k "$KP"
	assert_status 0
	assert_index skeletons
	run_dkms uninstall first/1 -k "$KP"
	assert_status 0
	assert_index skeletons
	run_dkms remove second/2 -k "$KP"
	assert_status 0
	assert_index skeletons
}

@test "overrides and changes behind dkms's back are in the index" {
	packed_kernel
	local name file
	run_depmod
	file=$(cd "$M" && find kernel -name '*.ko.xz' | sort | sed -n 7p)
	name=$(basename "$file" .ko.xz)
	make_module "$name" 1
	run_dkms install "$name/1" -k "$KP"
	assert_status 0
	assert_index skeletons
	run_dkms uninstall "$name/1" -k "$KP"
	assert_status 0
	assert_index skeletons
	rm "$(find "$M/kernel" -name '*.ko.xz' | sort | sed -n 20p)"
	run_depmod
	assert_index skeletons
	xz -d "$(find "$M/kernel" -name '*.ko.xz' | sort | sed -n 30p)"
	run_depmod
	assert_index skeletons
	sort -r "$M/modules.order" >"$C/order"
	cp "$C/order" "$M/modules.order"
	run_depmod
	assert_index skeletons
}

@test "a small kernel, or one of uncompressed modules, keeps no skeletons" {
	make_module small 1
	run_dkms install small/1 -k "$K1"
	assert_status 0
	refute_exists $CACHE
}

@test "an index that says nothing about this depmod proves nothing: the next one does" {
	packed_kernel
	rm "$(find "$M/kernel" -name '*.ko.xz' | sort | sed -n 20p)"
	run_depmod
	refute_exists $CACHE
	run_depmod # takes a module out that is in the index
	refute_exists $CACHE
	run_depmod
	assert_index skeletons
}

@test "a failing depmod leaves the index as it was" {
	local before
	packed_kernel
	before=$(tree_digest "$M")
	stub_depmod <<-'SH'
		#!/bin/sh
		[ "$1" != --version ] || exec /sbin/depmod --version
		/sbin/depmod "$@"
		echo "no space, say"
		exit 1
	SH
	make_module small 1
	run_dkms install small/1 -k "$KP"
	assert_status 6
	assert_errors_have "no space, say"
	assert_same "$(tree_digest "$M")" "$before" "the modules directory"
}

# cycle PACKAGE [MODULE...]: modules that need each other in a ring, which no depmod likes
cycle() {
	local dir=/usr/src/$1-1 first=$2 m next i=0 conf='' names=("${@:2}")
	mkdir -p "$dir"
	for m in "${names[@]}"; do
		next=${names[i + 1]:-$first}
		cat >"$dir/$m.c" <<-CODE
			#include <linux/module.h>
			MODULE_LICENSE("GPL");
			MODULE_VERSION("1");
			int ${next}_sym(void);
			int ${m}_sym(void);
			int ${m}_sym(void) { return ${next}_sym(); }
			EXPORT_SYMBOL(${m}_sym);
		CODE
		conf+="BUILT_MODULE_NAME[$i]=$m DEST_MODULE_LOCATION[$i]=/updates"$'\n'
		i=$((i + 1))
	done
	echo "obj-m := ${names[*]/%/.o}" >"$dir/Makefile"
	printf 'PACKAGE_NAME=%s PACKAGE_VERSION=1 AUTOINSTALL=yes\n%s' "$1" "$conf" >"$dir/dkms.conf"
}

@test "the module that depmod does not like is found and named; what is innocent is installed" {
	local before m
	cycle ring ring_a ring_b
	for m in aa bb yy zz; do
		make_module $m 1
		run_dkms add $m/1
	done
	run_dkms add ring/1
	before=$(tree_digest "/lib/modules/$K1")
	run_dkms install ring/1 -k "$K1"
	assert_status 6
	assert_errors_have "Cycle detected"
	assert_errors_have "with 'updates/dkms/ring_b.ko', 'updates/dkms/ring_a.ko' among them"
	assert_same "$(tree_digest "/lib/modules/$K1")" "$before" "the modules directory"
	run_dkms autoinstall -k "$K1"
	assert_status 11
	assert_errors_have "with 'updates/dkms/ring_b.ko', 'updates/dkms/ring_a.ko' among them"
	assert_output_has "ring/1 for kernel $K1 is back to built"
	assert_dkms_status "aa/1, $K1, $ARCH: installed" "bb/1, $K1, $ARCH: installed" "ring/1, $K1, $ARCH: built" \
		"yy/1, $K1, $ARCH: installed" "zz/1, $K1, $ARCH: installed"
	[ "$(grep -c '^updates/dkms/' "/lib/modules/$K1/modules.dep")" = 4 ]
}

@test "what --force replaced goes back; where depmod does not like that either it goes" {
	local how good
	make_module aa 1
	make_module -m "ring_a ring_b" ring 1
	run_dkms install ring/1 -k "$K1"
	assert_status 0
	good=$(tree_digest "/lib/modules/$K1/updates")
	cycle ring ring_a ring_b
	run_dkms build --force ring/1 -k "$K1"
	assert_status 0
	run_dkms install --force ring/1 -k "$K1"
	assert_status 6
	assert_output_has "ring/1 for kernel $K1 is back to what was installed"
	assert_same "$(tree_digest "/lib/modules/$K1/updates")" "$good"
	[ "$(grep -c '^updates/dkms/' "/lib/modules/$K1/modules.dep")" = 2 ]
	# these are there already, as files and as links to what is not any more what they led to
	for how in --no-depmod --symlink-modules; do
		run_dkms uninstall ring/1 -k "$K1"
		run_dkms install ring/1 -k "$K1" "$how" --no-depmod
		assert_status 0
		run_dkms install --force ring/1 -k "$K1" "${how/--no-depmod/--force}"
		assert_status 6
		assert_errors_have "with 'updates/dkms/ring_b.ko', 'updates/dkms/ring_a.ko' among them"
		assert_dkms_status "ring/1, $K1, $ARCH: built"
		refute_exists "/lib/modules/$K1/updates"
	done
	run_dkms install aa/1 -k "$K1"
	assert_status 0
}

@test "a damaged module of the kernel's, for which depmod dies, is found and named; nothing is touched" {
	local before bad=/lib/modules/$K1/kernel/drivers/net/dummy.ko
	make_module aa 1
	make_module bb 1
	run_dkms build aa/1 -k "$K1"
	run_dkms build bb/1 -k "$K1"
	# the section that has the names of sections
	printf '\0\0' | dd of="$bad" bs=1 seek=62 conv=notrunc status=none
	run_cmd depmod "$K1"
	[ "$status" != 0 ] || skip "this depmod does not mind"
	before=$(tree_digest "/lib/modules/$K1")
	run_dkms autoinstall -k "$K1"
	assert_status 11
	assert_errors_have "with 'kernel/drivers/net/dummy.ko' among them"
	assert_same "$(tree_digest "/lib/modules/$K1")" "$before" "the modules directory"
	assert_dkms_status "aa/1, $K1, $ARCH: built" "bb/1, $K1, $ARCH: built"
}

@test "an older depmod and one that is not kmod's do as well" {
	packed_kernel
	stub_depmod <<-'SH'
		#!/bin/sh
		[ "$1" != --version ] || { echo "kmod version 25"; echo "+XZ -ZLIB -ZSTD"; exit; }
		exec /sbin/depmod "$@"
	SH
	run_depmod
	run_depmod
	refute_exists $CACHE
	run_depmod
	[ "$(last)" = skeletons ] || [ "$(last)" = "depmod: modules of one name in directories of another order" ]
	stub_depmod <<-'SH'
		#!/bin/sh
		[ "$1" != --version ] || { echo "depmod: unrecognized option '--version'" >&2; exit 1; }
		echo "$*" >"${0%/bin/depmod}/args"
		exec /sbin/depmod "$@"
	SH
	run_depmod
	assert_same "$(<"$C/args")" "-a $KP"
	rm -rf $CACHE
	[ -s "$M/modules.dep" ]
}

@test "another depmod, or another depmod.d, is compared with first" {
	packed_kernel
	run_depmod
	assert_index skeletons
	mkdir -p /etc/depmod.d
	echo "search built-in updates" >/etc/depmod.d/zz.conf
	run_depmod
	assert_index "depmod: not compared yet"
	run_depmod
	assert_index skeletons
	echo "search updates built-in" >/etc/depmod.d/zz.conf
	sleep 0.02
	depmod "$KP"
	sleep 0.02
	run_until_skeletons
}

@test "a cache that is lost, damaged, busy or not ours changes nothing" {
	local f
	packed_kernel
	run_depmod
	assert_index skeletons
	find $CACHE/*/base -name '*.ko*' | sort | sed -n '3p;50p' | xargs rm
	run_depmod
	assert_index skeletons
	find $CACHE/*/base -name '*.ko*' | sort | sed -n '3p;50p' | xargs truncate -s 100
	run_depmod
	assert_index skeletons
	# one of no module, and one that took another's place
	f=$(find $CACHE/*/base -name '*.ko*' | sort | sed -n 3p)
	cp -p "$f" "${f%/*}/nobodys.ko"
	run_depmod
	assert_index skeletons
	[ ! -e "${f%/*}/nobodys.ko" ] || return 1
	cp -p "$(find $CACHE/*/base -name '*.ko*' | sort | sed -n 50p)" "$f"
	run_depmod
	assert_index skeletons
	assert_same "$(find $CACHE -name old)" "" "what was moved out of the way"
	rm -r $CACHE/*/base
	run_until_skeletons
	head -c 3000 "$(echo $CACHE/*/state)" >"$C/state"
	cp "$C/state" "$(echo $CACHE/*/state)"
	run_until_skeletons
	rm -rf /var/cache/dkms
	run_until_skeletons
	chmod 777 $CACHE
	echo untouched >"$(echo $CACHE/*/last)"
	run_depmod
	assert_index untouched
	rm -rf /var/cache/dkms
	: >/var/cache/dkms
	run_depmod
	rm /var/cache/dkms
	mkdir -p "$CACHE/x"
	echo nothing >"$CACHE/x/last"
	assert_index nothing
}

@test "what a reboot may have lost is looked at again" {
	local f
	packed_kernel
	run_depmod
	f=$(find $CACHE/*/base -name '*.ko.xz' | sort | sed -n 9p)
	# the same size and time, other bytes, in the same file
	touch -r "$f" "$C/time"
	printf 'XXXX' | dd of="$f" bs=1 seek=200 conv=notrunc status=none
	touch -r "$C/time" "$f"
	sed -i '3s/.*/another boot/' "$(echo $CACHE/*/state)"
	run_depmod
	assert_index skeletons
}

@test "what only depmod understands goes to depmod" {
	local f
	packed_kernel
	run_depmod
	assert_index skeletons

	ln -s kernel/net "$M/linked"
	run_depmod
	assert_index "depmod: a link: linked"
	rm "$M/linked"

	f=$(find "$M/kernel" -name '*.ko.xz' | sort | sed -n 5p)
	mkdir -p "$M/extra"
	ln -s "$f" "$M/extra/another.ko.xz"
	run_depmod
	assert_index "depmod: a link: extra/another.ko.xz"
	rm "$M/extra/another.ko.xz"

	mkdir "$M/weak-updates"
	run_depmod
	assert_index "depmod: weak-updates: weak-updates"
	rmdir "$M/weak-updates"

	mkdir -p "$C/elsewhere" /etc/depmod.d
	cp "$f" "$C/elsewhere/"
	printf 'search external updates built-in\nexternal * %s\n' "$C/elsewhere" >/etc/depmod.d/zz.conf
	run_depmod
	assert_index "depmod: 'external' in /etc/depmod.d/zz.conf"
	rm /etc/depmod.d/zz.conf

	echo "no module" >"$M/extra/odd.ko"
	run_depmod
	assert_index "depmod: no skeleton: extra/odd.ko: no skeleton can be made of the kernel module: not an ELF file"
	rm "$M/extra/odd.ko"

	cp "$WORLD/ready/$K1.ko" "$M/extra/narrow.ko"
	printf '\1' | dd of="$M/extra/narrow.ko" bs=1 seek=4 conv=notrunc status=none
	run_depmod
	assert_index "depmod: no skeleton: extra/narrow.ko: no skeleton is made of a 32-bit or big-endian kernel module"
	cp "$WORLD/ready/$K1.ko" "$M/extra/narrow.ko"
	printf '\2' | dd of="$M/extra/narrow.ko" bs=1 seek=5 conv=notrunc status=none
	run_depmod
	assert_index "depmod: no skeleton: extra/narrow.ko: no skeleton is made of a 32-bit or big-endian kernel module"
	rm "$M/extra/narrow.ko"

	# Debian's depmod does not read gzip
	gzip -c "$WORLD/ready/$K1.ko" >"$M/extra/zipped.ko.gz"
	run_depmod
	assert_index "depmod: no skeleton: extra/zipped.ko.gz: depmod does not read this compression"
	rm -r "$M/extra"

	# a cycle of two, of which depmod complains
	run_depmod
	assert_index "depmod: not compared yet"
	run_depmod
	assert_index skeletons
}

@test "skeletons go with their kernel" {
	packed_kernel
	run_depmod
	assert_exists $CACHE/"$KP"-*/state
	rm -rf "$M"
	make_module other 1
	run_dkms install other/1 -k "$K1"
	assert_status 0
	[ -z "$(ls $CACHE)" ]
}

@test "another install tree has skeletons of its own" {
	packed_kernel
	run_depmod
	mkdir -p "$C/tree"
	cp -a "$M" "$C/tree/"
	depmod -a -b "$C/none" "$KP" 2>/dev/null || :
	sleep 0.02
	mkdir -p "$C/b/lib"
	ln -s "$C/tree" "$C/b/lib/modules"
	depmod -a -b "$C/b" "$KP"
	sleep 0.02
	make_module other 1
	run_dkms install other/1 -k "$KP" --installtree "$C/tree" --dkmstree "$C/dkms"
	assert_status 0
	[ "$(find $CACHE -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]
	assert_same "$(cat $CACHE/*/last)" "skeletons
skeletons"
	cp -p "$C/tree/$KP"/modules.* "$C/tmp/"
	depmod -a -b "$C/b" "$KP"
	for f in "$C/tree/$KP"/modules.*; do cmp "$f" "$C/tmp/${f##*/}"; done
}

# --- a depmod of which nothing is known, busybox's for one: it writes in place ---

odd_depmod() {
	stub_depmod <<-EOS
		#!/bin/sh
		[ "\$1" != --version ] || exit 1
		[ ! -e "$C/fail" ] || exit 1
		printf '%s ' "\$@" >>"$C/ran"
		exec "$(command -v depmod)" "\$@"
	EOS
}

@test "a depmod that does not tell its version makes the index itself" {
	odd_depmod
	make_module small 1
	run_dkms install small/1 -k "$K1"
	assert_status 0
	assert_same "$(cat "$C/ran")" "-a $K1 "
	grep -q "^updates/dkms/small.ko:" "/lib/modules/$K1/modules.dep"
	touch "$C/fail"
	make_module other 1
	run_dkms install other/1 -k "$K1"
	assert_status 6
	assert_dkms_status "other/1, $K1, $ARCH: built" "small/1, $K1, $ARCH: installed"
	refute_exists "/lib/modules/$K1/updates/dkms/other.ko"
}

@test "it reaches an install tree of another name by a private directory, which goes again" {
	local tree base
	odd_depmod
	make_module small 1
	for tree in "$C/chroot/lib/modules" "$C/modules"; do
		mkdir -p "$tree"
		cp -a "/lib/modules/$K1" "$tree/"
		rm -f "$C/ran"
		run_dkms install small/1 -k "$K1" --installtree "$tree"
		assert_status 0
		grep -q "^updates/dkms/small.ko:" "$tree/$K1/modules.dep"
		if [ "$tree" = "$C/modules" ]; then
			base=$(sed -n "s/^-a -b \(.*\) $K1 \$/\1/p" "$C/ran")
			[[ $base == */dkms-tmp.depmod.* ]]
			refute_exists "$base"
		else
			assert_same "$(cat "$C/ran")" "-a -b $C/chroot $K1 "
		fi
		run_dkms remove small/1 -k "$K1" --installtree "$tree"
		assert_status 0
		! grep -q small "$tree/$K1/modules.dep"
	done
}
