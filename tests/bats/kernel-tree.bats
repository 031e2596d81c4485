# SPDX-License-Identifier: LGPL-2.1-or-later
# Kernel trees that were never built: prepared in a copy of our own, then built against. The tree's makefile only
# writes what the real one would; kernel-source.bats has a real one.

load ../lib/dkms

# bare_tree DIR [RULES]: RULES run in modules_prepare
bare_tree() {
	mkdir -p "$1"/{include/linux,scripts/kconfig,arch/x86/include/asm,kernel}
	touch "$1/Kconfig" "$1/include/linux/version.h" "$1/arch/x86/include/asm/io.h"
	printf 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 99\nEXTRAVERSION =\n' >"$1/Makefile"
	cat >>"$1/Makefile" <<-MK
		.RECIPEPREFIX := :
		olddefconfig:
		:@echo "user \$\$(id -u)"
		:mkdir -p \$(O)/include/config
		:grep = \$(O)/.config >\$(O)/include/config/auto.conf
		:echo 6.1.99 >\$(O)/include/config/kernel.release
		modules_prepare:
		:${2:-@true}
		:mkdir -p \$(O)/include/generated
		:touch \$(O)/include/generated/autoconf.h
	MK
	find "$1" -exec touch -d 2024-01-01 {} +
}

log_of() { echo "/var/lib/dkms/.prepare/$1-$ARCH.log"; }

# What must be true when dkms has ended.
assert_tidy() {
	refute_exists /var/lib/dkms/.dkms
}

@test "one preparation for all modules of a plan, in the sandbox of builds" {
	bare_tree "$C/linux"
	echo CONFIG_SMP=y >"$C/linux/.config"
	make_module one 1.0
	make_module two 1.0
	run_dkms add one/1.0
	run_dkms add two/1.0
	before=$(tree_digest "$C/linux")
	run_dkms autoinstall -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 0
	[ "$(grep -c 'was never built' <<<"$output")" = 1 ]
	[ "$(grep -c '# command: .* modules_prepare' "$(log_of "$K1")")" = 1 ]
	assert_dkms_status "one/1.0, $K1, $ARCH: installed" "two/1.0, $K1, $ARCH: installed"
	assert_same "$(tree_digest "$C/linux")" "$before" "the user's tree"
	grep -q '^user [1-9]' "$(log_of "$K1")"
	assert_tidy
}

@test "build_environment has the last word, in the preparation too" {
	bare_tree "$C/linux" 'echo "<$(CC)|$(LLVM)|$(ARCH)|$(HELLO)|$(NO)>"'
	echo CONFIG_SMP=y >"$C/linux/.config"
	make_module one 1.0
	# shellcheck disable=SC2016
	printf 'export CC=own-cc HELLO="for $kernelver in $kernel_source_dir"\nNO=1\n' >/etc/dkms/env
	echo 'build_environment=/etc/dkms/env' >/etc/dkms/framework.conf.d/env.conf
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 0
	grep -qxF "<own-cc||$ARCH|for $K1 in $C/linux|>" "$(log_of "$K1")"
	grep -q '^# command: make .* CC=own-cc modules_prepare$' "$(log_of "$K1")"
	echo 'export LLVM=-14 ARCH=other' >/etc/dkms/env
	run_dkms build one/1.0 -k "$K1" --force --kernelsourcedir "$C/linux"
	assert_status 0
	grep -qxF "<cc|-14|other||>" "$(log_of "$K1")"
	rm /etc/dkms/env
	run_dkms build one/1.0 -k "$K1" --force --kernelsourcedir "$C/linux"
	assert_status 0
	assert_errors_have "build_environment '/etc/dkms/env' cannot be used"
	assert_tidy
}

@test "what is prepared: no .config of the tree in the way, the kernel's name, and all of the tree in it" {
	bare_tree "$C/linux" 'test ! -e .config && test -e kernel && echo $(KERNELRELEASE)'
	echo CONFIG_SMP=y >"$C/linux/.config"
	# shellcheck disable=SC2016
	make_module one 1.0 'MAKE[0]="sh ./look $kernel_source_dir $kernelver"'
	cat >/usr/src/one-1.0/look <<-'SH'
		set -ex
		test -e $1/include/linux/version.h
		test -e $1/arch/x86/include/asm/io.h
		test -e $1/include/generated/autoconf.h
		test "$(cat $1/include/config/kernel.release)" = $2
		! touch $1/kernel/written
		! touch $1/written
		cp ko/$2/one.ko .
	SH
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 0
	grep -qx "$K1" "$(log_of "$K1")"
	refute_exists "$C/linux/kernel/written"
	assert_tidy
}

