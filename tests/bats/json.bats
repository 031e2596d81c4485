#!/usr/bin/env bats
# --json and --dry-run: the document of docs/json.md, and that a dry run changes nothing.
load ../lib/dkms

setup() {
	only_ours
	world_up
}

# document STATUS ARGS...
document() {
	local want=$1
	shift
	run_dkms "$@" --json
	assert_status "$want"
	is '.dkms.version' "$("$DKMS" --version | sed s/dkms-//)"
	is .schema 1
}

is() { # FILTER WANTED
	local got
	got=$(jq -rc "$1" <<<"$output") || _fail "jq $1"
	assert_same "$got" "$2" "$1"
}

@test "json: what was built and installed" {
	make_module hello 1.0
	document 0 install hello/1.0 -k "$K1"
	assert_no_errors
	is '.action, .outcome, .error' "install
done
null"
	is '.steps | map(.step + " " + .state) | join(", ")' \
		"add done, build done, install done, depmod done, post_transaction nothing"
	is '.steps[1] | [.id, .module, .version, .kernel, .arch, .after, .outcome, .exit_status]' \
		"[2,\"hello\",\"1.0\",\"$K1\",\"$ARCH\",[1],null,0]"
	document 0 install hello/1.0 -k "$K1"
	is '.steps | map(.state) | unique | join(" ")' nothing
}

@test "json: a failed build names its log and the error in it" {
	make_module hello 1.0 'MAKE[0]="echo hello.c:1:1: error: broken; false"'
	document 10 install hello/1.0 -k "$K1" --quiet
	assert_no_errors
	is .outcome make-failed
	is '.steps[] | select(.step == "build") | [.state, .outcome, .exit_status]' '["failed","make-failed",10]'
	is '.steps[] | select(.step == "install") | .state' cancelled
	[ -f "$(jq -r '.steps[] | select(.step == "build") | .log' <<<"$output")" ]
	is '.steps[] | select(.step == "build") | .log_errors | join(" ") | contains("error: broken")' true
	is '.messages[0].level' error
}

@test "json: a refusal, a usage error, no action" {
	document 3 remove nothing/1.0 -k "$K1"
	is '.outcome, .error' "not-added
nothing/1.0 is not in the dkms tree '/var/lib/dkms'"
	is 'has("steps")' false
	assert_errors_have "not in the dkms tree"
	run_dkms status --json --nonsense
	assert_status 2
	is '.outcome, .exit_status' "usage
2"
	run_dkms --json
	assert_status 2
	is '.outcome, .action' "usage
null"
}

