#!/usr/bin/env bats
# add, unbuild, remove, and what is broken or bad.
load ../lib/exits

@test "add: the source link and an empty build directory, nothing else" {
	make_module hello 1.0
	ends 0 add hello/1.0
	assert_same "$(cd /var/lib/dkms && find hello | sort)" "hello
hello/1.0
hello/1.0/build
hello/1.0/source"
	assert_same "$(readlink /var/lib/dkms/hello/1.0/source)" /usr/src/hello-1.0
}

@test "add from a directory copies it, over one that is there, deleting nothing; --force replaces it" {
	make_module hello 1.0
	mkdir "$C/src"
	cp -a /usr/src/hello-1.0/. "$C/src"
	rm -r /usr/src/hello-1.0
	mkdir -p /usr/src/hello-1.0/sub
	echo old >/usr/src/hello-1.0/mk
	echo mine >/usr/src/hello-1.0/sub/other
	ends 0 add "$C/src"
	assert_same "$(cat /usr/src/hello-1.0/sub/other)" mine
	cmp "$C/src/mk" /usr/src/hello-1.0/mk
	ends 0 remove hello/1.0 --all
	ends 0 add "$C/src" --force
	refute_exists /usr/src/hello-1.0/sub
	assert_same "$(tree_digest /usr/src/hello-1.0 | sed 's,/usr/src/hello-1.0,,')" "$(tree_digest "$C/src" | sed "s,$C/src,,")"
}

nested() { # WHERE: of what is copied to /usr/src/hello-1.0, which has something else in it
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/hello"
	mkdir -p /usr/src/hello-1.0/other "$(dirname "$1")"
	echo work >/usr/src/hello-1.0/other/work
	cp -aT "$C/hello" "$1"
}

forced_over() { # VERB DIR...: that keeps what is beside it, and says so
	ends 0 "${1?}" --force "${@:2}"
	assert_same "$(cat /usr/src/hello-1.0/other/work)" work
	assert_errors_have "nothing is removed there"
	cmp "$C/hello/mk" /usr/src/hello-1.0/mk
	refute_exists /usr/src/.hello-1.0.dkms-new /var/lib/dkms/hello/1.0/.new-1.0
}

