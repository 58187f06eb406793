# A search from the command line, what it leaves, and the commands that read it.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"

small_search -o "$work/one" -j 1 --json >"$work/one.json"
status=$?
ok $((status != 0)) "a search that meets its budget exits 0 (status $status)"
for file in study.sqlite search.yaml result.json report.html best/fashion_deploy_model.onnx \
    best/fashion_fake_quant_model.onnx best/fashion_qdq_model.onnx best/fashion_config.json \
    best/fashion_record.txt; do
    test -s "$work/one/$file"
    ok $? "it leaves $file"
done
test "$(value "$work/one.json" verdict)" = MET && test "$(value "$work/one.json" faster)" = true
ok $? 'the verdict is on stdout'

small_search -o "$work/two" -j 2 >"$work/two.txt"
ok $? 'two workers do as well'
grep -q '^what pays most: .* ms' "$work/two.txt" && grep -q 'top1 .* MET' "$work/two.txt" && grep -q 'latency .* ms (.* to .*) -> .* ms (.* to .*) on Ascend310P3 at batch 256: .*x (.* to .*), estimated' \
    "$work/two.txt"
ok $? 'in words, the verdict says accuracy and latency'
test "$(fingerprint "$work/one")" = "$(fingerprint "$work/two")"
ok $? 'any number of workers gives the same bytes'

small_search -o "$work/one" --json >"$work/again.json"
ok $? 'the same search again succeeds'
test "$(value "$work/again.json" measured_now)" = 0
ok $? 'and measures nothing'

small_search -o "$work/one" --seed 2 >"$work/out" 2>"$work/err"
test $? -eq 2 && grep -q 'is of another search: its search was' "$work/err"
ok $? 'another search does not write into its folder'

take_few
data="--data $few $pixels --original $model"
"$program" eval "$model" $data --json -q >"$work/float.json"
"$program" eval "$work/one/best/fashion_deploy_model.onnx" $data --json -q >"$work/deploy.json"
"$program" eval "$work/one/best/fashion_qdq_model.onnx" $data --json -q >"$work/qdq.json"
"$program" eval "$work/one/best/fashion_fake_quant_model.onnx" $data --json -q >"$work/fake.json"
test "$(value "$work/float.json" kl)" = 0
ok $? 'eval: the original agrees with itself'
kl=$(value "$work/deploy.json" kl)
test -n "$kl" && test "$kl" != 0
ok $? 'eval: the deploy model is another one'
"$program" eval "$work/one/best/fashion_qdq_model.onnx" --data "$few" $pixels --json -q \
    --original "$work/one/best/fashion_deploy_model.onnx" >"$work/same.json"
test "$(value "$work/same.json" kl)" = 0 && test "$(value "$work/same.json" relative_l2)" = 0
ok $? 'eval: the QDQ model gives its answers to the bit'
awk -v a="$kl" -v b="$(value "$work/fake.json" kl)" 'BEGIN { exit !(b > a * 0.99 && b < a * 1.01) }'
ok $? 'eval: the fake-quant model gives its answers'

deploy=$("$program" estimate "$work/one/best/fashion_deploy_model.onnx" --batch 256 --json)
echo "$deploy" >"$work/estimate.json"
test "$(value "$work/estimate.json" latency_ms)" = "$(value "$work/one.json" latency_ms |
    cat >/dev/null; tr ',' '\n' <"$work/one.json" | grep -o '"latency_ms":[0-9.]*' | sed -n '2s/.*://p')"
ok $? 'estimate: the written model takes as long as the candidate'

rm "$work/one/report.html"
"$program" report "$work/one" >"$work/out" && test -s "$work/one/report.html"
ok $? 'report writes it anew'
"$program" explain "$work/one" >"$work/out" && test "$(grep -c '  /[^ ]*/\(Conv\|Gemm\)' "$work/out")" -eq 7
ok $? 'explain has a line for every layer'
layer=$(sed -n '3s/.*  \(\/[^ ]*\).*/\1/p' "$work/out")
"$program" explain "$work/one" "$layer" >"$work/out" && grep -q "^$layer (" "$work/out"
ok $? "explain tells about one ($layer)"
"$program" explain "$work/one" nowhere >"$work/out" 2>"$work/err"
test $? -eq 2 && grep -q "no layer 'nowhere'" "$work/err"
ok $? 'explain knows no other'

small_search -o "$work/agree" --metric agreement --budget 20% --json >"$work/agree.json"
test $? -eq 0 && grep -q '"drop_interval":\[[0-9]' "$work/agree.json"
ok $? 'no network agrees more with the original than itself: its drop is not below 0'

"$program" export "$work/one" --budget 4% -o "$work/other" -q >"$work/out"
ok $? 'export by another budget succeeds'
test -s "$work/other/fashion_deploy_model.onnx" && grep -q 'budget 4 pp: MET' "$work/out"
ok $? 'and writes the model'
# As if the search had refined nothing.
cp -r "$work/one" "$work/copy"
sqlite3 "$work/copy/study.sqlite" "DELETE FROM blob WHERE kind IN ('refined', 'refitted', 'confirmed')"
"$program" export "$work/copy" --budget 4% >"$work/again" 2>"$work/err"
test $? -eq 0 && grep -q ': refining finalist 1 of [1-6] at most$' "$work/err" &&
    cmp -s "$work/copy/budget-0.04/fashion_deploy_model.onnx" "$work/other/fashion_deploy_model.onnx"
