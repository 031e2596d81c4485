#!/usr/bin/env bats
# What an administrator can change under /etc/dkms.
load ../lib/exits

@test "the seven conf files, later ones win" {
	make_module hello 1.0 'MAKE[0]="echo file-0; sh ./mk $kernelver"'
	log="/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
	n=0
	for f in "" hello hello-1.0 "hello-1.0-$K1" "hello-1.0-$K1-$ARCH" "hello--$K1" "hello--$K1-$ARCH"; do
		[ -z "$f" ] || echo "MAKE[0]='echo file-$n; sh ./mk \$kernelver'" >"/etc/dkms/$f.conf"
		ends 0 build --force hello/1.0 -k "$K1"
		grep -qx "file-$n" "$log"
		n=$((n + 1))
	done
	# those of other versions, kernels and architectures do not count
	for f in hello-2.0 "hello-1.0-$K2" "hello--$K2" "hello--$K1-other"; do echo 'MAKE[0]=false' >"/etc/dkms/$f.conf"; done
	ends 0 build --force hello/1.0 -k "$K1"
	ends 0 build --force hello/1.0 -k "$K1" --directive 'MAKE[0]=echo last; sh ./mk other'
	grep -qx last "$log"
}

@test "an override can switch AUTOINSTALL off and set another place" {
	as_distro nobodysown
	make_module hello 1.0
	tree_added hello 1.0
	echo AUTOINSTALL=no >/etc/dkms/hello.conf
	ends 0 autoinstall -k "$K1"
	assert_dkms_status "hello/1.0: added"
	echo 'DEST_MODULE_LOCATION[0]=/extra/mine' >/etc/dkms/hello.conf
	ends 0 autoinstall -k "$K1"
	assert_exists "/lib/modules/$K1/extra/mine/hello.ko"
}

@test "an override can make a bad conf good, and a good one bad" {
	make_module hello 1.0 'AUTOINSTALL=perhaps'
	echo AUTOINSTALL=yes >/etc/dkms/hello.conf
	ends 0 build hello/1.0 -k "$K1"
	echo AUTOINSTALL=perhaps >"/etc/dkms/hello-1.0-$K2.conf"
	refused 8 build hello/1.0 -k "$K2"
}

@test "overrides hold for modules only, whatever their dots" {
	make_module h.llo 1.0
	echo 'MAKE[0]=false' >/etc/dkms/hello.conf
	ends 0 build h.llo/1.0 -k "$K1"
}

patch_of_mk() { # WORD: a patch that adds "echo WORD" to mk
	printf '%s\n' '--- a/extra.sh' '+++ b/extra.sh' '@@ -0,0 +1 @@' "+echo patched by $1"
}

@test "patches: in index order, -p1, PATCH_MATCH against the kernel, each a block of the log" {
	make_module hello 1.0 'PATCH[0]="two.patch"
PATCH[3]="one.patch"
PATCH[5]="not.patch"
PATCH_MATCH[5]="^5\."
PATCH[6]="cloud.patch"
PATCH_MATCH[6]="-cloud-"'
	mkdir /usr/src/hello-1.0/patches
	for p in one two not cloud; do
		printf '%s\n' '--- /dev/null' "+++ b/$p.txt" '@@ -0,0 +1 @@' "+$p" >"/usr/src/hello-1.0/patches/$p.patch"
	done
	conf hello 1.0 'MAKE[0]="ls *.txt; sh ./mk $kernelver"'
	ends 0 build hello/1.0 -k "$K1"
	log="/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
	assert_same "$(grep '^Applying' "$log")" "Applying patch two.patch
Applying patch one.patch
Applying patch cloud.patch"
	grep -qxF '# command: patch -p1 < ./patches/two.patch' "$log"
	assert_same "$(grep '\.txt$' "$log" | grep -v '^patching' | paste -sd ' ')" "cloud.txt one.txt two.txt"
	ends 0 build hello/1.0 -k "$K2"
	refute_grep cloud.patch "/var/lib/dkms/hello/1.0/$K2/$ARCH/log/make.log"
}

@test "/etc/dkms/<m>/patches is copied over the package's patches" {
	make_module hello 1.0 'PATCH[0]="a.patch"
PATCH[1]="sub/b.patch"'
	mkdir -p /usr/src/hello-1.0/patches /etc/dkms/hello/patches/sub
	echo garbage >/usr/src/hello-1.0/patches/a.patch
	printf '%s\n' '--- /dev/null' "+++ b/a.txt" '@@ -0,0 +1 @@' "+a" >/etc/dkms/hello/patches/a.patch
	printf '%s\n' '--- /dev/null' "+++ b/b.txt" '@@ -0,0 +1 @@' "+b" >/etc/dkms/hello/patches/sub/b.patch
	conf hello 1.0 'MAKE[0]="cat a.txt b.txt; sh ./mk $kernelver"'
	ends 0 build hello/1.0 -k "$K1"
	assert_same "$(cat /usr/src/hello-1.0/patches/a.patch)" garbage
	grep -qx b "/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
}

@test "no patch of this directory is applied unless PATCH names it" {
	make_module hello 1.0
	mkdir -p /etc/dkms/hello/patches
	echo garbage >/etc/dkms/hello/patches/a.patch
	ends 0 build hello/1.0 -k "$K1"
}

