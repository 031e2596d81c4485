#!/usr/bin/env bats
# dkms why: what a build was made of, and what has changed since; the warnings of autoinstall.
load ../lib/dkms

setup() {
	only_ours
	world_up
	make_module hello 1.0
	echo 'STRIP[0]=yes' >/etc/dkms/hello.conf
	run_dkms install hello/1.0 -k "$K1"
	assert_status 0
	# headers of our own, to change
	cp -a "$(readlink -f "/lib/modules/$K1/build")" "$C/headers"
}

built() { echo "/var/lib/dkms/hello/1.0/$K1/$ARCH"; }

@test "nothing has changed: what went into it, and the verdict" {
	run_dkms why hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	assert_output_has "hello/1.0, $K1, $ARCH: installed"
	assert_output_has "by dkms 4."
	for word in source dkms.conf "hello.conf " "kernel config" Module.symvers compiler "gcc" "sh ./mk $K1" hello.ko; do
		assert_output_has "$word"
	done
	assert_output_has "not signed"
	assert_output_has "it would not be rebuilt: nothing that went into it has changed"
	refute_output_has changed:
	refute_output_has ", now"
}

@test "what was digested is what sha256sum says" {
	Q='.builds[0].inputs[] | select(.input == "conf") | .built_with' json why hello/1.0 -k "$K1"
	assert_output "\"$(sha256sum </usr/src/hello-1.0/dkms.conf | cut -d' ' -f1)\""
	Q='.builds[0].inputs[] | select(.input == "symvers") | .now' json why hello/1.0 -k "$K1"
	assert_output "\"$(sha256sum <"/lib/modules/$K1/build/Module.symvers" | cut -d' ' -f1)\""
	Q='.builds[0].files[0] | .sha256 == .built_sha256 and .file == "hello.ko"' json why hello/1.0 -k "$K1"
	assert_status 0
	Q='.builds[0].files[0].sha256' json why hello/1.0 -k "$K1"
	assert_output "\"$(sha256sum <"$(built)/module/hello.ko" | cut -d' ' -f1)\""
}

@test "a source with a link that leaves it: the verdict says what is not compared" {
	ln -s mk /usr/src/hello-1.0/inside
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 0
	run_dkms why hello/1.0 -k "$K1"
	assert_output_has "it would not be rebuilt: nothing that went into it has changed"
	mkdir /usr/src/others
	ln -s /usr/src/others /usr/src/hello-1.0/shared
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 0
	echo more >/usr/src/others/file
	run_dkms why hello/1.0 -k "$K1"
	assert_status 0
	assert_output_has "nothing that is compared has changed; what links that leave the source lead to is not compared"
	refute_output_has "nothing that went into it"
}

# change INPUT COMMAND...: only that input has changed then
changed() {
	local input=$1
	shift
	Q='[.builds[0].inputs[] | select(.change != "same") | .input + " " + .change] == ["'"$input"'"] and
		.builds[0].verdict == "outdated" and .exit_status == 0' json why hello/1.0 -k "$K1" "$@"
	assert_status 0
	run_dkms why hello/1.0 -k "$K1" "$@"
	assert_output_has ": ${input#* }"
	assert_output_has "dkms build hello/1.0 -k $K1 --force"
}

@test "each input that changes is named, alone" {
	cp -a /usr/src/hello-1.0 "$C/saved"
	echo "# more" >>/usr/src/hello-1.0/mk
	changed "source changed"
	cp -a "$C/saved/." /usr/src/hello-1.0/
	echo "# more" >>/usr/src/hello-1.0/dkms.conf
	changed "conf changed"
	cp -a "$C/saved/." /usr/src/hello-1.0/
	chmod +x /usr/src/hello-1.0/mk
	changed "source changed"
	cp -a "$C/saved/." /usr/src/hello-1.0/
	echo "# more" >>/etc/dkms/hello.conf
	changed "override changed"
	mv /etc/dkms/hello.conf "$C/"
	changed "override gone"
	echo 'STRIP[0]=yes' >/etc/dkms/hello.conf
	echo '#' >"/etc/dkms/hello-1.0.conf"
	changed "override new"
	rm "/etc/dkms/hello-1.0.conf"
	mkdir -p /etc/dkms/hello/patches
	echo x >/etc/dkms/hello/patches/x.patch
	changed "patches new"
	rm -r /etc/dkms/hello
	run_dkms why hello/1.0 -k "$K1"
	assert_output_has "nothing that went into it has changed"
}

