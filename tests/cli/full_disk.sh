# A disk that is full: one line, what is there stays valid, and the search can be carried on.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
disk=$work/disk
mkdir "$disk"
if ! mount -t tmpfs -o size=1500k none "$disk" 2>/dev/null; then
    echo "1..0 # SKIP a small disk cannot be mounted here"
    exit 0
fi
trap 'umount "$disk"; rm -rf "$work"' EXIT

# Without room for anything.
mount -o remount,size=20k "$disk"
small_search -o "$disk/none" >"$work/stdout" 2>"$work/stderr"
status=$?
test $status -eq 2 && test "$(grep -c . "$work/stderr")" -eq 1 && test ! -e "$disk/none"
ok $? "of a search that could not begin nothing is left (status $status)"
mount -o remount,size=1500k "$disk"

small_search -o "$disk/out" >"$work/stdout" 2>"$work/stderr"
status=$?
test $status -eq 2 && test "$(grep -c . "$work/stderr")" -eq 1 && test ! -s "$work/stdout" &&
    grep -qi 'no space left\|full' "$work/stderr"
ok $? "a full disk ends it with one line (status $status)"
[ $status -eq 2 ] || sed 's/^/# /' "$work/stderr"
test ! -e "$disk/out/best" || "$program" eval "$disk/out/best/fashion_deploy_model.onnx" \
    --data "$example" $pixels -q >/dev/null
ok $? 'best/ is not there, or holds a model'
test ! -e "$disk/out/best.new" && test -z "$(find "$disk" -name '*.tmp*')"
ok $? 'nothing is left half-written'
mount -o remount,size=20m "$disk" && "$program" search --resume "$disk/out" -q >/dev/null
ok $? 'with more room it goes on'
small_search -o "$work/calm" >/dev/null
test "$(fingerprint "$disk/out")" = "$(fingerprint "$work/calm")"
ok $? 'to the same bytes'
finish
