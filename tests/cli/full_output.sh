# An answer that cannot be written: one line, exit status 2, whatever the command and the form.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
if ! [ -c /dev/full ]; then
    echo "1..0 # SKIP there is no /dev/full"
    exit 0
fi

tells() { # ARGUMENTS...
    "$program" "$@" >/dev/full 2>"$work/err"
    status=$?
    test $status -eq 2 && test "$(grep -c . "$work/err")" -eq 1 &&
        grep -q 'the answer cannot be written' "$work/err"
    ok $? "$1 $2 $3"
    [ "$bad" -eq 0 ] || sed "s/^/# status $status: /" "$work/err"
}
small_search -o "$work/out" >/dev/null
take_few
tells --version
tells --help
tells search --help
tells inspect "$model"
tells inspect "$model" --search-file
tells inspect "$model" --json
tells estimate "$model" --per-layer
tells eval "$model" --data "$few" $pixels -q
tells plugins
tells plugins --json
tells explain "$work/out"
tells report "$work/out"
tells export "$work/out" --budget 4% -q
tells search --resume "$work/out" -q
tells search --resume "$work/out" -q --json
finish
