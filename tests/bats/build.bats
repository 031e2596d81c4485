#!/usr/bin/env bats
# build: what a build does on the way from the source to the stored module, seen from the command line.
load ../lib/dkms

built() { # M V [K]
	echo "/var/lib/dkms/$1/$2/${3:-$K1}/$ARCH"
}

script() { # FILE LINE...
	local file=$1
	shift
	printf '%s\n' '#!/bin/sh' "$@" >"$file"
	chmod 755 "$file"
}

@test "the example builds on both flavours, each for its own kernel" {
	cp -r "$DKMS_TEST_TOP/examples/hello" /usr/src/dkms_hello-1.0
	run_dkms build dkms_hello/1.0 -k "$K1" -k "$K2"
	assert_status 0
	assert_no_errors
	for k in "$K1" "$K2"; do
		ko=$(built dkms_hello 1.0 "$k")/module/dkms_hello.ko
		assert_same "$(modinfo -F vermagic "$ko" | cut -d ' ' -f 1)" "$k"
		assert_same "$(modinfo -F version "$ko")" 1.0
		assert_same "$(modinfo -F parm "$ko")" "whom:whom to greet (default: world) (charp)"
		run readelf -S "$ko"
		[[ $output != *.debug_info* ]]
	done
	assert_dkms_status "dkms_hello/1.0, $K2, $ARCH: built" "dkms_hello/1.0, $K1, $ARCH: built"
}

@test "a build leaves module, log and manifest, nothing else, and no build directory" {
	make_module hello 1.0
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_same "$(cd /var/lib/dkms/hello && find . -not -name . -printf '%y %m %u:%g %P\n' | LC_ALL=C sort -k 4)" \
		"d 755 root:root 1.0
d 755 root:root 1.0/$K1
d 755 root:root 1.0/$K1/$ARCH
f 644 root:root 1.0/$K1/$ARCH/.manifest
d 755 root:root 1.0/$K1/$ARCH/log
f 644 root:root 1.0/$K1/$ARCH/log/make.log
d 755 root:root 1.0/$K1/$ARCH/module
f 644 root:root 1.0/$K1/$ARCH/module/hello.ko
l 777 root:root 1.0/source"
}

@test "modes do not depend on the umask or on the build" {
	make_module hello 1.0 'MAKE[0]="sh ./mk $kernelver; chmod 600 hello.ko"'
	umask 077
	run_dkms build hello/1.0 -k "$K1"
	umask 022
	assert_status 0
	assert_same "$(cd "$(built hello 1.0)" && stat -c %a . module log module/hello.ko log/make.log | xargs)" \
		"755 755 755 644 644"
}

@test "a failed make leaves build directory and log, and is remembered until it builds" {
	make_module hello 1.0 'MAKE[0]="echo hello.c:1:2: error: broken; exit 3"'
	run_dkms build hello/1.0 -k "$K1"
	assert_status 10
	assert_errors_have /var/lib/dkms/hello/1.0/build/make.log
	assert_errors_have "hello.c:1:2: error: broken"
	assert_exists /var/lib/dkms/hello/1.0/build/make.log
	refute_exists "/var/lib/dkms/hello/1.0/$K1"
	only_ours
	cd "/var/lib/dkms/hello/1.0/.failed/$K1/$ARCH"
	grep -qx "exit-status: 10" record
	grep -qx "kernel: $K1" record
	cmp log /var/lib/dkms/hello/1.0/build/make.log
	assert_same "$(find /var/lib/dkms/hello -name make.log)" /var/lib/dkms/hello/1.0/build/make.log
	assert_dkms_status "hello/1.0: added"
	cd "$C"
	sed -i '$d' /usr/src/hello-1.0/dkms.conf
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	refute_exists /var/lib/dkms/hello/1.0/.failed /var/lib/dkms/hello/1.0/build
}

@test "each failed kernel keeps its log" {
	make_module hello 1.0 'MAKE[0]="echo for $kernelver; exit 1"'
	run_dkms build hello/1.0 -k "$K1" -k "$K2"
	assert_status 10
	only_ours
	for k in "$K1" "$K2"; do
		grep -qx "for $k" "/var/lib/dkms/hello/1.0/.failed/$k/$ARCH/log"
	done
	grep -qx "for $K2" /var/lib/dkms/hello/1.0/build/make.log
}

