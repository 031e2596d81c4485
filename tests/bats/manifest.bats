#!/usr/bin/env bats
# What dkms remembers of a build (.manifest), and that status says the same with it as without it.
load ../lib/dkms

setup() {
	only_ours
	world_up
	make_module -m "hello hello_two" hello 1.0
	make_module shell 1.0 'case $kernelver in '"$K1"') BUILT_MODULE_NAME[0]=shell ;; esac'
	make_module config 1.0 'BUILD_EXCLUSIVE_CONFIG="CONFIG_MODULES"'
	echo "PACKAGE_VERSION=1.0 # $K1" >>/usr/src/shell-1.0/dkms.conf
	for m in hello shell config; do run_dkms install "$m/1.0" -k "$K1"; done
	run_dkms build hello/1.0 -k "$K2"
}

built() { echo "/var/lib/dkms/$1/1.0/${2:-$K1}/$ARCH"; }
installed() { echo "/lib/modules/$K1/updates/dkms/$1.ko"; }

# status with the manifests, and without them
both() {
	local with
	run_dkms status "$@"
	assert_status 0
	with=$output$errors
	mkdir -p "$C/away"
	(cd /var/lib/dkms && find . -name .manifest -exec cp --parents -p {} "$C/away" \; -delete)
	run_dkms status "$@"
	assert_same "$with" "$output$errors" "status with (>) and without (<) what is remembered"
	# back, though their files may not be there any more
	(cd "$C/away" && find . -name .manifest) | while read -r f; do
		[ ! -d "/var/lib/dkms/${f%/*}" ] || cp -p "$C/away/$f" "/var/lib/dkms/$f"
	done
	rm -rf "$C/away"
}

# which dkms.confs and module files status opens
opens() {
	command -v strace >/dev/null || skip "strace is not installed"
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=openat,execve -o "$C/trace" "$DKMS" status "$@" >/dev/null
	grep -oE '(dkms\.conf|[a-z_]+\.ko)"' "$C/trace" | sort -u | tr -d '"' | tr '\n' ' '
}

@test "a build has a manifest, and what is installed needs neither conf nor comparing" {
	for d in "$(built hello)" "$(built shell)" "$(built hello "$K2")"; do assert_exists "$d/.manifest"; done
	assert_same "$(opens)" ""
	both
	rm "$(built hello)/.manifest"
	assert_same "$(opens)" "dkms.conf hello.ko hello_two.ko "
}

@test "a changed file is seen, whatever its size and date" {
	for f in "$(installed hello_two)" "$(built hello)/module/hello.ko" "$(installed shell)"; do
		cp -p "$f" "$C/same"
		printf x | dd of="$f" bs=1 seek=100 conv=notrunc status=none
		touch -r "$C/same" "$f"
		run_dkms status
		assert_output_has "(Differences between built and installed modules)"
		both
		cp -p "$C/same" "$f"
		run_dkms status
		refute_output_has Differences
		both
	done
}

@test "a file that is gone, replaced, renamed or a link" {
	mv "$(installed hello)" "$C/hello.ko"
	run_dkms status
	assert_output_has "(Differences"
	both
	ln -s "$C/hello.ko" "$(installed hello)"
	both
	mv "$(built config)/module/config.ko" "$(built config)/module/config.ko.xz"
	both
	rm "$(built shell)/module/shell.ko"
	run_dkms status
	assert_output_has "(Built modules are missing in the kernel modules folder)"
	both
	rm -r "$(built hello)/module"
	both
}

@test "a conf that promises something else, and an override" {
	echo 'BUILT_MODULE_NAME[2]=third DEST_MODULE_LOCATION[2]=/extra' >>/usr/src/hello-1.0/dkms.conf
	run_dkms status hello -k "$K1"
	assert_output_has "(Built modules are missing"
	both
	sed -i '$d' /usr/src/hello-1.0/dkms.conf
	run_dkms status hello -k "$K1"
	assert_output "hello/1.0, $K1, $ARCH: installed"
	echo 'DEST_MODULE_NAME[0]=other' >"/etc/dkms/hello-1.0-$K1.conf"
	run_dkms status hello -k "$K1"
	assert_output_has "(Built modules are missing"
	both
	rm "/etc/dkms/hello-1.0-$K1.conf"
	both
	mkdir -p "$C/elsewhere"
	cp -r /usr/src/config-1.0/. "$C/elsewhere"
	sed -i 's/BUILT_MODULE_NAME.*/BUILT_MODULE_NAME[0]=moved/' "$C/elsewhere/dkms.conf"
	ln -sfn "$C/elsewhere" /var/lib/dkms/config/1.0/source
	run_dkms status config
	assert_output_has "(Built modules are missing"
	both
}