@test "framework.conf: trees and tmp_location; the command line wins" {
	make_module hello 1.0
	mkdir "$C/src" "$C/l"
	mv /usr/src/hello-1.0 "$C/src"
	cp -a "/lib/modules/$K1" "$C/l/"
	printf '%s\n' "dkms_tree=$C/t" "source_tree=$C/src" >/etc/dkms/framework.conf
	echo "install_tree=$C/l" >/etc/dkms/framework.conf.d/z.conf
	ends 0 install hello/1.0 -k "$K1"
	assert_exists "$C/t/hello/1.0/$K1/$ARCH/module/hello.ko" "$C/l/$K1/updates/dkms/hello.ko"
	refute_exists /var/lib/dkms/hello
	ends 0 add hello/1.0 --dkmstree "$C/other"
	assert_exists "$C/other/hello/1.0/source"
}

@test "framework.conf: verbose" {
	make_module hello 1.0
	ends 0 build hello/1.0 -k "$K1"
	plain=${#output}
	echo 'verbose=1' >/etc/dkms/framework.conf
	ends 0 build --force hello/1.0 -k "$K1"
	[ ${#output} -ge "$plain" ]
}

@test "framework.conf.d: in the order of their names, later ones win, only *.conf" {
	make_module hello 1.0
	echo "dkms_tree=$C/a" >/etc/dkms/framework.conf
	echo "dkms_tree=$C/b" >/etc/dkms/framework.conf.d/10.conf
	echo "dkms_tree=$C/c" >/etc/dkms/framework.conf.d/20.conf
	echo "dkms_tree=$C/d" >/etc/dkms/framework.conf.d/30.bak
	ends 0 add hello/1.0
	assert_exists "$C/c/hello"
}

@test "framework.conf: kernelver is the kernel that is built for" {
	make_module hello 1.0 'MAKE[0]="sh ./mk $kernelver; env"'
	for k in "$K1" "$K2"; do
		mkdir -p "$C/$k"
		printf '#!/bin/sh\necho "%s $4" >>%s\n' "$k" "$C/signed" >"$C/$k/sign-file"
		chmod +x "$C/$k/sign-file"
		echo "export FROM=env-of-$k" >"$C/$k/env"
	done
	# shellcheck disable=SC2016
	printf '%s\n' try_sign_modules=true "sign_file=$C/\$kernelver/sign-file" "build_environment=$C/\$kernelver/env" \
		>/etc/dkms/framework.conf.d/tests.conf
	ends 0 build hello/1.0 -k "$K1" -k "$K2"
	assert_no_errors
	assert_same "$(cut -d' ' -f1 "$C/signed" | sort)" "$(printf '%s\n' "$K1" "$K2" | sort)" "who signed"
	for k in "$K1" "$K2"; do
		grep -qx "FROM=env-of-$k" "/var/lib/dkms/hello/1.0/$k/$ARCH/log/make.log"
	done
}

@test "the command line wins over framework.conf, that over the environment" {
	make_module hello 1.0 "MAKE[0]='make show'"
	printf 'show:\n\t@cp ko/other/hello.ko .\n' >/usr/src/hello-1.0/Makefile
	log="/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
	echo 'parallel_jobs=4' >/etc/dkms/framework.conf
	parallel_jobs=6 run_dkms build hello/1.0 -k "$K1" -j 2
	grep -q "make -j2 " "$log"
	parallel_jobs=6 run_dkms build --force hello/1.0 -k "$K1"
	grep -q "make -j4 " "$log"
}

@test "framework.conf: wrong values are told once, with the file and what is accepted, and change nothing" {
	only_ours
	make_module hello 1.0
	d=/etc/dkms/framework.conf.d
	echo "parallel_jobs=abc" >/etc/dkms/framework.conf
	echo "try_sign_modules=flase" >"$d/zz.conf"
	printf '%s\n' 'dkms_tree=/nowhere' 'exit 0' >"$d/exit.conf"
	for verb in "status" "install hello/1.0 -k $K1" "kernel_postinst -k $K1"; do
		# shellcheck disable=SC2086 # words
		run_dkms $verb
		assert_status 0
		assert_same "$errors" "dkms: warning: $d/exit.conf: it ends by exit, or by an error that ends bash: nothing of it counts
dkms: warning: /etc/dkms/framework.conf.d/zz.conf: try_sign_modules is 'flase', which is not true, false or not_in_chroot; it is passed over
dkms: warning: /etc/dkms/framework.conf: parallel_jobs is 'abc', which is not a number; it is passed over"
	done
	rm "$d/zz.conf" "$d/exit.conf"
	parallel_jobs=x run_dkms status
	assert_errors_have "/etc/dkms/framework.conf: parallel_jobs is 'abc'"
	rm /etc/dkms/framework.conf
	parallel_jobs=x run_dkms status
	assert_same "$errors" "dkms: warning: the environment: parallel_jobs is 'x', which is not a number; it is passed over"
	assert_output "hello/1.0, $K1, $ARCH: installed"
	run_dkms status -q
	assert_no_errors
}
