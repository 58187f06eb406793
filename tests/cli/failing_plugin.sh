# A plugin that crashes, gives garbage or fails in the middle of a search loses nothing.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
toy="--plugin-dir $AMCT_TOP_BUILDDIR/tests/plugins/.libs --estimator failing --target Toy2"

small_search $toy -o "$work/calm" >/dev/null
ok $? 'a search with the estimator in good health'
want=$(fingerprint "$work/calm")

# breaks HOW WORDS
breaks() {
    out=$work/$1
    AMCT_TEST_FAILING=$1:63 "$program" $small $toy -o "$out" >"$work/stdout" 2>"$work/stderr"
    status=$?
    grep -q "$2.*; amct-autotune search --resume $out carries on\$" "$work/stderr" && test ! -s "$work/stdout" &&
        test $status -ne 0
    ok $? "$1: the search ends, says why and how to go on"
    kept=$(sqlite3 "$out/study.sqlite" 'SELECT count(*) FROM candidate')
    test "${kept:-0}" -gt 0 && test "$kept" -lt 24 && test -s "$out/best/fashion_deploy_model.onnx"
    ok $? "$1: what was measured is kept, and best/ holds a model ($kept candidates)"
    "$program" search --resume "$out" --plugin-dir "$AMCT_TOP_BUILDDIR/tests/plugins/.libs" -q \
        >/dev/null 2>"$work/stderr"
    test "$(fingerprint "$out")" = "$want"
    ok $? "$1: resumed, it ends as if nothing had happened"
}
breaks crash 'estimator: ended by signal'
breaks garbage 'nan'
breaks fail 'no more today'

# Before there is anything to carry on with: after 50 answers levels are made, and nothing is measured.
for there in no yes; do
    out=$work/early-$there
    [ $there = no ] || mkdir "$out"
    AMCT_TEST_FAILING=fail:50 "$program" $small $toy -o "$out" >"$work/stdout" 2>"$work/stderr"
    test $? -ne 0 && grep -q 'no more today$' "$work/stderr" &&
        test "$(ls "$work" | grep -c "early-$there")" -eq "$([ $there = no ]; echo $?)"
    ok $? "fail: the folder goes if the search made it (there before: $there)"
done

# What an estimator cannot tell is said once.
for command in inspect estimate "search --data $example $pixels --batch 256 --dry-run"; do
    AMCT_TEST_BREAKS=leaves-out "$program" $command "$model" --estimator toy-estimator --target Toy2 \
        --plugin-dir "$AMCT_TOP_BUILDDIR/tests/plugins/.libs" >"$work/stdout" 2>"$work/stderr"
    test $? -eq 0 && test "$(grep -c "warning: the estimate leaves out 1 of [0-9]* nodes, .* first '" \
        "$work/stderr")" -eq 1
    ok $? "${command%% *}: warns of a node that the estimate leaves out"
done
finish