@test "an override that was there is part of it" {
	echo 'DEST_MODULE_NAME[0]=renamed' >/etc/dkms/hello.conf
	sleep 0.1
	run_dkms build hello/1.0 -k "$K1" --force
	run_dkms install hello/1.0 -k "$K1" --force
	assert_status 0
	assert_same "$(opens hello -k "$K1")" ""
	both
	echo 'DEST_MODULE_NAME[0]=once_more' >/etc/dkms/hello.conf
	run_dkms status hello -k "$K1"
	assert_output_has "(Built modules are missing"
	both
}

@test "other places, other variables" {
	ADDON_MODULES_DIR=extra both
	both --kernelsourcedir "/lib/modules/$K2/build"
	# shellcheck disable=SC2016 # the conf's
	echo 'DEST_MODULE_NAME[0]=${FROM_OUTSIDE:-hello}' >>/usr/src/hello-1.0/dkms.conf
	# shellcheck disable=SC2016
	echo 'DEST_MODULE_NAME[0]=config$SUFFIX' >>/usr/src/config-1.0/dkms.conf
	sleep 0.1
	run_dkms install config/1.0 -k "$K1" --force
	assert_status 0
	assert_same "$(opens config)" ""
	SUFFIX=_two both config
	DKMS_DIRECTIVE="BUILT_MODULE_NAME=x" both
	# bash reads this one; what it knows of variables is remembered too
	# shellcheck disable=SC2016
	echo 'case $SUFFIX in ?*) DEST_MODULE_NAME[0]=other ;; esac' >>/usr/src/shell-1.0/dkms.conf
	sleep 0.1
	run_dkms install shell/1.0 -k "$K1" --force
	assert_status 0
	assert_same "$(opens shell)" ""
	SUFFIX=_two both shell
	SUFFIX=_two run_dkms status shell
	assert_output_has "(Built modules are missing"
}

@test "a conf that looks at more than variables is read each time" {
	echo 'if [ -e '"$C/there"' ]; then DEST_MODULE_NAME[0]=other; fi' >>/usr/src/shell-1.0/dkms.conf
	sleep 0.1
	run_dkms install shell/1.0 -k "$K1" --force
	assert_status 0
	run_dkms status shell
	assert_output "shell/1.0, $K1, $ARCH: installed"
	touch "$C/there"
	run_dkms status shell
	assert_output_has "(Built modules are missing"
	both
}

@test "a damaged, empty or foreign manifest is none" {
	local m
	m=$(built hello)/.manifest
	cp "$m" "$C/manifest"
	for size in 0 1 40 100 300; do
		head -c "$size" "$C/manifest" >"$m"
		both
	done
	cp "$(built config)/.manifest" "$m"
	both
	sed 's/hello_two/hello_twa/' "$C/manifest" >"$m"
	both
	rm "$m"
	mkdir "$m"
	run_dkms status hello -k "$K1"
	assert_output "hello/1.0, $K1, $ARCH: installed"
}

@test "a copy of the trees has the same status" {
	cp -a /var/lib/dkms "$C/tree"
	rm -r /var/lib/dkms
	cp -a "$C/tree" /var/lib/dkms
	both
}

@test "what comes after: uninstall, install, build again, another version" {
	run_dkms uninstall hello/1.0 -k "$K1"
	both
	run_dkms install hello/1.0 -k "$K1"
	assert_same "$(opens hello -k "$K1")" ""
	both
	run_dkms build hello/1.0 -k "$K1" --force
	both
	make_module -m "hello hello_two" hello 2.0
	run_dkms install hello/2.0 -k "$K1"
	both
	run_dkms remove hello/2.0 --all
	both
	run_dkms install hello/1.0 -k "$K1" --no-depmod
	both
}

@test "Debian's dkms goes on with the tree, and we with what it leaves" {
	run_peer status
	assert_status 0
	run_peer uninstall -m hello -v 1.0 -k "$K1"
	assert_status 0
	both
	run_peer install -m hello -v 1.0 -k "$K1"
	assert_status 0
	both
	run_peer remove -m hello -v 1.0 --all
	assert_status 0
	refute_exists /var/lib/dkms/hello
	both
}

@test "a manifest in an archive is not believed" {
	run_dkms mktarball config/1.0 -k "$K1" --archive "$C/one.tar"
	assert_status 0
	mkdir "$C/unpacked"
	tar -C "$C/unpacked" -xf "$C/one.tar"
	cp "$(built config)/.manifest" "$C/unpacked/dkms_main_tree/$K1/$ARCH/"
	tar -C "$C/unpacked" -cf "$C/forged.tar" .
	run_dkms remove config/1.0 --all
	run_dkms ldtarball "$C/forged.tar" --force
	assert_status 0
	assert_exists "$(built config)/module/config.ko"
	refute_exists "$(built config)/.manifest"
}

@test "a tarball is the same with and without manifests" {
	run_dkms mktarball config/1.0 -k "$K1" --archive "$C/one.tar"
	touch -r "$(built config)" "$C/date"
	rm "$(built config)/.manifest"
	touch -r "$C/date" "$(built config)"
	run_dkms mktarball config/1.0 -k "$K1" --archive "$C/two.tar"
	cmp "$C/one.tar" "$C/two.tar"
}
