#compdef gastrolog
# Completion of gastrolog for zsh.
_gastrolog() {
    local -a candidates names
    local line="${(j: :)words[1,CURRENT-1]} ${compstate[quote]}$PREFIX"
    candidates=("${(@f)$("${words[1]}" __complete zsh "$line" 2>/dev/null)}")
    candidates=(${candidates:#})
    if (( ! ${#candidates} )); then
        _files
        return
    fi
    names=(${(M)candidates:#*=})
    candidates=(${candidates:#*=})
    (( ${#names} )) && compadd -S '' -- "${names[@]}"
    (( ${#candidates} )) && compadd -- "${candidates[@]}"
}
if [ "$funcstack[1]" = "_gastrolog" ]; then
    _gastrolog "$@"
else
    compdef _gastrolog gastrolog
fi