@test "where the configuration is looked for, in this order" {
	version=${K1%%-*}
	bare_tree "$C/linux"
	mkdir "$C/linux/configs"
	make_module one 1.0
	echo CONFIG_SMP=y >"$C/given"
	for f in "$C/linux/configs/kernel-$ARCH.config" "$C/linux/configs/kernel-$version-$ARCH.config" \
		"$C/linux/configs/kernel-$K1-$ARCH.config" "$C/linux/configs/kernel-$K1.config" \
		"/lib/modules/$K1/config" "/boot/config-$K1" "$C/linux/.config"; do
		echo CONFIG_SMP=y >"$f"
		run_dkms build one/1.0 -k "$K1" --force --kernelsourcedir "$C/linux"
		assert_status 0
		assert_output_has "with the configuration '$f'"
	done
	run_dkms build one/1.0 -k "$K1" --force --kernelsourcedir "$C/linux" --config "$C/given"
	assert_status 0
	assert_output_has "with the configuration '$C/given'"
}

@test "no configuration: 21 before anything is written" {
	bare_tree "$C/linux"
	make_module one 1.0
	run_dkms add one/1.0
	assert_refused 21 build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_errors_have "no configuration to prepare it with for kernel $K1"
	assert_errors_have "--config"
	refute_exists "$(log_of "$K1")"
	assert_tidy
}

@test "--config alone never triggers it: headers that are prepared, or are no source" {
	echo CONFIG_SMP=y >"$C/given"
	make_module one 1.0
	run_dkms build one/1.0 -k "$K1" --config "$C/given"
	assert_status 0
	refute_output_has "never built"
	mkdir -p "$C/headers/include/linux"
	run_dkms build one/1.0 -k "$K1" --force --config "$C/given" --kernelsourcedir "$C/headers"
	assert_status 0
	refute_output_has "never built"
	refute_exists /var/lib/dkms/.prepare
}

@test "BUILD_EXCLUSIVE_CONFIG is judged with the configuration that was found: 77 without a preparation" {
	bare_tree "$C/linux"
	echo CONFIG_SMP=y >"/boot/config-$K1"
	make_module one 1.0 'BUILD_EXCLUSIVE_CONFIG="CONFIG_OTHER"'
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 77
	refute_exists "$(log_of "$K1")"
}

@test "a preparation that fails: 10 for each module, tried once, the error and the log told, the tree as it was" {
	bare_tree "$C/linux" '@echo "scripts/basic/fixdep.c:12:1: error: unknown type name"; exit 3'
	echo CONFIG_SMP=y >"$C/linux/.config"
	make_module one 1.0
	make_module two 1.0
	run_dkms add one/1.0
	run_dkms add two/1.0
	before=$(tree_digest "$C/linux")
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 10
	assert_errors_have "cannot prepare the kernel tree '$C/linux' for kernel $K1"
	assert_errors_have "unknown type name"
	assert_errors_have "$(log_of "$K1")"
	assert_tidy
	run_dkms autoinstall -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 11
	[ "$(grep -c 'was never built' <<<"$output")" = 1 ]
	[ "$(grep -c 'error: .*cannot prepare' <<<"$errors")" = 2 ]
	[ "$(grep -c '# command: .* modules_prepare' "$(log_of "$K1")")" = 1 ]
	assert_dkms_status "one/1.0: added" "two/1.0: added"
	assert_same "$(tree_digest "$C/linux")" "$before" "the user's tree"
	assert_tidy
}

@test "a makefile that writes to the user's tree is kept from it, in every try" {
	# through whatever link
	bare_tree "$C/linux" 'touch kernel/written include/linux/version.h'
	echo CONFIG_SMP=y >"$C/linux/.config"
	make_module one 1.0
	before=$(tree_digest "$C/linux")
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 10
	assert_errors_have "from writing"
	assert_same "$(tree_digest "$C/linux")" "$before" "the user's tree"
	assert_tidy
}

