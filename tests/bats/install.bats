#!/usr/bin/env bats
# What `make install` puts where.
load ../lib/dkms

@test "program, manual pages, completions and framework.conf are installed" {
	local f
	for f in usr/sbin/dkms usr/libexec/dkms/dkms-sign etc/dkms/framework.conf \
		usr/share/man/man8/dkms.8 usr/share/man/man5/dkms.conf.5 usr/share/man/man5/dkms-framework.conf.5 \
		usr/share/bash-completion/completions/dkms usr/share/zsh/site-functions/_dkms \
		usr/share/fish/vendor_completions.d/dkms.fish; do
		[ -s "$W/root/$f" ] || _fail "should be installed: $f"
	done
}

@test "a framework.conf that is there stays as it is" {
	mkdir -p "$C/dest/etc/dkms"
	echo 'parallel_jobs=7' >"$C/dest/etc/dkms/framework.conf"
	DESTDIR=$C/dest run_cmd "$DKMS_TEST_TOP/data/install-conf" "$DKMS_TEST_TOP/data/framework.conf" /etc/dkms
	assert_status 0
	assert_same "$(<"$C/dest/etc/dkms/framework.conf")" parallel_jobs=7
	DESTDIR=$C/other run_cmd "$DKMS_TEST_TOP/data/install-conf" "$DKMS_TEST_TOP/data/framework.conf" /etc/dkms
	assert_status 0
	cmp "$DKMS_TEST_TOP/data/framework.conf" "$C/other/etc/dkms/framework.conf"
}

@test "the framework.conf changes nothing, and what it shows can be switched on" {
	tree_added alpha 1.0
	cp "$W/root/etc/dkms/framework.conf" /etc/dkms/
	run_dkms status
	assert_status 0
	assert_no_errors
	assert_output 'alpha/1.0: added'
	sed -i 's/^#\([a-z_]*=\)/\1/' /etc/dkms/framework.conf
	bash -n /etc/dkms/framework.conf
	run_dkms status
	assert_status 0
	assert_no_errors
	assert_output 'alpha/1.0: added'
}

@test "the manual pages can be formatted" {
	local page
	for page in man8/dkms.8 man5/dkms.conf.5 man5/dkms-framework.conf.5; do
		run_cmd groff -man -Tascii -P-cbou -ww -rLL=90n "/usr/share/man/$page"
		assert_status 0
		assert_no_errors
		[[ $output == *NAME*"SEE ALSO"* ]] || _fail "first and last section should be there"
	done
}
