_kace() {
  local word candidates
  word=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  candidates=$(_kace_candidates "${COMP_WORDS[@]:0:COMP_CWORD}" "$word")
  while IFS= read -r candidate; do
    if [ "$candidate" = @files ]; then
      while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "$word")
    elif [[ -n $candidate && $candidate == "$word"* ]]; then
      COMPREPLY+=("$candidate")
    fi
  done <<<"$candidates"
}
complete -o filenames -F _kace kace
