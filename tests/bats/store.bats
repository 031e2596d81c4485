#!/usr/bin/env bats
# The store of built results: build_store of framework.conf.
load ../lib/dkms

setup() {
	only_ours
	world_up
	S=$C/store
	mkdir -m 700 "$S"
	echo "build_store=$S" >/etc/dkms/framework.conf.d/store.conf
	if [[ $BATS_TEST_DESCRIPTION == *"real kbuild"* ]]; then
		kbuild_module quick 1.0
	else
		quick_headers "$K1" "$C/headers"
		quick_module quick
	fi
	run_dkms add quick/1.0
}

# A real build takes a second or two, and most cases make a dozen: here what was compiled before is copied, by the
# command of a real build and with what kbuild leaves behind. What kbuild really leaves is for those cases that say so.
quick_headers() { # KERNEL DIR
	local real d
	real=$(readlink -f "/lib/modules/$1/build")
	mkdir -p "$2/arch" "$2/scripts"
	chmod 755 "$2"
	cp -a "$real"/{.config,Module.symvers,include} "$2/"
	cat >"$2/Makefile" <<-'MK'
		.RECIPEPREFIX := :
		all:
		include $(M)/Makefile
		all: $(obj-m:%.o=$(M)/%.ko)
		$(M)/%.ko: $(M)/%.ready-$(KERNELRELEASE) $(M)/%.c
		:@echo "  CC [M]  $@"
		:@cp $< $@
		:@printf 'source_%s.o := %s.c\n\ndeps_%s.o := \\\n    $$(wildcard include/config/A) \\\n' $(M)/$* $(M)/$* $(M)/$* >$(M)/.$*.o.cmd
		:@printf '  ./include/generated/autoconf.h \\\n\n%s.o: $$(deps_%s.o)\n' $(M)/$* $(M)/$* >>$(M)/.$*.o.cmd
	MK
	rm "/lib/modules/$1/build"
	ln -s "$2" "/lib/modules/$1/build"
	# what is that young is not believed
	sleep 0.05
}

# quick_module NAME [CONF_LINES]
quick_module() {
	kbuild_module "$1" 1.0 "${2:-}"
	ready_ko "/usr/src/$1-1.0/$1.ready-$K1" "$1" 1.0 "$K1"
}

built() { echo "/var/lib/dkms/quick/1.0/$K1/$ARCH"; }
entries() { find "$S" -mindepth 2 -maxdepth 2 -type d ! -path '*/.new-*' | wc -l; }
# build_ok ARGS...: builds; how it came about is in $output
build_ok() {
	run_dkms build "$@"
	assert_status 0 || return 1
	run_dkms why "$1" -k "$K1"
	assert_status 0 || return 1
	assert_output_has "by dkms "
}
# build again: from the store?
again() {
	local m=${1:-quick}
	run_dkms unbuild "$m/1.0" -k "$K1"
	assert_status 0 || return 1
	build_ok "$m/1.0" -k "$K1"
}
from_store() { again "$@" && assert_output_has "from the build store"; }
made_anew() { again "$@" && refute_output_has "from the build store"; }
filled() {
	run_dkms build quick/1.0 -k "$K1"
	assert_status 0
	[ "$(entries)" = 1 ]
	cp -a "$(built)" "$C/first"
}

@test "real kbuild: what was built from the same is the same, log and all, and gcc is not called" {
	# strace and the leak checker do not get on
	export ASAN_OPTIONS=detect_leaks=0
	filled
	from_store
	cmp "$C/first/module/quick.ko" "$(built)/module/quick.ko"
	cmp "$C/first/log/make.log" "$(built)/log/make.log"
	refute_exists /var/lib/dkms/quick/1.0/build/make.log
	run_dkms status
	assert_output "quick/1.0, $K1, $ARCH: built"
	run_dkms install quick/1.0 -k "$K1"
	assert_status 0
	run_dkms status
	assert_output "quick/1.0, $K1, $ARCH: installed"
	command -v strace >/dev/null || skip "strace is not installed"
	run_dkms unbuild quick/1.0 -k "$K1"
	strace -f --seccomp-bpf -e trace=execve -o "$C/trace" "$DKMS" build quick/1.0 -k "$K1" >/dev/null
	grep '/cc1"' "$C/trace" >&2 && return 1
	grep -qE '"(/usr)?/bin/make"' "$C/trace" && return 1
	cmp "$C/first/module/quick.ko" "$(built)/module/quick.ko"
}

