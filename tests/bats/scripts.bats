#!/usr/bin/env bats
# The scripts of a dkms.conf: when they run, where, with what, and what their failure means.
load ../lib/exits

# every script of hello/1.0 writes a line: its kind, $0, its arguments, its directory
recorder() { # FILE
	script "$1" "echo \"\$1 \$0 \$2 \$(pwd)\" >>$C/ran"
}

all_scripts() {
	make_module hello 1.0 'POST_ADD="s/rec post_add arg"
PRE_BUILD="s/rec pre_build arg"
POST_BUILD="s/rec post_build arg"
PRE_INSTALL="s/rec pre_install arg"
POST_INSTALL="s/rec post_install arg"
POST_REMOVE="s/rec post_remove arg"'
	recorder /usr/src/hello-1.0/s/rec
}

ran() { assert_same "$(cat "$C/ran" 2>/dev/null)" "$1" "the scripts that ran"; rm -f "$C/ran"; }

@test "each script at its time, in its directory, with its absolute path as \$0" {
	all_scripts
	src=/var/lib/dkms/hello/1.0/source
	build=/var/lib/dkms/hello/1.0/build
	real=$src # as the path was given, not as the links in it lead
	ends 0 add hello/1.0
	ran "post_add $src/s/rec arg $real"
	ends 0 build hello/1.0 -k "$K1"
	ran "pre_build $build/s/rec arg $build
post_build $build/s/rec arg $build"
	ends 0 install hello/1.0 -k "$K1"
	ran "pre_install $src/s/rec arg $real
post_install $src/s/rec arg $real"
	ends 0 uninstall hello/1.0 -k "$K1"
	ran "post_remove $src/s/rec arg $real"
	ends 0 remove hello/1.0 --all
	ran ""
}

@test "\$PWD is the path through the links; arguments that are patterns are what fits them in the source" {
	make_module hello 1.0 'POST_ADD="rec post_add * gone*"
POST_BUILD="rec post_build *.conf"
PRE_INSTALL="rec pre_install *.conf"
POST_INSTALL="rec post_install [dm]?*"'
	script /usr/src/hello-1.0/rec "echo \"\$PWD: \$*\" >>$C/ran"
	mv /usr/src/hello-1.0 /usr/src/elsewhere
	ln -s elsewhere /usr/src/hello-1.0
	mv /var/lib/dkms /var/lib/dkms.real
	ln -s dkms.real /var/lib/dkms
	mkdir cwd && cd cwd
	ends 0 add hello/1.0
	ends 0 install hello/1.0 -k "$K1"
	m=/var/lib/dkms/hello/1.0
	ran "$m/source: post_add dkms.conf ko mk rec gone*
$m/build: post_build dkms.conf
$m/source: pre_install dkms.conf
$m/source: post_install dkms.conf mk"
}

@test "/etc/dkms/<m>/<script> replaces the package's own, and is the directory it runs in" {
	all_scripts
	recorder /etc/dkms/hello/s/rec
	ends 0 install hello/1.0 -k "$K1"
	ends 0 remove hello/1.0 --all
	e=/etc/dkms/hello
	ran "post_add $e/s/rec arg $e
pre_build $e/s/rec arg $e
post_build $e/s/rec arg $e
pre_install $e/s/rec arg $e
post_install $e/s/rec arg $e
post_remove $e/s/rec arg $e"
}

@test "an override that is not executable does not count" {
	all_scripts
	recorder /etc/dkms/hello/s/rec
	chmod 644 /etc/dkms/hello/s/rec
	ends 0 add hello/1.0
	ran "post_add /var/lib/dkms/hello/1.0/source/s/rec arg /var/lib/dkms/hello/1.0/source"
}

@test "a script that is not executable, or not there: a warning, not run, no error" {
	all_scripts
	chmod 644 /usr/src/hello-1.0/s/rec
	ends 0 install hello/1.0 -k "$K1"
	for kind in pre_build post_build pre_install post_install; do assert_errors_have "$kind"; done
	rm -r /usr/src/hello-1.0/s
	ends 0 install --force hello/1.0 -k "$K1"
	assert_errors_have warning
	ran ""
}

@test "PRE_BUILD and POST_BUILD: the whole line goes to bash; the other four are split at blanks" {
	make_module hello 1.0 "PRE_BUILD='p \"a b\" \$kernelver && echo second'
PRE_INSTALL='p \"a b\" && x'"
	script /usr/src/hello-1.0/p "for w; do echo \"<\$w>\" >>$C/ran; done"
	ends 0 build hello/1.0 -k "$K1"
	ran "<a b>
<$K1>"
	grep -qx second "/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
	ends 0 install hello/1.0 -k "$K1"
	ran '<"a>
<b">
<&&>
<x>'
}