@test "build --force replaces the result only when the new one is complete" {
	make_module hello 1.0
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	before=$(tree_digest "$(built hello 1.0)")
	echo 'MAKE[0]="exit 1"' >>/usr/src/hello-1.0/dkms.conf
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 10
	only_ours
	assert_same "$(tree_digest "$(built hello 1.0)")" "$before"
	echo 'MAKE[0]="sh ./mk $kernelver; touch Module.symvers"' >>/usr/src/hello-1.0/dkms.conf
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 0
	assert_exists "$(built hello 1.0)/module/Module.symvers" "$(built hello 1.0)/module/hello.ko"
	refute_exists /var/lib/dkms/hello/1.0/build /var/lib/dkms/hello/1.0/.failed
}

@test "patches apply in order, the administrator's over the package's" {
	make_module hello 1.0 'PATCH[0]=one.patch
PATCH[1]=two.patch
MAKE[0]="cat text; sh ./mk $kernelver"'
	cd /usr/src/hello-1.0
	mkdir patches
	echo a >text
	printf '%s\n' '--- x/text' '+++ y/text' '@@ -1 +1 @@' '-a' '+b' >patches/one.patch
	echo garbage >patches/two.patch
	mkdir -p /etc/dkms/hello/patches
	printf '%s\n' '--- x/text' '+++ y/text' '@@ -1 +1 @@' '-b' '+c' >/etc/dkms/hello/patches/two.patch
	only_ours
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	log=$(built hello 1.0)/log/make.log
	grep -qx 'Applying patch one.patch' "$log"
	grep -qx '# command: patch -p1 < ./patches/two.patch' "$log"
	grep -qx c "$log"
	assert_same "$(cat text)" a
}

@test "a patch that does not apply is 6, one that is missing or leads out is 5" {
	make_module hello 1.0 'PATCH[0]=one.patch'
	mkdir /usr/src/hello-1.0/patches
	echo a >/usr/src/hello-1.0/text
	printf '%s\n' '--- x/text' '+++ y/text' '@@ -1 +1 @@' '-z' '+b' >/usr/src/hello-1.0/patches/one.patch
	run_dkms build hello/1.0 -k "$K1"
	assert_status 6
	rm /usr/src/hello-1.0/patches/one.patch
	run_dkms build hello/1.0 -k "$K1"
	assert_status 5
	only_ours
	printf '%s\n' '--- x/text' '+++ y/text' '@@ -1 +1 @@' '-a' '+b' >/usr/src/hello-1.0/one.patch
	echo 'PATCH[0]=../one.patch' >>/usr/src/hello-1.0/dkms.conf
	run_dkms build hello/1.0 -k "$K1"
	assert_status 5
	assert_dkms_status "hello/1.0: added"
}

@test "PRE_BUILD and POST_BUILD run in the build directory, by bash" {
	make_module hello 1.0 'PRE_BUILD="pre.sh \"one two\" && echo more > more"
POST_BUILD="post.sh"
MAKE[0]="cat more; sh ./mk $kernelver"'
	only_ours
	script /usr/src/hello-1.0/pre.sh 'echo "$0 [$1] $PWD $module $module_version $kernelver $arch"'
	script /usr/src/hello-1.0/post.sh "ls ../$K1/$ARCH/module make.log; pwd"
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	log=$(built hello 1.0)/log/make.log dir=/var/lib/dkms/hello/1.0/build
	grep -qx "$dir/pre.sh \[one two\] $dir hello 1.0 $K1 $ARCH" "$log"
	grep -qx "# command: cd $dir/ && $dir/pre.sh \"one two\" && echo more > more" "$log"
	grep -qx more "$log"
	grep -qx hello.ko "$log"
	assert_same "$(tail -n 5 "$log" | head -n 1)" "$dir"
}

