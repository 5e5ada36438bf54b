# Puts stdin at $DEST: written beside its place, hashed there, then renamed. 10: cannot write, 11: another hash,
# 12: nothing that can hash.
part="$DEST.kace-$NONCE"
trap 'rm -f -- "$part"' EXIT
trap 'exit 10' HUP INT TERM

# noclobber opens with O_EXCL, so that nobody's link is followed.
set -C
{ cat > "$part"; } || exit 10
set +C

if command -v sha256sum >/dev/null 2>&1; then sum=$(sha256sum < "$part")
elif command -v shasum >/dev/null 2>&1; then sum=$(shasum -a 256 < "$part")
elif command -v openssl >/dev/null 2>&1; then sum=$(openssl dgst -sha256 -r < "$part")
else exit 12
fi
sum=${sum%% *}
[ "$sum" = "$SHA256" ] || { echo "$sum" >&2; exit 11; }

chmod "$MODE" "$part" || exit 10
# A rename onto a folder would put the file inside it.
[ ! -d "$DEST" ] || { echo "there is a folder at this place" >&2; exit 10; }
mv -f -- "$part" "$DEST" || exit 10
