#!/usr/bin/env bats
# What dkms itself takes: memory, threads.
load ../lib/dkms
load ../lib/memory

setup() {
	world_up
	# looking for leaks fails under ptrace
	export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
}

@test "no verb takes 32 MiB" {
	local m
	for m in a b c d e f; do make_module -m "$m $m-two $m-three" "$m" 1.0; done
	rm /etc/dkms/framework.conf.d/tests.conf
	add_kernel 9.1.0-test .ko.xz
	for m in a b c d e f; do takes_little add "$m/1.0"; done
	takes_little autoinstall -k "$K1"
	takes_little install a/1.0 -k "$K2" -k 9.1.0-test
	takes_little status
	takes_little mktarball a/1.0 -k "$K1" --archive "$C/a.tar.xz"
	takes_little uninstall a/1.0 -k "$K1"
	takes_little remove a/1.0 --all
	takes_little ldtarball "$C/a.tar.xz"
	takes_little kernel_prerm -k "$K1"
}

@test "nor does status of 600 modules" {
	local i
	make_module one 1.0
	tree_installed one 1.0 "$K1"
	for ((i = 0; i < 600; i++)); do
		cp -a /usr/src/one-1.0 "/usr/src/m$i-1.0"
		sed -i "s/one/m$i/" "/usr/src/m$i-1.0/dkms.conf"
		cp -a /var/lib/dkms/one "/var/lib/dkms/m$i"
		ln -sfn "/usr/src/m$i-1.0" "/var/lib/dkms/m$i/1.0/source"
	done
	takes_little status
	[ "$(wc -l <<<"$output")" = 601 ]
}

@test "nor does a module that is larger than that, packed or not" {
	local k
	make_module big 1.0
	head -c 48M /dev/zero >"$C/zeros"
	for k in "$K1" "$K2"; do
		objcopy --add-section .rodata.big="$C/zeros" --set-section-flags .rodata.big=alloc,readonly \
			"/usr/src/big-1.0/ko/$k/big.ko"
	done
	rm /etc/dkms/framework.conf.d/tests.conf
	add_kernel 9.1.0-test .ko.xz
	takes_little install big/1.0 -k "$K1"
	takes_little install big/1.0 -k 9.1.0-test
	takes_little install --force big/1.0 -k "$K1"
	takes_little install --force big/1.0 -k 9.1.0-test
	takes_little status
	takes_little uninstall big/1.0 -k "$K1"
	takes_little uninstall big/1.0 -k 9.1.0-test
}

@test "no threads" {
	make_module a 1.0
	make_module b 1.0
	run_dkms add a/1.0
	run_dkms add b/1.0
	rm /etc/dkms/framework.conf.d/tests.conf
	run_cmd strace -f -Y -o "$C/trace" -e trace=clone,clone3,fork,vfork,execve \
		"$DKMS" autoinstall --all-kernels -j 4
	assert_status 0
	assert_same "$(find /lib/modules/*/updates/dkms -name '[ab].ko' | wc -l)" 4
	grep -q '<dkms> .*clone' "$C/trace"
	if grep '<dkms[^>]*> .*CLONE_THREAD' "$C/trace"; then _fail "a thread was started"; fi
}

# looks_for_libraries COMMAND...: the files of libraries that dkms, and what it starts, look for
looks_for_libraries() {
	run_cmd strace -f -o "$C/trace" -e trace=open,openat,execve "$DKMS" "$@"
	assert_status 0
	sed -n 's/.*open[a-z]*(.*"\([^"]*\.so[^"]*\)".*/\1/p' "$C/trace" >"$C/libraries"
	grep -q '/libc\.so' "$C/libraries" || _fail "nothing was seen"
}

@test "status and an autoinstall with nothing to do load no cryptography and no archives, and start nothing" {
	local heavy='lib\(crypto\|ssl\|archive\|p11-kit\)\.so' how
	if readelf -d "$DKMS" | grep -q "NEEDED.*$heavy"; then _fail "linked with them"; fi
	[ "$(readelf -d "$DKMS" | grep -c NEEDED)" -ge 1 ]
	for m in a b; do make_module "$m" 1.0; done
	run_dkms add a/1.0
	run_dkms add b/1.0
	echo 'try_sign_modules=true' >/etc/dkms/framework.conf.d/tests.conf
	# the watch sees them where they are: a module is signed
	looks_for_libraries autoinstall -k "$K1"
	grep -q 'execve(".*/dkms-sign"' "$C/trace"
	grep -q 'libcrypto\.so' "$C/libraries"
	looks_for_libraries mktarball a/1.0 -k "$K1" --archive "$C/a.tar.gz"
	grep -q 'libarchive\.so' "$C/libraries"
	for how in "status" "status a/1.0 -k $K1" "autoinstall -k $K1" --version; do
		# shellcheck disable=SC2086
		looks_for_libraries $how
		if grep "$heavy" "$C/libraries"; then _fail "dkms $how loads them"; fi
		assert_same "$(grep -c execve "$C/trace")" 1 "programs that were started"
	done
	# with a conf that bash has to read each time there is bash, and no more
	# shellcheck disable=SC2016
	make_module c 1.0 'NOTHING=$(echo nothing)'
	run_dkms install c/1.0 -k "$K1"
	for how in "autoinstall -k $K1" status; do
		# shellcheck disable=SC2086
		looks_for_libraries $how
		refute_output_has building
		if grep "$heavy" "$C/libraries"; then _fail "dkms $how loads them where a conf needs bash"; fi
	done
	grep -q 'execve(".*/bash"' "$C/trace"
	assert_dkms_status "a/1.0, $K1, $ARCH: installed" "b/1.0, $K1, $ARCH: installed" "c/1.0, $K1, $ARCH: installed"
}