ok $? 'what export refines itself is told, and is the same'
# Near what 400 samples can prove several finalists are tested.
"$program" export "$work/one" --budget 1.2% --json -o "$work/tight" >"$work/tight.json" 2>"$work/err"
sed -n 's/.*candidate \([0-9]*\): drop within .* pp: \([A-Z_]*\).*/\1 \2/p' "$work/err" >"$work/tested"
test "$(wc -l <"$work/tested")" -gt 1 && ! sed '$d' "$work/tested" | grep -qv ' MET$'
ok $? "finalists are tested until one is not proven ($(tr '\n' ',' <"$work/tested"))"
costs=$(while read -r number _; do
    sqlite3 "$work/one/study.sqlite" "SELECT printf('%.6f', cost_ns / 1e6) FROM candidate WHERE number = $number"
done <"$work/tested")
test "$costs" = "$(echo "$costs" | sort -rn)"
ok $? 'from the slowest on'
last=$(sed -n 's/ MET$//p' "$work/tested" | tail -n 1)
written=$(tr ',{}' '\n\n\n' <"$work/tight.json" | sed -n 's/.*"latency_ms":[[:space:]]*\([0-9.]*\)/\1/p' | sed -n 2p)
test "$(printf '%.6f' "$written")" = "$(sqlite3 "$work/one/study.sqlite" \
    "SELECT printf('%.6f', cost_ns / 1e6) FROM candidate WHERE number = $last")"
ok $? "the last that is proven is written ($last, $written ms)"
form=$(value "$work/one/result.json" form)
grep -q "^form: \(restored, \)\{0,1\}$form\$" "$work/again"
ok $? "the form has the name that result.json has ($form)"
"$program" inspect "$work/other/fashion_deploy_model.onnx" >"$work/text" &&
    grep -q '  -  .*/Conv  (already quantised in the file)$' "$work/text" && ! grep -q '  16  .*already quantised' "$work/text"
ok $? 'inspect: a layer that the file has quantised has no level to choose'
mkdir "$work/mine" && echo precious >"$work/mine/thesis"
"$program" export "$work/one" --budget 4% -o "$work/mine" -q >"$work/out" 2>"$work/err"
test $? -eq 2 && grep -q "mine holds 'thesis', which is no exported model" "$work/err" &&
    grep -q precious "$work/mine/thesis"
ok $? 'but not where other files are'
cp "$work/one/best/fashion_deploy_model.onnx" "$work/deploy.onnx"
"$program" export "$work/one" --budget 4% -o "$work/one/best" -q >"$work/out" 2>"$work/err"
test $? -eq 2 && grep -q 'best holds the model of a search; name a new folder with -o' "$work/err" &&
    cmp -s "$work/one/best/fashion_deploy_model.onnx" "$work/deploy.onnx"
ok $? 'nor over what the search itself wrote'
"$program" export "$work/one" --budget 4% -o "$work/other" -q >"$work/out"
ok $? 'though where it wrote before'
for budget in 0 100%; do
    "$program" export "$work/one" --budget $budget -q >"$work/out" 2>"$work/err"
    test $? -eq 2 && grep -q 'is not more than 0% and less than 100%' "$work/err"
    ok $? "export by no budget is refused ($budget)"
done
"$program" export "$work/one" --budget 0.01% -q >"$work/out" 2>"$work/err"
test $? -eq 6 && grep -q 'cannot be proven' "$work/err" && test ! -e "$work/one/budget-0.0001"
ok $? 'a budget that the samples cannot prove is refused'
dry() {
    "$program" search -c "$example/search.yaml" --dry-run --json --batch "$1" >"$work/dry" 2>"$work/err"
    value "$work/dry" "$2"
}
below=$(dry 1 fixed_below_half_at_batch)
echo "$(dry $((below / 2)) fixed_ratio) $(dry "$below" fixed_ratio)" |
    awk '{ exit !($1 >= 0.5 && $2 < 0.5) }'
ok $? "from the batch that is named on ($below) less than half of the latency is fixed"
"$program" search -c "$example/search.yaml" --dry-run --batch 1 | grep -q "from batch $below on"
ok $? 'and a dry run of a small batch warns of it'
"$program" search -c "$example/search.yaml" --dry-run --batch "$below" >"$work/text"
"$program" inspect "$model" --target Ascend310P3 --batch "$below" >"$work/inspect"
for answer in text inspect; do
    grep -q '^[0-9]* % of the latency is fixed cost that no compression changes$' "$work/$answer" &&
        grep -q ' with every choice at its fastest: no search can .* more than .*x$' "$work/$answer"
    ok $? "the share of fixed cost and the most that can be won are told ($answer)"
done
finish