@test "off without build_store, and with off" {
	echo "build_store=off" >/etc/dkms/framework.conf.d/store.conf
	build_ok quick/1.0 -k "$K1"
	[ "$(entries)" = 0 ]
	rm /etc/dkms/framework.conf.d/store.conf
	made_anew
	[ "$(entries)" = 0 ]
}

@test "whatever went in and changes makes a miss, and the old state a hit again" {
	filled
	cp -a /usr/src/quick-1.0 "$C/saved"
	echo '/* more */' >>/usr/src/quick-1.0/quick.c
	made_anew
	cp -a "$C/saved/." /usr/src/quick-1.0/
	from_store
	echo '# more' >>/usr/src/quick-1.0/dkms.conf
	made_anew
	cp -a "$C/saved/." /usr/src/quick-1.0/
	echo '# more' >/etc/dkms/quick.conf
	made_anew
	rm /etc/dkms/quick.conf
	KCFLAGS=-DX made_anew
	TERM=other SSH_TTY=x from_store
	run_dkms unbuild quick/1.0 -k "$K1"
	assert_status 0
	build_ok quick/1.0 -k "$K1" --directive STRIP=no
	refute_output_has "from the build store"
	quick_headers "$K2" "$C/headers2"
	ready_ko "/usr/src/quick-1.0/quick.ready-$K2" quick 1.0 "$K2"
	run_dkms build quick/1.0 -k "$K2"
	assert_status 0
	run_dkms why quick/1.0 -k "$K2"
	assert_output_has "by dkms "
	refute_output_has "from the build store"
}

@test "the kernel's headers, symbols and configuration under the same release" {
	local real h
	real=$(readlink -f "$HOST/usr/src/linux-headers-$K1")
	filled
	from_store
	touch "$C/headers/Module.symvers"
	from_store
	echo "0x12345678	other_symbol	vmlinux	EXPORT_SYMBOL	" >>"$C/headers/Module.symvers"
	made_anew
	cp -p "$real/Module.symvers" "$C/headers/"
	from_store
	h=$C/headers/include/generated/autoconf.h
	echo "/* more */" >>"$h"
	made_anew
	echo "#more" >>"$C/headers/Makefile"
	made_anew
	# a tool that was not there
	cp -a "$real/include/generated/autoconf.h" "$h"
	sed -i '$d' "$C/headers/Makefile"
	from_store
	echo x >"$C/headers/vmlinux.o"
	from_store
	mkdir -p "$C/headers/arch/x86"
	echo "" >"$C/headers/Kbuild"
	made_anew
}

# compiler VERSION [MORE]: the kernel's own compiler says so, of one size and age
compiler() {
	local name
	name=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*/\1/p' "$C/headers/.config")
	mkdir -p "$C/bin"
	printf '#!/bin/sh\n[ "$1" != --version ] || { echo "%s (of the tests) %s"; exit; }\nexec /usr/bin/%s "$@"\n%s' \
		"$name" "$1" "$name" "${2:-}" >"$C/bin/$name"
	chmod 755 "$C/bin/$name"
	touch -d @1500000000 "$C/bin/$name"
	stat -c %s "$C/bin/$name" >"$C/size"
}

@test "another compiler is a miss: one that says another version, one that says the same" {
	local size
	PATH=$C/bin:$PATH
	compiler 12.2.1
	size=$(<"$C/size")
	filled
	from_store
	assert_output_has "(of the tests) 12.2.1"
	compiler 12.2.2
	assert_same "$(<"$C/size")" "$size"
	made_anew
	assert_output_has "(of the tests) 12.2.2"
	from_store
	compiler 12.2.1
	from_store
	compiler 12.2.1 '# rebuilt'
	made_anew
	assert_output_has "(of the tests) 12.2.1"
}

@test "another configuration of the kernel is a miss" {
	filled
	for f in .config include/config/auto.conf; do
		cp -p "$C/headers/$f" "$C/saved"
		echo "CONFIG_OF_THE_TESTS=y" >>"$C/headers/$f"
		made_anew
		cp -p "$C/saved" "$C/headers/$f"
		from_store
	done
}

