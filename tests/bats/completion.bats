#!/usr/bin/env bats
# The bash completion, as readline would call it.
load ../lib/dkms

complete_words() { # WORD...: the last one is being typed
	# shellcheck disable=SC1091
	. /usr/share/bash-completion/completions/dkms
	compopt() { :; }
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_dkms dkms "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
	printf '%s\n' "${COMPREPLY[@]}"
}

@test "actions" {
	assert_same "$(complete_words dkms un)" $'unbuild\nuninstall'
}

@test "options" {
	assert_same "$(complete_words dkms build --force)" $'--force\n--force-version-override'
}

@test "modules that are added" {
	tree_added alpha 1.0
	tree_built beta 2.0 "$K1"
	assert_same "$(complete_words dkms build b)" beta/2.0
	assert_same "$(complete_words dkms remove -m a)" alpha/1.0
}

@test "kernels" {
	assert_same "$(complete_words dkms build alpha/1.0 -k "$K1")" "$K1"
}