@test "a tree that only root may read, in a directory of root's" {
	mkdir -m 700 "$C/private"
	bare_tree "$C/private/linux"
	chmod -R go= "$C/private/linux"
	echo CONFIG_SMP=y >"$C/private/linux/.config"
	make_module one 1.0
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/private/linux"
	assert_status 0
	assert_tidy
}

@test "a kernel of another line is told: modules will claim to fit" {
	bare_tree "$C/linux"
	sed -i 's/^VERSION = 6/VERSION = 5/' "$C/linux/Makefile"
	echo CONFIG_SMP=y >"$C/linux/.config"
	make_module one 1.0
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 0
	assert_errors_have "is the source of Linux 5.1.99, not that of kernel $K1"
}

@test "a Module.symvers in the tree is used, and nothing is said of it" {
	bare_tree "$C/linux"
	echo CONFIG_MODVERSIONS=y >"$C/linux/.config"
	cp "$HOST/usr/src/linux-headers-$K1/Module.symvers" "$C/linux/"
	# shellcheck disable=SC2016
	make_module one 1.0 'MAKE[0]="test -s $kernel_source_dir/Module.symvers && sh ./mk $kernelver"'
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 0
	refute_errors_have Module.symvers
}

@test "the next dkms takes away what a killed one has prepared" {
	bare_tree "$C/linux" "touch \$(O)/begun; sleep 60"
	echo CONFIG_SMP=y >"$C/linux/.config"
	make_module one 1.0
	"$DKMS" build one/1.0 -k "$K1" --kernelsourcedir "$C/linux" >/dev/null 2>&1 3>&- &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[ ! -e "/var/lib/dkms/.dkms/kernel-$K1-$ARCH/tree/begun" ] || break
		sleep 0.1
	done
	assert_exists "/var/lib/dkms/.dkms/kernel-$K1-$ARCH/tree/begun"
	kill -KILL "$pid"
	wait "$pid" || :
	make_module two 1.0
	run_dkms add two/1.0
	assert_status 0
	assert_tidy
}

@test "without root: one's own dkms tree, no sandbox" {
	bare_tree "$C/linux"
	echo CONFIG_SMP=y >"$C/linux/.config"
	make_module one 1.0
	install -d -o 65534 "$C/mine"
	run_as_nobody "$DKMS" build one/1.0 -k "$K1" --kernelsourcedir "$C/linux" --dkmstree "$C/mine"
	assert_status 0
	grep -q '^user 65534' "$C/mine/.prepare/$K1-$ARCH.log"
	refute_exists "$C/mine/.dkms"
}

@test "why: where the tree was prepared is no change" {
	bare_tree "$C/linux"
	echo CONFIG_SMP=y >"$C/linux/.config"
	# shellcheck disable=SC2016 # make's
	printf '.DEFAULT_GOAL := all\nall:\n:cp $(M)/ko/other/*.ko $(M)/\n' >>"$C/linux/Makefile"
	make_module one 1.0 'unset MAKE'
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 0
	run_dkms why one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	assert_status 0
	assert_output_has "-C $C/linux M="
	assert_output_has "nothing that went into it has changed"
}

@test "a makefile that leaves a link where root is going to write: nothing is written through it" {
	bare_tree "$C/linux" 'rm -r $(O)/include/config && ln -s /etc $(O)/include/config && touch $(O)/include/config/auto.conf || true'
	echo CONFIG_SMP=y >"$C/linux/.config"
	make_module one 1.0
	run_dkms build one/1.0 -k "$K1" --kernelsourcedir "$C/linux"
	refute_exists /etc/kernel.release
	[ "$status" != 0 ]
	assert_errors_have "include/config/kernel.release'"
	# the file itself
	rm -r "$C/linux"
	bare_tree "$C/linux" 'ln -sf /etc/keep $(O)/include/config/kernel.release'
	echo keep >/etc/keep
	echo CONFIG_SMP=y >"$C/linux/.config"
	run_dkms build one/1.0 -k "$K1" --force --kernelsourcedir "$C/linux"
	assert_status 0
	assert_same "$(</etc/keep)" keep
	assert_tidy
}
