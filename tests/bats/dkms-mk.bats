#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The makefile that wrapper repositories include, with the one in examples/site, by a user with sudo, from a path with
# blanks. What would touch the running kernel or udev is a stub here; full/site.bats has it in a machine of its own.

load ../lib/dkms

setup() {
	world_up
	only_ours
	SITE="$C/a site's  own/wrapper"
	mkdir -p "${SITE%/*}" "$C/bin"
	cp -r "$DKMS_TEST_TOP/examples/site" "$SITE"
	LOG=$C/log
	: >"$LOG"
	local m
	for m in depmod modprobe udevadm; do
		printf '#!/bin/sh\n[ $(id -u) = 0 ] || exit 1\necho "%s $*" >>%s\n' "$m" "$LOG" >"$C/bin/$m"
	done
	chmod 755 "$C/bin"/*
	chown -R nobody: "$SITE"
	printf '%s\n' "Defaults secure_path=\"$C/bin:/usr/sbin:/usr/bin:/sbin:/bin\"" 'Defaults !use_pty' \
		'nobody ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/test
	chmod 440 /etc/sudoers.d/test
}

# site TARGET...: as the user
site() {
	run_cmd setpriv --reuid=nobody --regid=nogroup --clear-groups env PATH="$C/bin:/usr/bin:/bin" \
		make -s -C "$SITE" SUDO=sudo "$@"
}

etc_digest() { tree_digest /etc; }

@test "story 7: the life of a wrapper's module: conf, add, build, install, uninstall, remove, as a user" {
	site dkms_add
	assert_status 0
	assert_dkms_status "site-timing/1.2: added"
	assert_same "$(cat /usr/src/site-timing-1.2/dkms.conf)" '# filled by `make dkms_add`; `make dkms_conf` shows the result
PACKAGE_NAME="site-timing"
PACKAGE_VERSION="1.2"
BUILT_MODULE_NAME[0]="uio_timing"
DEST_MODULE_LOCATION[0]="/kernel/extra"
# the same for every module of the site; nothing is filled here, so bash'"'"'s own ${...} are safe
MAKE[0]="make -C ${kernel_source_dir} M=${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}/build"
AUTOINSTALL="yes"'
	assert_same "$(find /usr/src/site-timing-1.2 ! -user root)" ""
	site dkms_build DKMS_ARGS="-k $K1"
	assert_status 0
	assert_dkms_status "site-timing/1.2, $K1, $ARCH: built"
	site dkms_install DKMS_ARGS="-m site-timing -v 1.2 -k $K1"
	assert_status 0
	assert_same "$(modinfo -F version "/lib/modules/$K1/updates/dkms/uio_timing.ko")" 1.2
	site dkms_uninstall DKMS_ARGS="-k $K1"
	assert_status 0
	assert_dkms_status "site-timing/1.2, $K1, $ARCH: built"
	site dkms_remove
	assert_status 0
	assert_dkms_status
	refute_exists /usr/src/site-timing-1.2
	assert_same "$(ls -A "$C/tmp")" ""
}

@test "setup and setup_clean: both twice; nothing is left in /etc" {
	before=$(etc_digest)
	for i in 1 2; do
		: >"$LOG"
		site setup
		assert_status 0
		assert_output_has "there is no /dev/uio*"
		assert_same "$(cat /etc/udev/rules.d/99-uio_timing.rules)" 'KERNEL=="uio*", ATTR{name}=="mrf-pci", MODE="0666"'
		assert_same "$(cat /etc/modules-load.d/uio_timing.conf)" uio_timing
		assert_same "$(stat -c '%U %a' /etc/udev/rules.d/99-uio_timing.rules /etc/modules-load.d/uio_timing.conf)" \
			$'root 644\nroot 644'
		assert_same "$(cat "$LOG")" 'udevadm control --reload
udevadm trigger --subsystem-match=uio
depmod --quick
modprobe -v uio_timing
udevadm settle'
	done
	for i in 1 2; do
		: >"$LOG"
		site setup_clean
		assert_status 0
		assert_same "$(etc_digest)" "$before" "what is in /etc"
		assert_same "$(cat "$LOG")" 'udevadm control --reload
udevadm trigger --subsystem-match=uio'
	done
}

@test "setup and setup_clean: a module that is loaded goes first; one that does not load is an error" {
	# the name of a module that every kernel here has in it
	loaded=$(find /sys/module -mindepth 2 -maxdepth 2 -name parameters -printf '%h\n' | sed -n '1s|.*/||p')
	site setup KMOD_NAME="$loaded" UDEV_RULE=
	assert_status 0
	assert_same "$(cat "$LOG")" "depmod --quick
modprobe -r -v $loaded
modprobe -v $loaded"
	: >"$LOG"
	site setup_clean KMOD_NAME="$loaded" UDEV_RULE=
	assert_same "$(cat "$LOG")" "modprobe -r -v $loaded"
	printf '#!/bin/sh\necho "modprobe: no" >&2\nexit 1\n' >"$C/bin/modprobe"
	site setup
	[ "$status" != 0 ]
	assert_errors_have "modprobe: no"
}

