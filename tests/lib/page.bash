# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For cases that do what a page of docs/ says, word for word: `load ../lib/dkms` and `load ../lib/page`.
#
#   running_on KERNEL      from now on that is the running one, for all that is started (uname(2) says so)
#   do_page docs/X.md      runs its sh blocks, one after the other, in the current directory; stops at what fails. What
#                          its text blocks say must then have been printed, line by line and in that order. $OURS in
#                          the text, 6.1.0-56-amd64 and x86_64, stand for the running kernel here.
#
# shellcheck disable=SC2154 # what lib/dkms defines

running_on() {
	cat >"$C/uname.c" <<-END
		#define _GNU_SOURCE
		#include <string.h>
		#include <sys/syscall.h>
		#include <sys/utsname.h>
		#include <unistd.h>
		int uname(struct utsname *u)
		{
			long r = syscall(SYS_uname, u);
			strcpy(u->release, "$1");
			return (int)r;
		}
	END
	# where the sandbox of builds sees it too
	cc -shared -fPIC -o /usr/lib/dkms-test-uname.so "$C/uname.c"
	export LD_PRELOAD=/usr/lib/dkms-test-uname.so ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"
	[ "$(uname -r)" = "$1" ]
}

# page_blocks KIND FILE
page_blocks() {
	awk -v kind="$1" '$0 == "```" kind { on = 1; n++; next } /^```/ { on = 0 } on' "$DKMS_TEST_TOP/$2"
}

do_page() {
	page_blocks sh "$1" >"$C/commands"
	[ -s "$C/commands" ] || _fail "$1 has no commands" || return 1
	run_cmd bash -eu "$C/commands"
	assert_status 0 || return 1
	page_blocks text "$1" | sed "s/6\.1\.0-56-amd64/$(uname -r)/g; s/x86_64/$ARCH/g" >"$C/promised"
	awk -v promised="$C/promised" '
		BEGIN { while ((getline line < promised) > 0) if (line != "") want[++n] = line; at = 1 }
		at <= n && index($0, want[at]) { at++ }
		END { if (at <= n) { print "the page promises, and it is not printed there: " want[at]; exit 1 } }
	' "$C/.stdout" >&2 || _fail "$1: not as it says"
}