@test "add --force from below the place that it is copied to deletes nothing" {
	nested /usr/src/hello-1.0/driver
	forced_over add /usr/src/hello-1.0/driver
	cmp "$C/hello/mk" /usr/src/hello-1.0/driver/mk
	ends 0 remove hello/1.0 --all
	ln -s /usr/src/hello-1.0/driver "$C/link"
	forced_over install "$C/link" -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "add --force from below the place, where links lead away and there" {
	nested /usr/src/hello-1.0/driver
	mv /usr/src/hello-1.0/driver "$C/far"
	ln -s "$C" /usr/src/hello-1.0/away
	forced_over add /usr/src/hello-1.0/away/far
	ends 0 remove hello/1.0 --all
	ln -s /usr/src "$C/sources"
	ln -s "$C/hello" /usr/src/hello-1.0/driver
	forced_over add /usr/src/hello-1.0/driver --sourcetree "$C/sources"
}

@test "add --force from a directory that the place lies in deletes nothing, and ends" {
	nested /usr/src/up
	for f in /usr/src/up/*; do mv "$f" /usr/src; done
	forced_over add /usr/src
	assert_same "$(cat /usr/src/hello-1.0/hello-1.0/other/work)" work
	refute_exists /usr/src/hello-1.0/.hello-1.0.dkms-new
}

@test "add --force over a place that is a link replaces the link, not what is behind it" {
	nested /usr/src/hello-1.0/driver
	mv /usr/src/hello-1.0 "$C/checkout"
	ln -s "$C/checkout" /usr/src/hello-1.0
	ends 0 add --force "$C/checkout/driver"
	assert_same "$(cat "$C/checkout/other/work")" work
	refute_exists /usr/src/hello-1.0/other
	assert_no_errors
}

@test "add from the place itself, or the module's own source, copies nothing" {
	make_module hello 1.0
	before=$(writes | grep /usr/src/upper)
	ends 0 add /usr/src/hello-1.0
	assert_same "$(writes | grep /usr/src/upper)" "$before"
	ends 0 remove hello/1.0 --all
	ends 0 build /usr/src/hello-1.0/dkms.conf -k "$K1"
	assert_same "$(writes | grep /usr/src/upper)" "$before"
}

@test "add: a refused one leaves no trace, not even a copy" {
	make_module hello 1.0 'AUTOINSTALL=perhaps'
	mv /usr/src/hello-1.0 "$C/src"
	refused 8 add "$C/src"
	refused 8 build "$C/src" -k "$K1"
	refused 8 install "$C/src" -k "$K1"
	refused 8 add "$C/src" -m other -v 1
}

@test "add over a dangling link: 2 where the source is missing, else the link is replaced" {
	tree_built hello 1.0 "$K1"
	mv /usr/src/hello-1.0 "$C/src"
	refused 2 add hello/1.0
	mkdir /usr/src/hello-1.0
	cp -a "$C/src/." /usr/src/hello-1.0
	ln -sfn "$C/nowhere" /var/lib/dkms/hello/1.0/source
	assert_dkms_status "hello/1.0: broken"
	ends 0 add hello/1.0
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
	assert_same "$(readlink /var/lib/dkms/hello/1.0/source)" /usr/src/hello-1.0
}

@test "add of it87: the name of the command line counts, not the conf's" {
	make_module hello 1.0 'PACKAGE_VERSION="#MODULE_VERSION#"'
	ends 0 add hello/1.0
	ends 0 install hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "unbuild: uninstalls if needed, then the kernel's directory goes; the others stay" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1" -k "$K2"
	ends 0 unbuild hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
	refute_exists "/var/lib/dkms/hello/1.0/$K1" "/lib/modules/$K1/updates" "/var/lib/dkms/hello/kernel-$K1-$ARCH"
	assert_exists "/lib/modules/$K2/updates/dkms/hello.ko"
	ends 0 unbuild hello/1.0 --all
	assert_dkms_status "hello/1.0: added"
}

@test "remove: the version goes when no kernel is left, the module when no version is; the source stays" {
	make_module hello 1.0
	make_module hello 2.0
	ends 0 install hello/1.0 -k "$K1" -k "$K2"
	ends 0 add hello/2.0
	ends 0 remove hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/2.0: added"
	ends 0 remove hello/1.0 -k "$K2"
	assert_dkms_status "hello/2.0: added"
	ends 0 remove hello/2.0 --all
	refute_exists /var/lib/dkms/hello
	assert_exists /usr/src/hello-1.0/dkms.conf /usr/src/hello-2.0/dkms.conf
}

@test "remove: build, tarball, rpm, deb, driver_disk and dot names do not keep a version, other directories do" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1"
	mkdir -p /var/lib/dkms/hello/1.0/{tarball,rpm,deb,driver_disk,.failed,.tmp_x}
	touch /var/lib/dkms/hello/1.0/{file,tarball/x}
	mkdir /var/lib/dkms/hello/1.0/mine
	ends 0 remove hello/1.0 --all
	assert_exists /var/lib/dkms/hello/1.0/mine /var/lib/dkms/hello/1.0/source
	assert_dkms_status "hello/1.0: added"
	rmdir /var/lib/dkms/hello/1.0/mine
	ends 0 remove hello/1.0 --all
	refute_exists /var/lib/dkms/hello
}

@test "leftover .tmp_* directories of 3.x go" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1"
	mkdir -p /var/lib/dkms/hello/1.0/.tmp_5.10_x86_64/x
	ends 0 remove hello/1.0 --all
	refute_exists /var/lib/dkms/hello
}

@test "a module's unknown files and directories are left alone" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	mkdir -p /var/lib/dkms/hello/unknown /var/lib/dkms/unknown
	echo x | tee /var/lib/dkms/{file,hello/file,hello/unknown/file} >/dev/null
	ends 0 remove hello/1.0 --all
	assert_exists /var/lib/dkms/{file,hello/file,hello/unknown/file,unknown}
	assert_dkms_status
}

@test "a bad conf keeps no module from being removed" {
	make_module -m "hello second" hello 1.0
	ends 0 install hello/1.0 -k "$K1" -k "$K2"
	for bad in 'BUILT_MODULE_NAME[5]="hole"' 'AUTOINSTALL=perhaps' 'exit 3' 'syntax error ((' 'DEST_MODULE_LOCATION[0]="/x"' \
		'DEST_MODULE_NAME[1]="hello"'; do
		ends 0 install hello/1.0 -k "$K1"
		cp /usr/src/hello-1.0/dkms.conf "$C/good"
		conf hello 1.0 "$bad"
		ends 0 uninstall hello/1.0 -k "$K1"
		refute_exists "/lib/modules/$K1/updates"
		cp "$C/good" /usr/src/hello-1.0/dkms.conf
	done
	conf hello 1.0 'AUTOINSTALL=perhaps'
	ends 0 unbuild hello/1.0 -k "$K1"
	ends 0 remove hello/1.0 --all
	refute_exists /var/lib/dkms/hello "/lib/modules/$K2/updates"
}

@test "a source without a dkms.conf can be removed too" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	rm /usr/src/hello-1.0/dkms.conf
	ends 0 remove hello/1.0 --all
	refute_exists /var/lib/dkms/hello "/lib/modules/$K1/updates"
}

@test "where the dkms.conf is a directory, or a link to itself, the module can be removed too" {
	make_module hello 1.0
	for what in "mkdir dkms.conf" "ln -s dkms.conf dkms.conf"; do
		ends 0 install hello/1.0 -k "$K1"
		mv /usr/src/hello-1.0/dkms.conf "$C/good"
		(cd /usr/src/hello-1.0 && $what)
		ends 0 remove hello/1.0 --all
		refute_exists /var/lib/dkms/hello "/lib/modules/$K1/updates"
		rm -r /usr/src/hello-1.0/dkms.conf
		mv "$C/good" /usr/src/hello-1.0/dkms.conf
	done
}

@test "remove --force of a broken version works from what the tree knows" {
	make_module -m "hello dummy" hello 1.0
	home=$(find "/lib/modules/$K1/kernel" -name 'dummy.ko*')
	ends 0 install hello/1.0 -k "$K1"
	rm -r /usr/src/hello-1.0
	refused 4 remove hello/1.0 --all
	ends 0 remove --force hello/1.0 --all
	refute_exists /var/lib/dkms/hello "/lib/modules/$K1/updates"
	assert_exists "$home"
}

@test "a broken version: status shows it, and explains on stderr" {
	tree_built hello 1.0 "$K1"
	make_module other 1.0
	tree_added other 1.0
	rm -r /usr/src/hello-1.0
	ends 0 status
	assert_output "hello/1.0: broken
other/1.0: added"
	assert_errors_have hello/1.0
}

@test "removing a module never looks at who depends on it" {
	make_module base 1.0
	make_module top 1.0 'BUILD_DEPENDS="base"'
	ends 0 install base/1.0 -k "$K1"
	ends 0 install top/1.0 -k "$K1"
	ends 0 remove base/1.0 --all
	assert_dkms_status "top/1.0, $K1, $ARCH: installed"
}

@test "status: unprivileged, and without a byte written" {
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	tree_added other 1.0 2>/dev/null || { make_module other 1.0 && tree_added other 1.0; }
	before=$(writes)
	run_as_nobody "$DKMS" status
	assert_status 0
	assert_output "hello/1.0, $K1, $ARCH: installed
other/1.0: added"
	assert_same "$(writes)" "$before"
	mount -o bind /var/lib/dkms /var/lib/dkms
	mount -o remount,bind,ro /var/lib/dkms
	run_dkms status
	umount /var/lib/dkms
	assert_status 0
	assert_output "hello/1.0, $K1, $ARCH: installed
other/1.0: added"
}

@test "a failed build keeps its log and a record until that kernel builds" {
	make_module hello 1.0 'PRE_BUILD="pre"'
	script /usr/src/hello-1.0/pre "[ -e $C/good ]"
	run_dkms build hello/1.0 -k "$K1" -k "$K2"
	assert_status 1
	assert_exists "/var/lib/dkms/hello/1.0/.failed/$K1/$ARCH" "/var/lib/dkms/hello/1.0/.failed/$K2/$ARCH" /var/lib/dkms/hello/1.0/build/make.log
	assert_same "$(find /var/lib/dkms/hello/1.0/.failed -name make.log)" ""
	head -n 1 /var/lib/dkms/hello/1.0/build/make.log | grep -q "for kernel $K2 "
	touch "$C/good"
	ends 0 build hello/1.0 -k "$K1"
	refute_exists "/var/lib/dkms/hello/1.0/.failed/$K1"
	assert_exists "/var/lib/dkms/hello/1.0/.failed/$K2"
	ends 0 remove hello/1.0 --all
	refute_exists /var/lib/dkms/hello
}

@test "remove: what is mounted below the version is not emptied" {
	make_module hello 1.0
	tree_added hello 1.0
	mkdir -p "$C/precious" /var/lib/dkms/hello/1.0/build/there
	echo keep >"$C/precious/file"
	# of the same file system: the device number does not tell it apart
	mkdir -p /var/lib/dkms/precious
	cp "$C/precious/file" /var/lib/dkms/precious/
	mount --bind /var/lib/dkms/precious /var/lib/dkms/hello/1.0/build/there
	ends 1 remove hello/1.0 -k "$K1"
	assert_same "$(cat /var/lib/dkms/precious/file)" keep
	umount -l "$(findmnt -rn -o TARGET | grep '/build/there$')"
	rm -r /var/lib/dkms/precious
	ends 0 add hello/1.0
	ends 0 remove hello/1.0 --all
	assert_dkms_status
}

@test "where the built module is damaged, the installed one goes with its version" {
	only_ours
	make_module hello 1.0
	_hello=/lib/modules/$K1/updates/dkms/hello.ko
	for verb in uninstall unbuild remove; do
		ends 0 install hello/1.0 -k "$K1"
		: >"/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
		ends 0 "$verb" hello/1.0 -k "$K1"
		refute_exists "$_hello"
		run_dkms remove hello/1.0 --all
	done
}

# a power cut leaves such files
@test "an installed file that is empty or no module stays, and keeps nothing from being removed or upgraded" {
	only_ours
	make_module hello 1.0
	make_module hello 2.0
	_hello=/lib/modules/$K1/updates/dkms/hello.ko
	for content in "" garbage; do
		for verb in uninstall unbuild remove; do
			run_dkms install hello/1.0 -k "$K1"
			assert_status 0
			printf %s "$content" >"$_hello"
			run_dkms "$verb" hello/1.0 -k "$K1"
			assert_status 0
			refute_exists "/var/lib/dkms/hello/kernel-$K1-$ARCH"
			assert_same "$(cat "$_hello")" "$content"
			assert_errors_have "'$_hello' stays"
			rm "$_hello"
		done
		run_dkms install hello/1.0 -k "$K1"
		printf %s "$content" >"$_hello"
		run_dkms install hello/2.0 -k "$K1"
		assert_status 0
		assert_same "$(modinfo -F version "$_hello")" 2.0
		run_dkms remove hello --all -v 1.0
		run_dkms remove hello/2.0 --all
		assert_status 0
		refute_exists "$_hello" /var/lib/dkms/hello
	done
}

@test "what was built is gone by hand: remove takes what it left in the kernel, and the link" {
	only_ours
	make_module -m "hello other" hello 1.0
	_hello=/lib/modules/$K1/updates/dkms/hello.ko _other=/lib/modules/$K1/updates/dkms/other.ko
	for verb in "remove --all" "remove -k $K1" "unbuild -k $K1" "uninstall -k $K1" "remove -k $K2" kernel_prerm; do
		run_dkms install hello/1.0 -k "$K1"
		assert_status 0
		rm -r "/var/lib/dkms/hello/1.0/$K1"
		assert_dkms_status "hello/1.0: added"
		# shellcheck disable=SC2086 # words
		if [ "$verb" = kernel_prerm ]; then run_dkms kernel_prerm -k "$K1"; else run_dkms $verb hello/1.0; fi
		assert_status 0
		assert_no_errors
		refute_exists "/var/lib/dkms/hello/kernel-$K1-$ARCH" "/lib/modules/$K1/updates"
		! grep -q updates "/lib/modules/$K1/modules.dep"
		case $verb in
		remove*) refute_exists /var/lib/dkms/hello ;;
		*) assert_dkms_status "hello/1.0: added" ;;
		esac
	done
}

@test "what was built is gone by hand: what nothing shows to be ours stays, and is named" {
	only_ours
	make_module -m "hello other" hello 1.0
	make_module -V 9 -m other claims 1.0
	updates=/lib/modules/$K1/updates/dkms
	run_dkms install hello/1.0 -k "$K1"
	rm -r "/var/lib/dkms/hello/1.0/$K1"
	# another package's since
	run_dkms install claims/1.0 -k "$K1"
	assert_status 0
	ready_ko "$updates/hello.ko" hello 3.1
	run_dkms remove hello/1.0 --all
	assert_status 0
	assert_errors_have "'$updates/hello.ko' stays"
	assert_errors_have "version 3.1"
	assert_errors_have "rm '$updates/hello.ko' && depmod $K1"
	refute_errors_have other.ko
	assert_exists "$updates/hello.ko" "$updates/other.ko"
	refute_exists /var/lib/dkms/hello
	assert_dkms_status "claims/1.0, $K1, $ARCH: installed (Original modules exist)"
}

@test "what was built is gone by hand: building it anew does not make it installed" {
	only_ours
	make_module hello 1.0
	make_module hello 2.0
	for next in "install hello/1.0" "install hello/2.0" "uninstall hello/1.0" "unbuild hello/1.0" "remove hello/1.0"; do
		run_dkms install hello/1.0 -k "$K1"
		assert_status 0
		rm -r "/var/lib/dkms/hello/1.0/$K1"
		ready_ko "/usr/src/hello-1.0/ko/$K1/hello.ko" hello 1.0 "$K1" srcversion="$RANDOM"
		run_dkms build hello/1.0 -k "$K1"
		assert_status 0
		run_dkms status hello/1.0
		assert_output "hello/1.0, $K1, $ARCH: built"
		# shellcheck disable=SC2086 # words
		run_dkms $next -k "$K1"
		assert_status 0
		assert_no_errors
		refute_exists /var/lib/dkms/hello/original_module
		case $next in
		install*)
			run_dkms status -k "$K1" "${next#install }"
			assert_output "${next#install }, $K1, $ARCH: installed"
			;;
		*) refute_exists "/lib/modules/$K1/updates" "/var/lib/dkms/hello/kernel-$K1-$ARCH" ;;
		esac
		run_dkms remove hello/1.0 --all
		run_dkms remove hello/2.0 --all
		refute_exists /var/lib/dkms/hello
	done
}

@test "remove for a kernel whose directory is gone: nothing of it is made anew, the saved original goes too" {
	add_kernel 6.1.0-gone
	make_module hello 1.0
	mkdir -p /lib/modules/6.1.0-gone/kernel/drivers/misc
	ready_ko /lib/modules/6.1.0-gone/kernel/drivers/misc/hello.ko hello 0.1
	ends 0 install hello/1.0 -k 6.1.0-gone
	assert_exists "/var/lib/dkms/hello/original_module/6.1.0-gone/$ARCH/hello.ko"
	rm -rf /lib/modules/6.1.0-gone
	ends 0 remove hello/1.0 --all
	refute_exists /lib/modules/6.1.0-gone
	refute_exists /var/lib/dkms/hello
	assert_output_has "original module /lib/modules/6.1.0-gone/kernel/drivers/misc/hello.ko not restored: the kernel is gone"
}
