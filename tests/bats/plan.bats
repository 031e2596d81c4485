#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# plan: modules and kernels as jobs, run by real make, real ninja and a shell.
load ../lib/dkms

setup() {
	only_ours
	world_up
}

is() { # FILTER WANTED
	local got
	got=$(jq -rc "$1" <<<"$output") || _fail "jq $1"
	assert_same "$got" "$2" "$1"
}

# a module whose build fails unless what it depends on is in the job's own tree
dependent() { # NAME VERSION ON
	# shellcheck disable=SC2016
	make_module "$1" "$2" "BUILD_DEPENDS=\"$3\"
MAKE[0]=\"ls \$dkms_tree/$3/*/\$kernelver/\$arch/module/$3.ko && sh ./mk \$kernelver\""
	tree_added "$1" "$2"
}

plan_to() { # FILE ARGS...
	local file=$1
	shift
	run_dkms plan "$@"
	assert_status 0
	assert_no_errors
	printf '%s\n' "$output" >"$file"
}

tarballs() { (cd out && find . -mindepth 1 -maxdepth 1 | sed 's,^\./,,' | LC_ALL=C sort); }

@test "plan: a table of modules and kernels, in the order of BUILD_DEPENDS" {
	dependent alpha 1.0 zeta
	make_module zeta 2.0
	make_module zeta 1.0
	tree_added zeta 2.0
	tree_added zeta 1.0
	before=$(digest_world)
	run_dkms plan -k "$K1" -k "$K2"
	assert_status 0
	assert_no_errors
	assert_same "$(tr -s ' ' <<<"$output")" "MODULE KERNEL ARCH
zeta/2.0 $K1 $ARCH
zeta/2.0 $K2 $ARCH
alpha/1.0 $K1 $ARCH after zeta/2.0
alpha/1.0 $K2 $ARCH after zeta/2.0"
	# what a module depends on comes along; several modules may be named, with and without version
	run_dkms plan alpha zeta/1.0 -k "$K1/$ARCH"
	assert_status 0
	assert_same "$(tr -s ' ' <<<"$output" | sed 1d)" "zeta/2.0 $K1 $ARCH
zeta/1.0 $K1 $ARCH
alpha/1.0 $K1 $ARCH after zeta/2.0"
	run_dkms plan zeta --all-kernels
	assert_status 0
	assert_output_has "$K1"
	assert_output_has "$K2"
	assert_same "$(digest_world)" "$before" "the trees before and after"
}