@test "real kbuild: a header named by a .cmd file only" {
	mkdir "$C/include"
	chmod 755 "$C/include"
	echo '#define MINE 1' >"$C/include/mine.h"
	sed -i '1i #include "mine.h"' /usr/src/quick-1.0/quick.c
	echo "ccflags-y := -I$C/include" >>/usr/src/quick-1.0/Makefile
	echo 'BUILD_SANDBOX=off' >/etc/dkms/quick.conf
	sleep 0.1
	filled
	from_store
	echo '#define MINE 2' >"$C/include/mine.h"
	made_anew
	rm "$C/include/mine.h"
	run_dkms unbuild quick/1.0 -k "$K1"
	run_dkms build quick/1.0 -k "$K1"
	assert_status 10
}

@test "real kbuild: a file that a name leads to from the build directory" {
	mkdir /usr/src/others
	echo '#define V "1"' >/usr/src/others/v.h
	# from /var/lib/dkms/quick/1.0/build
	sed -i 's/MODULE_VERSION.*/MODULE_VERSION(V);/; 1i #include "../../../../../../usr/src/others/v.h"' /usr/src/quick-1.0/quick.c
	sleep 0.1
	build_ok quick/1.0 -k "$K1"
	from_store
	echo '#define V "77"' >/usr/src/others/v.h
	made_anew
	[ "$(modinfo -F version "$(built)/module/quick.ko")" = 77 ]
	echo '#define V "1"' >/usr/src/others/v.h
	from_store
}

@test "real kbuild: a link that leaves the source, to a directory of headers" {
	mkdir /usr/src/others
	echo '#define V "1"' >/usr/src/others/v.h
	ln -s /usr/src/others /usr/src/quick-1.0/common
	sed -i 's/MODULE_VERSION.*/MODULE_VERSION(V);/; 1i #include "common/v.h"' /usr/src/quick-1.0/quick.c
	sleep 0.1
	build_ok quick/1.0 -k "$K1"
	echo '#define V "77"' >/usr/src/others/v.h
	made_anew
	[ "$(modinfo -F version "$(built)/module/quick.ko")" = 77 ]
}

@test "nothing is kept where a link leaves the source, whoever makes it" {
	local to
	mkdir /usr/src/others
	echo '# of others' >/usr/src/others/more.mk
	for to in /usr/src/others/more.mk ../others/more.mk /usr/src/nowhere ../quick-1.0/Makefile; do
		ln -sfn "$to" /usr/src/quick-1.0/more.mk
		made_anew
		[ "$(entries)" = 0 ]
	done
	rm /usr/src/quick-1.0/more.mk
	mkdir -p /etc/dkms/quick/patches
	ln -s /usr/src/others/more.mk /etc/dkms/quick/patches/more.mk
	made_anew
	[ "$(entries)" = 0 ]
	rm -r /etc/dkms/quick
	# the directory of its scripts
	mkdir -p /etc/dkms/quick
	ln -s /usr/src/others/more.mk /etc/dkms/quick/script
	made_anew
	[ "$(entries)" = 0 ]
	rm -r /etc/dkms/quick
	cp /usr/src/quick-1.0/Makefile "$C/Makefile"
	ln -s /usr/src/others/more.mk /usr/src/quick-1.0/more.mk
	# shellcheck disable=SC2016
	echo 'gone := $(shell rm $(M)/more.mk)' >>/usr/src/quick-1.0/Makefile
	made_anew
	[ "$(entries)" = 0 ]
	rm /usr/src/quick-1.0/more.mk
	cp "$C/Makefile" /usr/src/quick-1.0/Makefile
	# shellcheck disable=SC2016
	echo 'made := $(shell ln -sfn /usr/src/others $(M)/made)' >>/usr/src/quick-1.0/Makefile
	made_anew
	[ "$(entries)" = 0 ]
	# those that stay are as good as files
	cp "$C/Makefile" /usr/src/quick-1.0/Makefile
	# shellcheck disable=SC2016
	echo 'made := $(shell ln -sfn $(M)/quick.c $(M)/made)' >>/usr/src/quick-1.0/Makefile
	mkdir /usr/src/quick-1.0/sub
	ln -s ../quick.c /usr/src/quick-1.0/sub/again.c
	made_anew
	[ "$(entries)" = 1 ]
	from_store
	# and with one that leaves what was kept is not taken
	ln -s /usr/src/others /usr/src/quick-1.0/more
	made_anew
}

# extra CRC: a file of symbols of others
extra() { printf '%s\tfoo_sym\t/usr/src/others/foo\tEXPORT_SYMBOL\t\n' "$1" >/usr/src/others/Module.symvers; }

