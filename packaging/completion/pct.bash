# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of pct for bash: what may follow is pct's to say.
_pct()
{
	local line=${COMP_LINE:0:COMP_POINT} words word said files=0 i
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=("")
	word=${words[-1]}
	said=$("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null) || files=$?
	COMPREPLY=()
	[ -z "$said" ] || mapfile -t COMPREPLY <<<"$said"
	[ "$files" != 3 ] || compopt -o default
	# What ends so goes on.
	if [[ $said == *[=,] ]]; then compopt -o nospace; fi
	# bash replaces only what follows these.
	word=${word%"${word##*[=:]}"}
	for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$word"}; done
}
complete -F _pct pct
