_kace() {
  local -a candidates
  candidates=("${(@f)$(_kace_candidates "${(@)words[1,CURRENT]}")}")
  if ((${candidates[(Ie)@files]})); then
    _files
    return
  fi
  candidates=(${candidates:#})
  compadd -a candidates
}
# Read by `compinit` from a folder of `fpath`, or sourced.
if [[ ${funcstack[1]} == _kace ]]; then
  _kace "$@"
else
  compdef _kace kace
fi