@test "setup where udev does not run says so and goes on" {
	printf '#!/bin/sh\nexit 1\n' >"$C/bin/udevadm"
	site setup
	assert_status 0
	assert_output_has "udev does not run"
	assert_exists /etc/udev/rules.d/99-uio_timing.rules
	site setup_clean
	assert_status 0
}

@test "udev takes the rule that setup writes, and complains of one with a mistake" {
	site setup
	run_cmd udevadm test "$(find /sys/devices/virtual/mem -maxdepth 1 -name null)"
	assert_status 0
	assert_errors_have "/etc/udev/rules.d/99-uio_timing.rules"
	refute_errors_have "99-uio_timing.rules:1"
	site setup UDEV_RULE='KERNEL=="uio*", ATR{name}=="mrf-pci", MODE="0666"'
	run_cmd udevadm test "$(find /sys/devices/virtual/mem -maxdepth 1 -name null)"
	assert_errors_have "99-uio_timing.rules:1"
}

@test "a template: neutral names, macros of one's own, a default, what is not defined" {
	printf '%s\n' 'include /usr/share/dkms/dkms.mk' 'all:' '	@echo "a plain make"' \
		"MODULE_NAME := it's 	# with a comment" 'MODULE_VERSION := 2' 'KMOD_NAME := mrf' 'KMOD_SRC_PATH := src' \
		'DKMS_MACROS := dest=extra,who="a, b"' 'DKMS_CONF_IN := my conf' 'DKMS_CONF_FIXED :=' >"$SITE/Makefile"
	echo '$(MODULE_NAME)|${E3_MODULE_VERSION}|$(KMOD_NAME)|$(dest=x)|$(who)|$(where=here)|$(mod)|${kernelver}' >"$SITE/my conf"
	site
	assert_output "a plain make"
	site dkms_conf
	assert_status 0
	assert_output "it's|2|mrf|extra|a, b|here|\$(mod)|\${kernelver}"
	assert_same "$errors" "dkms-expand: my conf:1: \$(mod) is not defined, and stays as it is"
}

@test "a template is filled by msi where it is there" {
	printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >"$C/bin/msi"
	chmod 755 "$C/bin/msi"
	site dkms_conf DKMS_CONF_FIXED=
	assert_output '<-M><name="site-timing"><-M><MODULE_NAME="site-timing"><-M><E3_MODULE_NAME="site-timing"><-M><version="1.2"><-M><MODULE_VERSION="1.2"><-M><E3_MODULE_VERSION="1.2"><-M><kmod="uio_timing"><-M><KMOD_NAME="uio_timing"><dkms/dkms.conf.in>'
}

