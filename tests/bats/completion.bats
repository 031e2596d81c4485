#!/usr/bin/env bats
# The completions: bash's as readline would call it, and all three in their shells, on a terminal.
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

@test "values after an option and =" {
	assert_same "$(complete_words dkms build alpha/1.0 --kernelver = "$K1")" "$K1"
	assert_same "$(complete_words dkms build -j '')" ""
}

# what a shell offers, one a line

zsh_offers() { # WORDS...
	cat >"$C/z.zsh" <<-'ZSH'
		zmodload zsh/zpty
		zpty shell zsh -f -i
		typeset line
		# zsh brings a _dkms of its own
		zpty -w shell 'PROMPT=; fpath=(/usr/share/zsh/site-functions $fpath); autoload -Uz compinit; compinit -u -D; bindkey "^I" complete-word
			zstyle ":completion:*" list-grouped false; LISTMAX=10000
			comppostfuncs=(told); told() { print -r -- "<${(j: :)${(@)all}}>" }
			compadd() { builtin compadd -A found "$@"; all+=($found); builtin compadd "$@" }
			print -r -- re""ady'
		while zpty -r shell line; do [[ $line == *ready* ]] && break; done
		zpty -n -w shell "$1"$'\t'
		while zpty -r shell line; do
			[[ $line == *\<*\>* ]] && { print -r -- ${${line#*\<}%%\>*}; break }
		done
		zpty -d shell
	ZSH
	timeout 20 zsh -f "$C/z.zsh" "$1" | tr -d '\r' | tr ' ' '\n' | sed '/^$/d' | sort -u
}

# readline's insert-completions puts in the line what there is to choose from
bash_offers() { # LINE
	cat >"$C/b.zsh" <<-'ZSH'
		zmodload zsh/zpty
		typeset line
		zpty shell bash --norc -i
		zpty -w shell 'PS1=; . /usr/share/bash-completion/bash_completion; echo re""ady'
		while zpty -r shell line; do [[ $line == *ready* ]] && break; done
		zpty -n -w shell "$1"$'\e*\C-aecho of""fers \n'
		while zpty -r shell line; do
			[[ $line == *offers* ]] && { print -r -- ${line#*offers}; break }
		done
		zpty -d shell
	ZSH
	timeout 20 zsh -f "$C/b.zsh" "$1" | tr -d '\r' | tr ' ' '\n' | sed '/^$/d' | tail -n "+$(wc -w <<<"$1")" | sort -u
}

fish_offers() { # LINE
	HOME=$C fish --no-config -c 'source /usr/share/fish/vendor_completions.d/dkms.fish; complete -C $argv[1]' -- "$1" |
		cut -f 1 | sort -u
}

@test "fish offers actions, options, modules and kernels" {
	tree_added alpha 1.0
	assert_same "$(fish_offers 'dkms un')" $'unbuild\nuninstall'
	assert_same "$(fish_offers 'dkms build --force')" $'--force\n--force-version-override'
	assert_same "$(fish_offers 'dkms remove al')" alpha/1.0
	assert_same "$(fish_offers "dkms build -k $K1")" "$K1"
	assert_same "$(fish_offers 'dkms build -j ')" ""
}

@test "bash offers actions, options, modules and kernels" {
	tree_added alpha 1.0
	assert_same "$(bash_offers 'dkms un')" $'unbuild\nuninstall'
	assert_same "$(bash_offers 'dkms build --force')" $'--force\n--force-version-override'
	assert_same "$(bash_offers 'dkms remove al')" alpha/1.0
	assert_same "$(bash_offers "dkms build -k $K1")" "$K1"
	assert_same "$(bash_offers "dkms build --config /usr/src/linux-headers-$K1/Makef")" "/usr/src/linux-headers-$K1/Makefile"
}

@test "zsh offers actions, options, modules and kernels" {
	tree_added alpha 1.0
	assert_same "$(zsh_offers 'dkms un')" $'unbuild\nuninstall'
	assert_same "$(zsh_offers 'dkms build --forc')" $'--force\n--force-version-override'
	assert_same "$(zsh_offers 'dkms remove al')" alpha/1.0
	assert_same "$(zsh_offers "dkms build -k $K1")" "$K1"
	# not the one that zsh has
	assert_same "$(zsh_offers "dkms generate_m")" generate_mok
}
