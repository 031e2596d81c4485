#!/usr/bin/env bats
# Which kernels and architectures a command is for, where none is named, several are, or all.
load ../lib/exits

@test "no -k: the running kernel, uname -m" {
	add_kernel "$RUNNING"
	make_module hello 1.0
	on_running_kernel install hello/1.0
	assert_status 0
	assert_no_errors
	assert_dkms_status "hello/1.0, $RUNNING, $ARCH: installed"
	on_running_kernel unbuild hello/1.0
	assert_dkms_status "hello/1.0: added"
}

@test "no -k but -a: the running kernel, that arch" {
	add_kernel "$RUNNING"
	make_module hello 1.0
	on_running_kernel build hello/1.0 -a aaa
	assert_status 0
	assert_dkms_status "hello/1.0, $RUNNING, aaa: built"
}

@test "remove without -k and --all: the running kernel only" {
	add_kernel "$RUNNING"
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1" -k "$RUNNING"
	on_running_kernel remove hello/1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "--all: every kernel and arch the version is built for" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1" -k "$K2"
	ends 0 build hello/1.0 -k "$K1/aaa"
	ends 0 uninstall hello/1.0 --all
	assert_dkms_status "hello/1.0, $K2, $ARCH: built" "hello/1.0, $K1, aaa: built" "hello/1.0, $K1, $ARCH: built"
	ends 0 unbuild hello/1.0 --all
	assert_dkms_status "hello/1.0: added"
	ends 0 remove hello/1.0 --all
	assert_dkms_status
}

@test "--all takes kernels in version order" {
	add_kernel 6.1.0-9
	add_kernel 6.1.0-10
	make_module hello 1.0 'POST_REMOVE="post"'
	script /usr/src/hello-1.0/post "echo \$kernelver >>$C/order"
	ends 0 install hello/1.0 -k 6.1.0-10 -k 6.1.0-9
	ends 0 uninstall hello/1.0 --all
	assert_output "hello/1.0, 6.1.0-9, $ARCH: uninstalled
hello/1.0, 6.1.0-10, $ARCH: uninstalled"
}

@test "images: the running kernel is not here, one other is: it is taken, and said" {
	rm -r "/lib/modules/$K2"
	make_module hello 1.0
	on_running_kernel install hello/1.0
	assert_status 0
	assert_errors_have "$RUNNING"
	assert_errors_have "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	make_module auto 1.0
	tree_added auto 1.0
	on_running_kernel autoinstall
	assert_status 0
	run_dkms status auto
	assert_output "auto/1.0, $K1, $ARCH: installed"
}

@test "images: several kernels are here: their names, and 21" {
	make_module hello 1.0
	tree_added hello 1.0
	for verb in "build hello/1.0" "install hello/1.0" autoinstall; do
		# shellcheck disable=SC2086 # words
		refused_on_running_kernel 21 $verb
		assert_errors_have "$K1"
		assert_errors_have "$K2"
	done
}

@test "images: no kernel is here: 21" {
	make_module hello 1.0
	tree_added hello 1.0
	rm -r /lib/modules/*
	for verb in "build hello/1.0" "install hello/1.0" autoinstall; do
		# shellcheck disable=SC2086 # words
		refused_on_running_kernel 21 $verb
	done
}

@test "images: names, conf, broken, not added and nothing to do come before 21" {
	make_module bad 1.0 'AUTOINSTALL=perhaps'
	make_module none 1.0
	tree_added gone 1.0
	rm -r /usr/src/gone-1.0
	refused_on_running_kernel 1 build hello
	refused_on_running_kernel 2 build hello/1.0
	refused_on_running_kernel 8 build bad/1.0
	refused_on_running_kernel 4 install gone/1.0
	on_running_kernel autoinstall
	assert_status 0
	tree_installed none 1.0 "$RUNNING"
	on_running_kernel build none/1.0
	assert_status 0
}

@test "images: autoinstall with nothing to install is 0" {
	make_module manual 1.0 'AUTOINSTALL=no'
	tree_added manual 1.0
	on_running_kernel autoinstall
	assert_status 0
}

@test "images: remove, unbuild, uninstall keep uname -r" {
	rm -r "/lib/modules/$K2"
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	on_running_kernel uninstall hello/1.0
	assert_status 0
	on_running_kernel unbuild hello/1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	on_running_kernel remove hello/1.0
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "a kernel tree with compressed modules gets compressed ones" {
	make_module hello 1.0
	for s in xz gz zst; do
		add_kernel "6.1.0-$s" ".ko.$s"
		ends 0 install hello/1.0 -k "6.1.0-$s" --force
		assert_exists "/lib/modules/6.1.0-$s/updates/dkms/hello.ko.$s" "/var/lib/dkms/hello/1.0/6.1.0-$s/$ARCH/module/hello.ko.$s"
		refute_exists "/lib/modules/6.1.0-$s/updates/dkms/hello.ko"
		if [ "$s" != gz ]; then assert_same "$(modinfo -k "6.1.0-$s" -F version hello)" 1.0; fi
		run_dkms status -k "6.1.0-$s"
		assert_output "hello/1.0, 6.1.0-$s, $ARCH: installed"
		ends 0 uninstall hello/1.0 -k "6.1.0-$s"
		refute_exists "/lib/modules/6.1.0-$s/updates"
	done
}

@test "the compiler that built the kernel is missing: which one, and the package to install" {
	make_module hello 1.0
	# headers that do not say it in .kernelvariables, as Debian's do
	mkdir -p "$C/headers/include/config"
	echo 'CONFIG_CC_VERSION_TEXT="x86_64-linux-gnu-gcc-99 (Debian 99.1.0-1) 99.1.0"' \
		>"$C/headers/include/config/auto.conf"
	ends 0 build hello/1.0 -k "$K1" --kernelsourcedir "$C/headers"
	assert_errors_have "kernel $K1 was built with x86_64-linux-gnu-gcc-99, which is not installed"
	assert_errors_have "apt install gcc-99"
	as_distro fedora
	ends 0 build hello/1.0 -k "$K1" --kernelsourcedir "$C/headers" --force
	assert_errors_have "dnf install gcc"
	# nobody knows how this one installs packages
	as_distro unheard-of
	ends 0 build hello/1.0 -k "$K1" --kernelsourcedir "$C/headers" --force
	assert_errors_have "which is not installed"
	refute_errors_have "install gcc"
}