@test "another kernel under the same release name" {
	rm "/lib/modules/$K1/build"
	ln -s "$C/headers" "/lib/modules/$K1/build"
	run_dkms why hello/1.0 -k "$K1"
	assert_output_has "nothing that went into it has changed"
	echo "0x12345678	other_symbol	vmlinux	EXPORT_SYMBOL	" >>"$C/headers/Module.symvers"
	changed "symvers changed"
	cp "/usr/src/linux-headers-$K1/Module.symvers" "$C/headers/"
	echo "CONFIG_OTHER=y" >>"$C/headers/include/config/auto.conf"
	changed "config changed"
}

@test "headers that are not there any more have not changed" {
	rm "/lib/modules/$K1/build"
	run_dkms why hello/1.0 -k "$K1"
	assert_status 0
	assert_output_has ": unknown"
	assert_output_has "it would not be rebuilt"
}

@test "a compiler that is another one" {
	mkdir "$C/bin"
	printf '#!/bin/sh\necho "another compiler 1.0"\n' >"$C/bin/gcc-12"
	cp "$C/bin/gcc-12" "$C/bin/gcc"
	chmod +x "$C/bin"/*
	PATH=$C/bin:$PATH run_dkms why hello/1.0 -k "$K1"
	assert_output_has "now another compiler 1.0: changed"
}

@test "a file that is not as it was built" {
	printf x >>"$(built)/module/hello.ko"
	run_dkms why hello/1.0 -k "$K1"
	assert_output_has ": not as it was built"
}

@test "the directives that it was built with" {
	refute_directives() {
		Q='.builds[0].directives == []' json why hello/1.0 -k "$1"
		assert_status 0
		run_dkms why hello/1.0 -k "$1"
		refute_output_has directive
	}
	refute_directives "$K1"
	refute_directives "$K2"
	run_dkms build hello/1.0 -k "$K1" --force --directive STRIP=no --directive 'REMAKE_INITRD=a "b"'
	assert_status 0
	run_dkms why hello/1.0 -k "$K1"
	assert_output_has "  with directive  STRIP=no
  with directive  REMAKE_INITRD=a \"b\""
	Q='.builds[0].directives == ["STRIP=no", "REMAKE_INITRD=a \"b\""]' json why hello/1.0 -k "$K1"
	assert_status 0
	# what why itself is told is not what the build was told
	run_dkms why hello/1.0 -k "$K1" --directive STRIP=yes
	refute_output_has STRIP=yes
	run_dkms build hello/1.0 -k "$K1" --force
	refute_directives "$K1"
}

@test "who signed it" {
	echo 'try_sign_modules=true' >/etc/dkms/framework.conf.d/tests.conf
	run_dkms build hello/1.0 -k "$K1" --force
	run_dkms why hello/1.0 -k "$K1"
	assert_output_has "signed by DKMS module signing key (key "
	Q='.builds[0].files[0] | .signer == "DKMS module signing key" and .sig_hash == "sha256"' json why hello/1.0 -k "$K1"
	assert_status 0
}

@test "not built; failed; excluded" {
	run_dkms why hello/1.0 -k "$K2"
	assert_status 0
	assert_output_has "hello/1.0, $K2, $ARCH: not built"
	assert_output_has "it would be built: it is not built for this kernel"
	make_module broken 1.0 'MAKE[0]="false"'
	run_dkms build broken/1.0 -k "$K1"
	assert_status 10
	run_dkms why broken/1.0 -k "$K1"
	assert_output_has "last failure"
	assert_output_has "with status 10"
	make_module picky 1.0 'BUILD_EXCLUSIVE_KERNEL="^9"'
	run_dkms add picky/1.0
	run_dkms why picky/1.0 -k "$K1"
	assert_output_has "it would not be built: "
}

@test "what another dkms built has no record" {
	tree_installed other 1.0 "$K1"
	run_dkms why other/1.0 -k "$K1"
	assert_status 0
	assert_output_has "it would not be rebuilt; what it was built from is not known"
	Q='.builds[0].verdict == "no-record" and all(.builds[0].inputs[]; .change == "unknown")' json why other/1.0 -k "$K1"
	assert_status 0
}

@test "a dependency of another version, with and without BUILD_DEPENDS_REBUILD" {
	make_module child 1.0 'BUILD_DEPENDS[0]=hello'
	make_module follows 1.0 'BUILD_DEPENDS[0]=hello BUILD_DEPENDS_REBUILD=yes'
	for m in child follows; do
		run_dkms install "$m/1.0" -k "$K1"
		assert_status 0
	done
	make_module hello 2.0
	run_dkms add hello/2.0
	run_dkms why child/1.0 -k "$K1"
	assert_output_has "hello 1.0, now 2.0: changed"
	assert_output_has "is made only if asked for"
	run_dkms why follows/1.0 -k "$K1"
	assert_output_has "it will be rebuilt when something is installed"
	run_dkms install hello/2.0 -k "$K1"
	run_dkms why follows/1.0 -k "$K1"
	assert_output_has "nothing that went into it has changed"
}

@test "several kernels, --all, no root, and refusals" {
	run_dkms build hello/1.0 -k "$K2"
	run_dkms why hello/1.0 --all
	assert_output_has ", $K1, $ARCH: installed"
	assert_output_has ", $K2, $ARCH: built"
	run_dkms why hello/1.0 -k "$K1" -k "$K2"
	assert_output_has ", $K2, $ARCH: built"
	run_as_nobody "$DKMS" why hello/1.0 -k "$K1"
	assert_status 0
	assert_output_has "nothing that went into it has changed"
	assert_refused 1 why
	assert_refused 1 why hello
	assert_refused 3 why hello/3.0 -k "$K1"
	rm -r /usr/src/hello-1.0
	assert_refused 4 why hello/1.0 -k "$K1"
}

@test "it changes nothing" {
	local before
	before=$(digest_world)
	run_dkms why hello/1.0 --all
	assert_same "$(digest_world)" "$before" "the trees before and after"
}

@test "autoinstall tells of changes under the same version or release, and leaves alone what is installed" {
	rm "/lib/modules/$K1/build"
	cp -a "/usr/src/linux-headers-$K1/." "$C/headers"
	ln -s "$C/headers" "/lib/modules/$K1/build"
	run_dkms autoinstall -k "$K1"
	assert_status 0
	assert_no_errors
	touch /usr/src/hello-1.0/mk "$C/headers/Module.symvers"
	run_dkms autoinstall -k "$K1"
	assert_no_errors
	echo "# more" >>/usr/src/hello-1.0/mk
	run_dkms autoinstall -k "$K1"
	assert_status 0
	assert_errors_have "hello/1.0 is installed for kernel $K1 ($ARCH), but since it was built its source has changed"
	assert_errors_have "dkms build hello/1.0 -k $K1 --force"
	refute_errors_have headers
	echo "CONFIG_OTHER=y" >>"$C/headers/include/config/auto.conf"
	run_dkms kernel_postinst -k "$K1"
	assert_status 0
	assert_errors_have ", and the kernel's headers have changed under the same release"
	run_dkms status
	assert_output "hello/1.0, $K1, $ARCH: installed"
	run_dkms build hello/1.0 -k "$K1" --force
	run_dkms install hello/1.0 -k "$K1" --force
	run_dkms autoinstall -k "$K1"
	assert_no_errors
	# without headers nothing can be told
	rm "/lib/modules/$K1/build"
	run_dkms autoinstall -k "$K1"
	assert_no_errors
}

@test "autoinstall with something else to do tells of changes once" {
	make_module second 1.0
	run_dkms add second/1.0
	echo "# more" >>/usr/src/hello-1.0/mk
	run_dkms autoinstall -k "$K1"
	assert_status 0
	[ "$(grep -c "its source has changed" <<<"$errors")" = 1 ]
	assert_output_has "succeeded: second/1.0"
}