@test "plan: --json" {
	dependent alpha 1.0 zeta
	make_module zeta 2.0
	tree_added zeta 2.0
	make_module never 1.0 'BUILD_EXCLUSIVE_KERNEL="^9"'
	tree_added never 1.0
	make_module lonely 1.0 'BUILD_DEPENDS="unheard"'
	tree_added lonely 1.0
	run_dkms plan --json -k "$K1"
	assert_status 0
	assert_no_errors
	is '.schema, .action, .outcome, .exit_status, (.messages | length)' "1
plan
done
0
0"
	is .dkms.version "$("$DKMS" --version | sed s/dkms-//)"
	is '.include[] | [.id, .module, .version, .kernel, .arch, .source, .level]' \
		"[\"zeta-2.0-$K1-$ARCH\",\"zeta\",\"2.0\",\"$K1\",\"$ARCH\",\"/usr/src/zeta-2.0\",0]
[\"alpha-1.0-$K1-$ARCH\",\"alpha\",\"1.0\",\"$K1\",\"$ARCH\",\"/usr/src/alpha-1.0\",1]"
	is '.include[1].needs' "[\"zeta-2.0-$K1-$ARCH\"]"
	is '.include[0].tarball' "out/zeta-2.0-$K1-$ARCH.dkms.tar.gz"
	is '.left_out[] | [.module, .reason]' '["lonely","it waits for unheard, which dkms does not know"]
'"[\"never\",\"BUILD_EXCLUSIVE_KERNEL '^9' does not match '$K1'\"]"
}

# what a build leaves is what the others find: nothing is in the way of make, ninja, sh
odd_modules() {
	odd='o dd$%d:q#1'
	make_module -m odd "$odd" '1 0$'
	sed -i '/^PACKAGE_/d' "/usr/src/$odd-1 0\$/dkms.conf"
	printf 'PACKAGE_NAME=%q\nPACKAGE_VERSION=%q\n' "$odd" '1 0$' >>"/usr/src/$odd-1 0\$/dkms.conf"
	tree_added "$odd" '1 0$'
	dependent alpha 1.0 beta
	dependent beta 1.0 gamma
	make_module gamma 1.0
	tree_added gamma 1.0
	make_module broken 1.0 'MAKE[0]=false'
	tree_added broken 1.0
	made="alpha-1.0-$K1-$ARCH.dkms.tar.gz
beta-1.0-$K1-$ARCH.dkms.tar.gz
broken-1.0-$K1-$ARCH
gamma-1.0-$K1-$ARCH.dkms.tar.gz
o_dd__d_q_1-1_0_-$K1-$ARCH.dkms.tar.gz"
}

check_made() {
	local f
	assert_same "$(tarballs)" "$made"
	# another machine takes them
	for f in out/*.tar.gz; do
		run_dkms ldtarball "$f" --dkmstree "$C/other" --sourcetree "$C/source"
		assert_status 0
	done
	run_dkms status --dkmstree "$C/other" --sourcetree "$C/source"
	assert_output "alpha/1.0, $K1, $ARCH: built
beta/1.0, $K1, $ARCH: built
gamma/1.0, $K1, $ARCH: built
$odd/1 0\$, $K1, $ARCH: built"
	rm -rf out "$C/other" "$C/source"
}

@test "plan: --make, run by make -j2: odd names, dependencies; one that fails leaves the others" {
	odd_modules
	before=$(tree_digest /var/lib/dkms /usr/src)
	plan_to jobs.mk --make -k "$K1"
	run_cmd make -j2 -f jobs.mk DKMS="$DKMS"
	assert_status 2
	assert_errors_have "broken-1.0-$K1-$ARCH.dkms.tar.gz] Error 10"
	find out/broken* -name make.log | grep -q .
	# what is there is not made again
	run_cmd make -f jobs.mk DKMS="$DKMS"
	assert_status 2
	refute_output_has alpha
	check_made
	assert_same "$(tree_digest /var/lib/dkms /usr/src)" "$before" "the trees before and after"
}

@test "plan: --ninja, run by ninja -j2: odd names, dependencies; one that fails leaves the others" {
	odd_modules
	plan_to jobs.ninja --ninja -k "$K1"
	run_cmd ninja -j2 -k0 -f jobs.ninja
	assert_status 1
	assert_output_has "FAILED: out/broken-1.0-$K1-$ARCH.dkms.tar.gz"
	check_made
}

@test "plan: --json, its lines run by a shell, as the array of a batch system does" {
	odd_modules
	plan_to jobs.json --json -k "$K1"
	jq -r '.include[].run' jobs.json >lines
	assert_same "$(wc -l <lines)" 5
	for n in 1 2 3 4 5; do
		sh -c "$(sed -n "${n}p" lines)" >&2 || :
	done
	check_made
}

@test "plan: --result deb; source and options of the plan are those of the jobs" {
	mkdir "$C/my sources"
	make_module hello 1.0
	mv /usr/src/hello-1.0 "$C/my sources/"
	run_dkms add hello/1.0 --sourcetree "$C/my sources"
	plan_to jobs.mk --make --result deb -k "$K1" --directive 'CLEAN=echo $HOME'
	grep -qF -- "--sourcetree '$C/my sources' --directive 'CLEAN=echo \$\$HOME'" jobs.mk
	run_cmd make -f jobs.mk
	assert_status 0
	assert_same "$(tarballs)" "hello-1.0-$K1-$ARCH.dkms.tar.gz
hello-modules-${K1}_1.0_$(dpkg --print-architecture).deb"
}

@test "plan: one conf that is wrong, or a source that is gone, leaves out its own module only" {
	make_module hello 1.0
	make_module bad 1.0
	make_module gone 1.0
	for m in hello bad gone; do tree_added "$m" 1.0; done
	echo 'BUILT_MODULE_NAME[1]=' >>/usr/src/bad-1.0/dkms.conf
	echo 'DEST_MODULE_LOCATION[0]=nowhere' >>/usr/src/bad-1.0/dkms.conf
	rm -r /usr/src/gone-1.0
	run_dkms plan -k "$K1" --json
	assert_status 0
	assert_errors_have "warning: "
	assert_errors_have bad
	assert_errors_have gone
	is '[.include[].module, "/", (.left_out[] | .module)]' '["hello","/","bad"]'
	is '.left_out[0].reason | contains("DEST_MODULE_LOCATION")' true
	run_dkms plan bad -k "$K1"
	assert_status 8
	run_dkms plan gone -k "$K1"
	assert_status 4
	assert_errors_have "gone/1.0 is broken"
}

@test "plan: what is refused changes nothing" {
	make_module hello 1.0
	tree_added hello 1.0
	make_module bad 1.0 'DEST_MODULE_LOCATION[0]=nowhere'
	tree_added bad 1.0
	make_module left 1.0 'BUILD_DEPENDS=right'
	make_module right 1.0 'BUILD_DEPENDS=left'
	assert_refused 3 plan nothing -k "$K1"
	assert_refused 3 plan hello/2.0 -k "$K1"
	assert_refused 8 plan bad -k "$K1"
	assert_refused 2 plan hello --make --ninja -k "$K1"
	assert_refused 2 plan hello --make --json -k "$K1"
	assert_refused 2 plan hello --result zip -k "$K1"
	assert_refused 2 build hello/1.0 --make -k "$K1"
	assert_refused 1 plan /usr/src/hello-1.0 -k "$K1"
	assert_refused 5 plan hello --all
	assert_refused 2 plan hello --directive $'A=b\nc' -k "$K1"
	rm -r /var/lib/dkms/bad
	tree_added left 1.0
	tree_added right 1.0
	assert_refused 13 plan -k "$K1"
	assert_errors_have "in a circle: left right"
	run_dkms plan hello -k "$K1"
	assert_status 0
	run_cmd sh -c 'dkms plan hello -k 6.1 >/dev/full'
	assert_status 1
}

@test "plan: needs no root; nothing added is an empty plan" {
	run_dkms plan --json -k "$K1"
	assert_status 0
	is '.include, .left_out' "[]
[]"
	make_module hello 1.0
	tree_added hello 1.0
	run_as_nobody "$DKMS" plan --make -k "$K1"
	assert_status 0
	assert_output_has "build --dkmstree \$(OUT)/hello-1.0-$K1-$ARCH/tree -m hello/1.0 -k $K1/$ARCH"
}