@test "the environment of make, PRE_BUILD, POST_BUILD, PRE_INSTALL, POST_INSTALL" {
	make_module hello 1.0 'PRE_BUILD="env"
POST_BUILD="env"
PRE_INSTALL="env"
POST_INSTALL="env"
MAKE[0]="./env && sh ./mk $kernelver"'
	script /usr/src/hello-1.0/env "echo \"\$module \$module_version \$kernelver \$arch \$KEPT \$CC-\$CFLAGS\$MAKEFLAGS\$LDFLAGS\$CXX\$MAKELEVEL\$CXXFLAGS\$MFLAGS \$DIR\" >>$C/ran"
	export KEPT=kept CC=mycc CFLAGS=x LDFLAGS=x MAKEFLAGS=-s CXX=x CXXFLAGS=x MAKELEVEL=3 MFLAGS=x
	ends 0 install hello/1.0 -k "$K1" --directive DIR=ective
	unset KEPT CC CFLAGS LDFLAGS MAKEFLAGS CXX CXXFLAGS MAKELEVEL MFLAGS
	cc=$(sed 's/.* \([^ ]*\)- ective/\1/;q' "$C/ran")
	[ "$cc" != mycc ]
	l="hello 1.0 $K1 $ARCH kept"
	assert_same "$(sed "s| $cc- | - |" "$C/ran" | sort -u)" "$l - ective"
	assert_same "$(wc -l <"$C/ran")" 5
}

@test "shell variables of a MAKE line: kernelver, arch, module, module_version and the trees" {
	make_module hello 1.0 'MAKE[0]="echo \$kernelver \$arch \$module \$module_version \$kernel_source_dir \$dkms_tree \$source_tree \$install_tree | sed \"s/^/line: /\"; sh ./mk \$kernelver"'
	ends 0 build hello/1.0 -k "$K1"
	assert_same "$(sed -n 's/^line: //p' "/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log")" \
		"$K1 $ARCH hello 1.0 /lib/modules/$K1/build /var/lib/dkms /usr/src /lib/modules"
}

@test "what scripts print outside a build goes to the terminal; in a build to the log; nothing with -q" {
	make_module hello 1.0 'POST_ADD="say add"
PRE_BUILD="say pre"
POST_INSTALL="say install"'
	script /usr/src/hello-1.0/say 'echo "out of $1"; echo "err of $1" >&2'
	ends 0 install hello/1.0 -k "$K1"
	assert_output_has "out of add"
	assert_output_has "out of install"
	assert_errors_have "err of add"
	refute_output_has "out of pre"
	grep -qx "out of pre" "/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
	ends 0 remove hello/1.0 --all
	ends 0 install hello/1.0 -k "$K1" -q
	assert_output ""
	assert_no_errors
}

@test "a script without #! is a shell script; stdin is empty" {
	make_module hello 1.0 'POST_ADD="plain"
PRE_BUILD="plain"'
	printf 'cat >>%s\necho ran >>%s\n' "$C/ran" "$C/ran" >/usr/src/hello-1.0/plain
	chmod 755 /usr/src/hello-1.0/plain
	run_cmd sh -c "echo input | $DKMS build hello/1.0 -k $K1"
	assert_status 0
	ran "ran
ran"
}

@test "a script that dies of a signal" {
	make_module hello 1.0 'POST_ADD="die"'
	script /usr/src/hello-1.0/die 'kill -9 $$'
	ends 137 add hello/1.0
	assert_dkms_status "hello/1.0: added"
}

@test "a dkms called from a script of a running dkms works" {
	make_module hello 1.0 "POST_INSTALL='more'"
	make_module other 1.0
	script /usr/src/hello-1.0/more "$DKMS install other/1.0 -k $K1"
	ends 0 install hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed" "other/1.0, $K1, $ARCH: installed"
}

@test "build_environment: its exports are applied after the compiler was chosen, and win" {
	make_module hello 1.0 'PRE_BUILD="env"'
	script /usr/src/hello-1.0/env 'echo "CC is $CC, mine is $MINE"'
	printf 'export CC=mycc MINE="a b"\nnot_exported=x\n' >"$C/environment"
	echo "build_environment=$C/environment" >/etc/dkms/framework.conf
	ends 0 build hello/1.0 -k "$K1"
	grep -qx "CC is mycc, mine is a b" "/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log"
}