@test "json: status" {
	document 0 status
	is .modules '[]'
	tree_installed alpha 1.0 "$K1"
	tree_built alpha 1.0 "$K2"
	tree_added beta 2.0
	tree_added gone 1.0
	rm -r /usr/src/gone-1.0
	echo >>"/lib/modules/$K1/updates/dkms/alpha.ko"
	document 0 status
	is '.modules[] | [.module, .version, .kernel, .state, .installed_differs]' \
		"[\"alpha\",\"1.0\",\"$K2\",\"built\",false]
[\"alpha\",\"1.0\",\"$K1\",\"installed\",true]
[\"beta\",\"2.0\",null,\"added\",false]
[\"gone\",\"1.0\",null,\"broken\",false]"
	is '.modules[1] | [.original_modules, .built_missing, .log]' \
		"[false,false,\"/var/lib/dkms/alpha/1.0/$K1/$ARCH/log/make.log\"]"
	is '.messages | map(.level)' '["warning"]'
	document 0 status alpha -k "$K2"
	is '.modules | length' 1
}

@test "json: what scripts print goes to stderr" {
	make_module hello 1.0 'POST_INSTALL="say"
POST_ADD="say"'
	printf '#!/bin/sh\necho said\n' >/usr/src/hello-1.0/say
	chmod +x /usr/src/hello-1.0/say
	document 0 install hello/1.0 -k "$K1"
	assert_errors_have said
	is .outcome 'done'
}

@test "json: mktarball, autoinstall, the others" {
	make_module hello 1.0
	document 0 add hello/1.0
	document 0 autoinstall -k "$K1"
	is '.steps | map(.state) | join(" ")' "done done done nothing"
	document 0 mktarball hello/1.0 -k "$K1"
	[ -f "$(jq -r .tarball <<<"$output")" ]
	document 0 match --templatekernel "$K1" -k "$K2"
	document 0 kernel_prerm -k "$K2"
	document 0 uninstall hello/1.0 -k "$K1"
	document 0 unbuild hello/1.0 -k "$K1"
	document 0 remove hello/1.0 --all
	document 0 --settings
	is .settings.dkms_tree /var/lib/dkms
}

steps_are() { is '.steps | map(.step + " " + .state) | join(", ")' "$1"; }

@test "json: the hooks of kernels" {
	make_module hello 1.0
	document 0 kernel_postinst -k "$K1"
	is '.steps, .initramfs' "[]
[]"
	document 0 add hello/1.0
	document 0 kernel_postinst -k "$K1"
	is .action kernel_postinst
	steps_are "build done, install done, depmod done, post_transaction nothing"
	document 0 kernel_postinst -k "$K1" --dry-run
	is '.dry_run, has("initramfs")' "true
false"
	document 0 kernel_preinst -k "$K1"
	is '.action, .steps[0].step, .steps[0].state' "kernel_preinst
uninstall
done"
	document 0 kernel_postinst -k "$K1"
	document 0 kernel_prerm -k "$K1"
	is '.action, (.steps | map(select(.step == "unbuild") | .state))' 'kernel_prerm
["done"]'
	document 0 kernel_prerm -k "$K1" --dry-run
	# where nothing is to be found out there is nothing to do
	touch /etc/dkms/no-autoinstall
	document 0 autoinstall -k "$K1"
	is .steps '[]'
	rm /etc/dkms/no-autoinstall
	document 0 match --templatekernel "$K1" -k "$K2"
	is .steps '[]'
}

@test "json: archives" {
	make_module hello 1.0
	document 0 build hello/1.0 -k "$K1"
	document 0 mktarball hello/1.0 -k "$K1" --archive "$C/hello.dkms.tar.gz"
	is .tarball "$C/hello.dkms.tar.gz"
	document 8 ldtarball "$C/hello.dkms.tar.gz"
	is '.outcome, has("steps")' "archive-added
false"
	document 0 remove hello/1.0 --all
	rm -r /usr/src/hello-1.0
	document 0 ldtarball "$C/hello.dkms.tar.gz" --dry-run
	steps_are "add waiting, load waiting"
	document 0 ldtarball "$C/hello.dkms.tar.gz"
	is .action ldtarball
	steps_are "add done, load done"
	echo >"$C/no.tar"
	document 3 ldtarball "$C/no.tar"
	is .outcome not-an-archive
}

@test "json: the key, with and without making it" {
	document 0 generate_mok --dry-run
	is '.action, .dry_run, .certificate, .enrolment' "generate_mok
true
/var/lib/dkms/mok.pub
null"
	refute_exists /var/lib/dkms/mok.pub
	document 0 generate_mok
	is .certificate /var/lib/dkms/mok.pub
	assert_exists /var/lib/dkms/mok.pub
}

@test "json: packages" {
	make_module hello 1.0
	tree_built hello 1.0 "$K1"
	for verb in mkdeb mkbmdeb mkdsc mkrpm; do
		document 0 $verb hello/1.0 -k "$K1" --dry-run
		is .packages '[]'
		is '.steps[-1] | .step + " " + .state' "package waiting"
		document 0 $verb hello/1.0 -k "$K1"
		is .action $verb
		is '.steps[-1] | .step + " " + .state' "package done"
		[ "$(jq '.packages | length' <<<"$output")" -gt 0 ]
		while IFS= read -r f; do assert_exists "$f"; done < <(jq -r '.packages[]' <<<"$output")
	done
	document 2 mkbmdeb hello/1.0 --source-only
	is 'has("packages")' false
}

# wrong FILTER WORDS: what comes out of the filter is no document any more
wrong() {
	local told
	told=$(jq "$1" "$C/good" | jq -nr --stream --rawfile page "$DKMS_TEST_TOP/docs/json.md" \
		-f "$DKMS_TEST_TOP/tests/lib/document.jq")
	[[ $told == *"$2"* ]] || _fail "'$1' should not pass: $told"
}

@test "json: what is not as docs/json.md says is seen" {
	make_module hello 1.0
	tree_installed hello 1.0 "$K1"
	document 0 uninstall hello/1.0 -k "$K1"
	cp "$C/.stdout" "$C/good"
	wrong 'del(.hint)' '.hint is missing'
	wrong 'del(.steps)' '.steps is missing'
	wrong '.more = 1' '.more is not in'
	wrong '.modules = []' '.modules is not in'
	wrong '.steps[0].more = 1' '.steps[0].more is not in'
	wrong '.steps[0].state = "finished"' '.steps[0].state should be'
	wrong '.steps[0].after = [1]' '.steps[0] waits for'
	wrong '.steps[0].log_errors = null' '.steps[0].log_errors should be'
	wrong '.steps[1].id = 1' '.steps[1].id is 1'
	wrong '.outcome = "worse"' '.outcome should be'
	wrong '.exit_status = 3' '.exit_status is 3'
	wrong '.steps[0].outcome = "no-kernel"' '.steps[0].exit_status is 0'
	wrong '., .' 'one document'
	sed 's/^  "schema": 1,/  "schema": 1, "schema": 1,/' "$C/.stdout" >"$C/good"
	told=$(jq -nr --stream --rawfile page "$DKMS_TEST_TOP/docs/json.md" -f "$DKMS_TEST_TOP/tests/lib/document.jq" "$C/good")
	assert_same "$told" "a member is there twice"
}

@test "json: bytes that are not UTF-8 do not spoil the document" {
	document 1 add $'/no\xff\x01where'
	is '.error | contains("/no\ufffd\u0001where")' true
}

# dry STATUS ARGS...: changes nothing at all
dry() {
	local want=$1 before
	shift
	before=$(digest_world)
	run_dkms "$@" --dry-run
	assert_status "$want"
	assert_same "$(digest_world)" "$before" "what is on disk"
	refute_exists /var/lib/dkms/.dkms
}

@test "dry run: every action that changes something says what, and does nothing" {
	make_module hello 1.0 'POST_ADD="touch /var/lib/ran"'
	dry 0 install hello/1.0 -k "$K1"
	assert_output "1. add hello/1.0
2. build hello/1.0 for kernel $K1 ($ARCH), after 1
3. install hello/1.0 for kernel $K1 ($ARCH), after 2
4. depmod for kernel $K1 ($ARCH), after 1, 2, 3
5. post_transaction for kernel $K1 ($ARCH), after 4
nothing was done: this is a dry run"
	refute_exists /var/lib/ran
	run_dkms add hello/1.0
	rm -f /var/lib/ran
	dry 0 autoinstall -k "$K1"
	assert_output_has "2. install hello/1.0 for kernel $K1 ($ARCH), after 1"
	run_dkms install hello/1.0 -k "$K1"
	dry 0 install hello/1.0 -k "$K1"
	assert_output "-  not install hello/1.0 for kernel $K1 ($ARCH): already installed
there is nothing to do"
	for verb in uninstall unbuild remove; do
		dry 0 $verb hello/1.0 -k "$K1"
		assert_output_has "1. uninstall hello/1.0 for kernel $K1 ($ARCH)"
	done
	dry 0 match --templatekernel "$K1" -k "$K2"
	assert_output_has "install hello/1.0 for kernel $K2"
	dry 0 kernel_prerm -k "$K1"
	assert_output_has "2. unbuild hello/1.0"
	dry 0 mktarball hello/1.0 -k "$K1"
	assert_output_has "a tarball would be written to '/var/lib/dkms/hello/1.0/tarball/"
	run_dkms mktarball hello/1.0 -k "$K1" --archive "$C/hello.dkms.tar.gz"
	run_dkms remove hello/1.0 --all
	rm -r /usr/src/hello-1.0
	dry 0 ldtarball "$C/hello.dkms.tar.gz"
	assert_output_has "2. load hello/1.0 for kernel $K1"
}

@test "dry run: refusals have their status; the plan is in the document" {
	dry 3 remove hello/1.0 -k "$K1"
	make_module hello 1.0
	dry 0 build hello/1.0 -k "$K1" --json
	is '.dry_run, (.steps | map(.step + " " + .state) | join(", "))' "true
add waiting, build waiting"
}

@test "dry run: packages and kernel hooks" {
	make_module hello 1.0
	tree_installed hello 1.0 "$K1"
	for verb in mkdeb mkbmdeb mkdsc mkrpm sign; do
		dry 0 $verb hello/1.0
		assert_output_has "nothing was done: this is a dry run"
	done
	dry 0 kernel_preinst -k "$K1"
	dry 0 kernel_postinst -k "$K2"
}

@test "dry run: generate_mok says which key it would make" {
	mkdir -p /var/lib/dkms
	dry 0 generate_mok
	assert_output_has "would make: key '/var/lib/dkms/mok.key', certificate '/var/lib/dkms/mok.pub'"
	refute_exists /var/lib/dkms/mok.key
	run_dkms generate_mok
	dry 0 generate_mok
	assert_output_has "already there: key '/var/lib/dkms/mok.key'"
}

@test "dry run: the note of an rpm upgrade is neither made nor used up" {
	make_module hello 1.0
	dry 0 add hello/1.0 --rpm_safe_upgrade
	assert_output_has "1. add hello/1.0"
	run_cmd sh -c 'sh -c "$1 add hello/1.0 --rpm_safe_upgrade; exit \$?" && for dry in --dry-run ""; do
		sh -c "$1 remove hello/1.0 --all --rpm_safe_upgrade $dry; exit \$?"; done' sh "$DKMS"
	assert_status 0
	assert_same "$(grep -c "kept, this rpm upgrade has just added it" <<<"$output")" 2
	assert_dkms_status "hello/1.0: added"
}

@test "dry run: takes no lock, so it does not wait" {
	make_module hello 1.0
	make_module slow 1.0 "MAKE[0]='touch $C/began; sleep 20'"
	"$DKMS" build slow/1.0 -k "$K1" >/dev/null 2>&1 3>&- &
	holder=$!
	while [ ! -e "$C/began" ]; do sleep 0.1; done
	run_cmd timeout 10 "$DKMS" install hello/1.0 -k "$K1" --dry-run
	kill "$holder"
	wait "$holder" || :
	assert_status 0
	refute_output_has waiting
	assert_output_has "1. add hello/1.0"
}