@test "without a template the source's own dkms.conf counts; a failing template adds nothing" {
	sed 's/$(name)/site-timing/; s/$(version)/1.2/; s/$(kmod)/uio_timing/; s/$(dest=\(.*\))/\1/' \
		"$SITE/dkms/dkms.conf.in" >"$SITE/src/dkms.conf"
	echo '$(name=$(version),x=y)' >>"$SITE/dkms/dkms.conf.in"
	echo '$(nobody=a,x=y)' >>"$SITE/dkms/dkms.conf.in"
	site dkms_add
	[ "$status" != 0 ]
	assert_errors_have "dkms.conf.in:7: the default of macro 'nobody' has a comma: put it in quotes"
	assert_dkms_status
	rm -r "$SITE/dkms"
	site dkms_add
	assert_status 0
	assert_dkms_status "site-timing/1.2: added"
}

@test "what is missing is named; a source that was not copied by it is not removed" {
	site dkms_add E3_MODULE_VERSION=
	[ "$status" != 0 ]
	assert_errors_have "dkms.mk: MODULE_VERSION is not set"
	site setup KMOD_NAME=
	[ "$status" != 0 ]
	assert_errors_have "dkms.mk: KMOD_NAME is not set"
	site dkms_add
	rm /usr/src/site-timing-1.2/.copied-by-dkms.mk
	site dkms_remove
	assert_status 0
	assert_exists /usr/src/site-timing-1.2/dkms.conf
}

@test "dkms_remove of one kernel keeps the source for the others, also when it is to be quiet" {
	make_module -m uio_timing site-timing 1.2
	: >/usr/src/site-timing-1.2/.copied-by-dkms.mk
	for k in "$K1" "$K2"; do
		run_dkms install site-timing/1.2 -k "$k"
		assert_status 0
	done
	for quiet in -q --quiet; do
		site dkms_remove DKMS_ARGS="$quiet -k $K1"
		assert_status 0
		assert_dkms_status "site-timing/1.2, $K2, $ARCH: installed"
		assert_exists /usr/src/site-timing-1.2/dkms.conf
	done
	site dkms_remove DKMS_ARGS=-q
	assert_status 0
	assert_dkms_status
	refute_exists /usr/src/site-timing-1.2
}

@test "dkms_remove of a module that DKMS_ARGS names removes no source of another" {
	make_module -m uio_timing site-timing 1.2
	: >/usr/src/site-timing-1.2/.copied-by-dkms.mk
	make_module other 1.0
	run_dkms add other/1.0
	assert_status 0
	site dkms_remove DKMS_ARGS="-m other -v 1.0"
	assert_status 0
	assert_dkms_status
	assert_exists /usr/src/site-timing-1.2/dkms.conf
}

@test "dkms-expand: files, standard input, -V, and wrong usage" {
	expand=/usr/libexec/dkms/dkms-expand
	printf 'a\n$(x) ${y}\nend' >"$C/in"
	run_cmd "$expand" -M x=1 -o "$C/out" "$C/in"
	assert_status 0
	assert_no_errors
	assert_same "$(cat "$C/out")" $'a\n1 ${y}\nend'
	run_cmd "$expand" -V -M x=1 -o "$C/other" "$C/in"
	assert_status 1
	assert_errors_have "$C/in:2: \${y} is not defined"
	refute_exists "$C/other"
	run_cmd sh -c "$expand -M x=2 <$C/in"
	assert_output $'a\n2 ${y}\nend'
	printf 'a\0b' >"$C/in"
	run_cmd "$expand" "$C/in"
	assert_status 1
	run_cmd "$expand" "$C/none"
	assert_status 1
	assert_errors_have "cannot read '$C/none': No such file or directory"
	run_cmd "$expand" -M x "$C/in"
	assert_status 1
	for a in -X "a b"; do
		# shellcheck disable=SC2086
		run_cmd "$expand" $a
		assert_status 2
	done
	run_cmd sh -c "echo x | $expand >/dev/full"
	assert_status 1
}
