# The example of the repository, as its README says it is used.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"

# Up to four answers may turn: float sums differ between processors.
stated=$(sed -n 's/.*: \([0-9]*\) of the 10000 .*/\1/p' "$example/README.md")
"$program" eval "$model" --data "$example" $pixels --json >"$work/eval.json"
awk -v stated="$stated" -v value="$(value "$work/eval.json" value)" 'BEGIN {
    right = value * 10000
    exit !(stated > 9000 && right > stated - 4.5 && right < stated + 4.5)
}'
ok $? "as many are right as the README states: $stated of 10000"

keys() {
    sed -n 's/^\( *[a-z_]*\):.*/\1/p' "$1" | sort -u
}
"$program" inspect --search-file "$model" >"$work/printed.yaml"
keys "$work/printed.yaml" >"$work/printed.keys"
keys "$example/search.yaml" >"$work/shown.keys"
missing=$(comm -23 "$work/printed.keys" "$work/shown.keys")
test -s "$work/printed.keys" && test -z "$missing"
ok $? "its search file shows every key"
[ -z "$missing" ] || echo "# missing: $missing"
missing=$(comm -13 "$work/printed.keys" "$work/shown.keys")
test -z "$missing"
ok $? 'and inspect --search-file prints them all'
[ -z "$missing" ] || echo "# missing: $missing"

# Fewer candidates on fewer samples, which refining takes its time from.
"$program" search -c "$example/search.yaml" --evaluations 24 --calibration 128 --search-samples 500 --budget 2% -o "$work/out" --json >"$work/search.json"
status=$?
ok $status "its search ends with a faster model that meets the budget (status $status)"
test "$status" -eq 0 || sed 's/^/# /' "$work/search.json"
deploy=$(find "$work/out/best" -name '*_deploy_model.onnx' -size +100k)
test -n "$deploy"
ok $? 'and leaves a model for the compiler'
told=$(reasons "$work/out")
test $? -eq 0 && test "$told" -gt 0
ok $? "explain: why levels are no lossier is what was measured ($told)"
finish