@test "real kbuild: a file of symbols that the Makefile names in KBUILD_EXTRA_SYMBOLS" {
	local name
	mkdir /usr/src/others
	extra 0x11111111
	sed -i 's/test_init(void) { return 0; }/test_init(void) { return foo_sym(); }/; 2i extern int foo_sym(void);' \
		/usr/src/quick-1.0/quick.c
	cp /usr/src/quick-1.0/Makefile "$C/Makefile"
	# shellcheck disable=SC2016
	for name in /usr/src/others/Module.symvers '"$(src)/../../../../../../usr/src/others/Module.symvers"'; do
		{ cat "$C/Makefile"; echo "KBUILD_EXTRA_SYMBOLS := $name"; } >/usr/src/quick-1.0/Makefile
		extra 0x11111111
		sleep 0.1
		made_anew
		from_store
		extra 0x22222222
		made_anew
		modprobe --dump-modversions "$(built)/module/quick.ko" | grep 0x22222222
	done
}

@test "without modpost's command nothing is kept that speaks of KBUILD_EXTRA_SYMBOLS" {
	KBUILD_EXTRA_SYMBOLS=/usr/src/others/Module.symvers made_anew
	[ "$(entries)" = 0 ]
	mkdir /usr/src/quick-1.0/mk
	echo 'KBUILD_EXTRA_SYMBOLS := /usr/src/others/Module.symvers' >/usr/src/quick-1.0/mk/symbols
	made_anew
	[ "$(entries)" = 0 ]
	rm /usr/src/quick-1.0/mk/symbols
	made_anew
	from_store
}

@test "which confs use it" {
	quick_module script 'PRE_BUILD="x"'
	quick_module post 'POST_BUILD="x"'
	quick_module own 'MAKE="make -C $kernel_source_dir M=$dkms_tree/own/1.0/build"'
	quick_module out 'BUILD_STORE=no'
	quick_module needs 'BUILD_DEPENDS=quick BUILD_STORE=yes'
	run_dkms install quick/1.0 -k "$K1"
	rm -rf "${S:?}"/*
	for m in script post own out needs; do
		run_dkms build "$m/1.0" -k "$K1"
		assert_status 0
	done
	[ "$(entries)" = 0 ]
	echo 'BUILD_STORE=yes' >/etc/dkms/own.conf
	sleep 0.1
	made_anew own
	from_store own
}

@test "with --force neither taken nor kept" {
	build_ok quick/1.0 -k "$K1" --force
	[ "$(entries)" = 0 ]
	made_anew
	[ "$(entries)" = 1 ]
	# over what is built, and where nothing is
	build_ok quick/1.0 -k "$K1" --force
	refute_output_has "from the build store"
	run_dkms unbuild quick/1.0 -k "$K1"
	assert_status 0
	build_ok quick/1.0 -k "$K1" --force
	refute_output_has "from the build store"
	# it would have come from there
	from_store
}

@test "a build that was tried twice is not kept" {
	echo "all-y := \$(shell echo >>$C/outside)" >>/usr/src/quick-1.0/Makefile
	echo "ifeq (\$(wildcard $C/outside),)
	\$(error cannot write)
	endif" | sed 's/^\t//' >>/usr/src/quick-1.0/Makefile
	chmod 755 "$C"
	run_dkms build quick/1.0 -k "$K1"
	[[ $errors == *"tried again"* ]] || skip "no sandbox here"
	assert_status 0
	[ "$(entries)" = 0 ]
}

@test "POST_BUILD runs on a hit, beside the patched source" {
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ncat quick.c >"$1"\necho ran\n' >/usr/src/quick-1.0/after
	chmod +x /usr/src/quick-1.0/after
	printf 'POST_BUILD="after %s"\nBUILD_STORE=yes\nPATCH[0]=more.patch\n' "$C/seen" >>/usr/src/quick-1.0/dkms.conf
	mkdir /usr/src/quick-1.0/patches
	cp /usr/src/quick-1.0/quick.c "$C/quick.c"
	(cd "$C" && mkdir a b && cp quick.c a/ && { cat quick.c; echo '/* patched */'; } >b/quick.c && diff -u a/quick.c b/quick.c) \
		>/usr/src/quick-1.0/patches/more.patch || :
	sleep 0.1
	filled
	rm "$C/seen"
	from_store
	grep -q patched "$C/seen"
	[ "$(grep -c 'Running the post_build script' "$(built)/log/make.log")" = 1 ]
	[ "$(grep -c 'Applying patch' "$(built)/log/make.log")" = 1 ]
	refute_exists /var/lib/dkms/quick/1.0/build
}