@test "the failure of PRE_BUILD is the exit status; of POST_BUILD too, and it is built" {
	make_module hello 1.0 'PRE_BUILD=pre.sh'
	script /usr/src/hello-1.0/pre.sh 'exit 33'
	only_ours
	run_dkms build hello/1.0 -k "$K1"
	assert_status 33
	assert_dkms_status "hello/1.0: added"
	sed -i 's/PRE_BUILD/POST_BUILD/' /usr/src/hello-1.0/dkms.conf
	run_dkms build hello/1.0 -k "$K1"
	assert_status 33
	assert_exists /var/lib/dkms/hello/1.0/build/make.log
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "a script that is not executable is a warning" {
	make_module hello 1.0 'PRE_BUILD=pre.sh'
	echo 'exit 1' >/usr/src/hello-1.0/pre.sh
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	only_ours
	assert_errors_have pre.sh
}

@test "the administrator's script replaces the package's" {
	make_module hello 1.0 'PRE_BUILD=pre.sh'
	script /usr/src/hello-1.0/pre.sh 'exit 1'
	mkdir -p /etc/dkms/hello
	script /etc/dkms/hello/pre.sh 'echo "mine in $PWD"'
	only_ours
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	grep -qx 'mine in /etc/dkms/hello' "$(built hello 1.0)/log/make.log"
}

@test "make's environment: compiler and names, less what would break it" {
	make_module hello 1.0 'MAKE[0]="sh ./mk $kernelver; env"'
	only_ours
	export CFLAGS=-bad LDFLAGS=-bad MAKEFLAGS=-n OWN=mine CC=bad
	run_dkms build hello/1.0 -k "$K1" --directive EXTRA=thing
	assert_status 0
	log=$(built hello 1.0)/log/make.log
	for line in CC=gcc-12 KERNEL_CC=gcc-12 OWN=mine EXTRA=thing module=hello module_version=1.0 \
		"kernelver=$K1" "arch=$ARCH"; do
		grep -qx "$line" "$log"
	done
	run ! grep -E '^(CFLAGS|LDFLAGS|MAKEFLAGS|dkms_tree|source_tree)=' "$log"
}

@test "build_environment has the last word" {
	make_module hello 1.0 'MAKE[0]="sh ./mk $kernelver; env"'
	only_ours
	echo 'build_environment=/etc/dkms/env' >/etc/dkms/framework.conf.d/env.conf
	printf '%s\n' 'export CC="my cc" FOR=$kernelver' 'HIDDEN=1' >/etc/dkms/env
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	log=$(built hello 1.0)/log/make.log
	grep -qx 'CC=my cc' "$log"
	grep -qx "FOR=$K1" "$log"
	run ! grep -q '^HIDDEN=' "$log"
}

@test "a promised module that is missing, elsewhere or no file is 7" {
	only_ours
	make_module hello 1.0
	for make in true 'ln -s /etc/passwd hello.ko' 'mkdir hello.ko' 'mkfifo hello.ko' \
		'ln -s ../source/mk hello.ko'; do
		echo "MAKE[0]='$make'" >>/usr/src/hello-1.0/dkms.conf
		run_dkms build hello/1.0 -k "$K1"
		assert_status 7
		refute_exists "/var/lib/dkms/hello/1.0/$K1"
	done
}

@test "a module for another kernel is 7, with --force a warning" {
	only_ours
	make_module hello 1.0 "MAKE[0]='cp ko/$K2/hello.ko .'"
	# only the release differs, and the kernel looks at CRCs instead
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "$K2"
	run_dkms unbuild hello/1.0 -k "$K1"
	ready_ko "/usr/src/hello-1.0/ko/$K2/hello.ko" hello 1.0 "$K1" "vermagic=$K1 SMP other "
	run_dkms build hello/1.0 -k "$K1"
	assert_status 7
	assert_errors_have vermagic
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have vermagic
}

@test "what is no kernel module is 7, with --force a warning" {
	only_ours
	make_module -m "hello other" hello 1.0
	for bad in empty text cut; do
		case $bad in
		empty) make=': >hello.ko' ;;
		text) make='echo no module >hello.ko' ;;
		cut) make='head -c 2000 ko/other/hello.ko >hello.ko' ;;
		esac
		echo "MAKE[0]='sh ./mk $K1; $make'" >>/usr/src/hello-1.0/dkms.conf
		run_dkms build hello/1.0 -k "$K1"
		assert_status 7
		assert_errors_have "'hello.ko' is no kernel module"
		assert_errors_have "hello/1.0/build/make.log"
		refute_errors_have "not stripped"
		refute_exists "$(built hello 1.0)"
	done
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "'hello.ko' does not look like a kernel module"
	assert_dkms_status "hello/1.0, $K1, $ARCH: built"
}

@test "the log quotes the names of patches where a shell would have to be told" {
	only_ours
	make_module hello 1.0 'PATCH[0]="a b.patch"
PATCH[1]="it'"'"'s.patch"
PATCH[2]="c+1~2.patch"'
	mkdir /usr/src/hello-1.0/patches
	for p in "a b" "it's" "c+1~2"; do
		printf '%s\n' "--- /dev/null" "+++ b/new-${p% *}" '@@ -0,0 +1 @@' "+$p" >"/usr/src/hello-1.0/patches/$p.patch"
	done
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_same "$(grep '^# command: patch' "$(built hello 1.0)/log/make.log")" \
		"# command: patch -p1 < './patches/a b.patch'
# command: patch -p1 < './patches/it'\\''s.patch'
# command: patch -p1 < ./patches/c+1~2.patch"
}

