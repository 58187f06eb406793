# Kill -9 at some moment, resume: the same bytes as undisturbed. And the other ways to end early.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"

small_search -o "$work/calm" >/dev/null
ok $? 'an undisturbed search'
want=$(fingerprint "$work/calm")
total=$(sqlite3 "$work/calm/study.sqlite" 'SELECT count(*) FROM candidate')

# Moments are told by what the study holds, not by time: every quarter of the candidates.
for part in 0 1 2 3; do
    out=$work/killed$part
    "$program" $small -o "$out" >/dev/null 2>&1 &
    search=$!
    while kill -0 $search 2>/dev/null; do
        # Its records can be counted only through a copy: the study is locked.
        have=$(cp "$out/study.sqlite" "$out/study.sqlite-wal" "$work/" 2>/dev/null &&
            sqlite3 "$work/study.sqlite" 'SELECT count(*) FROM candidate' 2>/dev/null)
        rm -f "$work"/study.sqlite*
        [ "${have:-0}" -gt $((part * total / 4)) ] && break
        sleep 0.02
    done
    kill -9 $search 2>/dev/null
    wait $search 2>/dev/null
    "$program" search --resume "$out" -q >"$work/out" 2>"$work/err"
    status=$?
    test $status -eq 0 && test "$(fingerprint "$out")" = "$want"
    ok $? "killed after more than $part quarters and resumed it gives the same bytes (status $status)"
    [ $status -eq 0 ] || sed 's/^/# /' "$work/err"
done

small_search -o "$work/short" --time-limit 1ms >"$work/out" 2>"$work/err"
test $? -eq 5 && grep -q '^stopped by the time limit after 0 candidates; --resume carries on$' "$work/out"
ok $? 'a time limit that is over at once exits 5, and the verdict says so'
"$program" search --resume "$work/short" --time-limit 1h -q >/dev/null
test $? -eq 0 && test "$(fingerprint "$work/short")" = "$want"
ok $? 'and can be carried on'

"$program" $small -o "$work/signal" >"$work/out" 2>"$work/err" &
search=$!
until [ -e "$work/signal/best/fashion_deploy_model.onnx" ] || ! kill -0 $search 2>/dev/null; do
    sleep 0.02
done
kill -TERM $search
wait $search
status=$?
test $status -eq 5 && test -s "$work/signal/best/fashion_deploy_model.onnx" &&
    test "$(value "$work/signal/result.json" status)" = 5 &&
    value "$work/signal/result.json" reason | grep -q '^stopped by the user after [1-9][0-9]* candidates\{0,1\}; --resume carries on$'
ok $? "SIGTERM ends it in good order with what it has (status $status)"

# Wherever it was: one line says that it was stopped, and how to carry on.
"$program" $small -o "$work/soon" --verbose >"$work/out" 2>"$work/err" &
search=$!
until [ -e "$work/soon/study.sqlite" ] || ! kill -0 $search 2>/dev/null; do
    sleep 0.02
done
kill -TERM $search
wait $search
status=$?
test $status -eq 5 && test "$(grep -c ': .*stopped .*--resume .* carries on$' "$work/err")" -eq 1 &&
    test "$(grep -c stopped "$work/err")" -eq 1
ok $? "stopping is told in one line (status $status)"
[ $status -eq 5 ] || sed 's/^/# /' "$work/err"

"$program" $small -o "$work/busy" >/dev/null 2>&1 &
search=$!
until [ -e "$work/busy/study.sqlite-wal" ] || ! kill -0 $search 2>/dev/null; do
    sleep 0.02
done
small_search -o "$work/busy" >/dev/null 2>"$work/err"
test $? -eq 2 && grep -q 'another process' "$work/err"
ok $? 'a study that is at work is left alone'
wait $search
ok $? 'and goes on undisturbed'
finish