@test "signed and compressed as the administrator wants it now" {
	echo 'try_sign_modules=true' >/etc/dkms/framework.conf.d/tests.conf
	filled
	from_store
	cmp "$C/first/module/quick.ko" "$(built)/module/quick.ko"
	rm /var/lib/dkms/mok.*
	from_store
	modinfo -F sig_key "$(built)/module/quick.ko" | grep -q .
	[ "$(modinfo -F sig_key "$(built)/module/quick.ko")" != "$(modinfo -F sig_key "$C/first/module/quick.ko")" ]
	echo 'try_sign_modules=false' >/etc/dkms/framework.conf.d/tests.conf
	from_store
	[ -z "$(modinfo -F sig_key "$(built)/module/quick.ko")" ]
}

@test "a damaged entry is a miss, and goes" {
	local e
	filled
	for what in module log entry short gone; do
		e=$(find "$S" -mindepth 2 -maxdepth 2 -type d)
		case $what in
		module) printf x | dd of="$e/quick.ko" bs=1 seek=200 conv=notrunc status=none ;;
		log) echo x >>"$e/log" ;;
		entry) sed -i 's/quick/qwick/' "$e/entry" ;;
		short) truncate -s 100 "$e/quick.ko" ;;
		gone) rm "$e/quick.ko" ;;
		esac
		made_anew
		cmp "$C/first/module/quick.ko" "$(built)/module/quick.ko"
		[ "$(entries)" = 1 ]
		from_store
	done
}

@test "a store that others can write to, or that is none, is not used" {
	chmod 777 "$S"
	run_dkms build quick/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "the build store '$S' is not used"
	[ "$(entries)" = 0 ]
	echo "build_store=relative" >/etc/dkms/framework.conf.d/store.conf
	made_anew
	made_anew
	echo "build_store=$S/x/y" >/etc/dkms/framework.conf.d/store.conf
	chmod 700 "$S"
	made_anew
	from_store
	[ "$(stat -c %a "$S/x/y")" = 700 ]
}

@test "the size limit: those not used for longest go" {
	quick_module other
	quick_module third
	filled
	echo build_store_size=0 >>/etc/dkms/framework.conf.d/store.conf
	build_ok other/1.0 -k "$K1"
	[ "$(entries)" = 0 ]
	sed -i '$d' /etc/dkms/framework.conf.d/store.conf
	made_anew
	made_anew other
	head -c 1M /dev/zero >"$(find "$S" -name other.ko -printf %h)/pad"
	sleep 0.1
	from_store
	echo build_store_size=1 >>/etc/dkms/framework.conf.d/store.conf
	build_ok third/1.0 -k "$K1"
	[ -z "$(find "$S" -name other.ko)" ]
	[ -n "$(find "$S" -name quick.ko)" ]
	[ -n "$(find "$S" -name third.ko)" ]
}

@test "what a killed dkms left goes after a while, what is new stays" {
	mkdir -p "$S/.new-old" "$S/.new-young"
	touch "$S/.new-old/x"
	touch -d '2 hours ago' "$S/.new-old"
	filled
	refute_exists "$S/.new-old"
	assert_exists "$S/.new-young"
}

@test "several at once: each builds or takes, all are right" {
	local i
	# the same key for all: the build directory's path is in it
	cp -a /var/lib/dkms "$C/tree"
	for i in 1 2 3 4; do
		cp -a "$C/tree" "$C/tree$i"
	done
	for i in 1 2 3 4; do
		unshare -m bash -c "mount --bind '$C/tree$i' /var/lib/dkms && exec '$DKMS' build quick/1.0 -k '$K1'" \
			>/dev/null 2>"$C/errors$i" &
	done
	wait
	for i in 1 2 3 4; do
		run_dkms status --dkmstree "$C/tree$i"
		assert_output "quick/1.0, $K1, $ARCH: built"
		cmp "$C/tree$i/quick/1.0/$K1/$ARCH/module/quick.ko" "$C/tree1/quick/1.0/$K1/$ARCH/module/quick.ko"
	done
	[ "$(entries)" = 1 ]
	find "$S" -name '.new-*' | grep . && return 1
	from_store
}