@test "modules are compressed as the kernel's own are, with the administrator's options" {
	only_ours
	make_module hello 1.0
	for suffix in gz xz zst; do
		add_kernel "9.1.0-$suffix" ".ko.$suffix"
		[ "$suffix" != xz ] || echo 'compress_xz_opts="--check=sha256"' >/etc/dkms/framework.conf.d/x.conf
		run_dkms build hello/1.0 -k "9.1.0-$suffix" --force
		assert_status 0
		ko=$(built hello 1.0 "9.1.0-$suffix")/module/hello.ko.$suffix
		assert_exists "$ko"
		refute_exists "${ko%".$suffix"}"
		assert_same "$(stat -c %a "$ko")" 644
	done
	xz --robot --list "$(built hello 1.0 9.1.0-xz)/module/hello.ko.xz" | grep -q SHA-256
}

@test "what lies in a source does not get in the way of a build" {
	only_ours
	make_module hello 1.0 'MAKE[0]="sh ./mk $kernelver; stat -c %y stamp; ls"'
	cd /usr/src/hello-1.0
	echo old >make.log
	ln -s /etc/passwd 'a link'
	mkfifo pipe
	touch -d '2001-02-03 04:05:06.789012345 UTC' stamp
	TZ=UTC run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	log=$(built hello 1.0)/log/make.log
	grep -q '^2001-02-03 .*\.789012345 ' "$log"
	run ! grep -qx -e pipe -e old "$log"
	assert_same "$(cat make.log)" old
}

@test "a full disk is told, and the next build works" {
	only_ours
	make_module hello 1.0
	run_dkms add hello/1.0
	mkdir "$C/small"
	mount -t tmpfs -o size=300k small "$C/small"
	mv /var/lib/dkms/hello "$C/small/"
	head -c 1000000 /dev/urandom >/usr/src/hello-1.0/big
	run_dkms build hello/1.0 -k "$K1" --dkmstree "$C/small"
	assert_status 1
	assert_errors_have "No space left on device"
	assert_errors_have big
	assert_same "$(ls -A "$C/small/hello/1.0/build")" ""
	rm /usr/src/hello-1.0/big
	run_dkms build hello/1.0 -k "$K1" --dkmstree "$C/small"
	assert_status 0
	umount "$C/small"
}

@test "an unknown symbol is named" {
	only_ours
	kbuild_module hello 1.0
	cat >>/usr/src/hello-1.0/hello.c <<-'X'
		extern int nobody_has_this(void);
		int use(void);
		int use(void) { return nobody_has_this(); }
	X
	echo 'MAKE[0]="make -C $kernel_source_dir M=$dkms_tree/hello/1.0/build KBUILD_MODPOST_WARN=1"' \
		>>/usr/src/hello-1.0/dkms.conf
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have nobody_has_this
}

@test "apport's hook hears of a failed build, of a patch that does not apply, and of nothing else" {
	only_ours
	hook=/usr/share/apport/package-hooks/dkms_packages.py
	mkdir -p "${hook%/*}"
	mount -t tmpfs none "${hook%/*}"
	script "$hook" "echo \"\$*\" >>$C/heard"
	heard=''
	for bad in 'MAKE[0]=false' 'PATCH[0]=bad.patch' 'MAKE[0]=true' 'PRE_BUILD=no' 'BUILD_DEPENDS=nobody' \
		'BUILD_EXCLUSIVE_ARCH=none' 'PATCH[0]=none.patch'; do
		make_module hello 1.0 "$bad"
		mkdir -p /usr/src/hello-1.0/patches
		echo garbage >/usr/src/hello-1.0/patches/bad.patch
		script /usr/src/hello-1.0/no 'exit 3'
		run_dkms build hello/1.0 -k "$K1"
		heard+="$status $(cat "$C/heard" 2>/dev/null || :),"
		rm -f "$C/heard"
	done
	umount "${hook%/*}"
	call="-m hello -v 1.0 -k $K1"
	assert_same "$heard" "10 $call,6 $call,7 $call,3 ,13 ,77 ,5 ,"
}
