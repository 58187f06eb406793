# 4:2 sparse layers on a chip that skips zeros: chosen, measured, written, read back and told of.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"

cat >"$work/search.yaml" <<EOF
model: $model
data:
  path: $example
  preprocess: {scale: 1/255, mean: 0.2860, std: 0.3530}
  calibration: 64
  search: 96
  confirm: 400
budget: {max_drop: 20%}
target: {chip: Ascend310B1, batch: 256}
space: {bits: [16, w8a8, w8a8-2of4], sparsity: {ratios: []}, rank: {levels: 0}, skip: [/block2/conv1/Conv]}
search: {algorithm: random, evaluations: 12}
EOF
"$program" search -c "$work/search.yaml" -o "$work/out" --json -q >"$work/result.json" 2>"$work/err"
status=$?
ok $status "search: sparse layers (status $status)"
cat "$work/err"
tr '{' '\n' <"$work/result.json" | grep '"channels_kept":[0-9]*,"channels":' >"$work/layers"
grep -q '"bits":"w8a8-2of4"' "$work/layers"
ok $? 'result: some layer is sparse'
sparse=$(grep -c '"bits":"w8a8-2of4"' "$work/layers")
test "$(grep -c selective_prune "$work/out/best/fashion_record.txt")" = "$sparse"
ok $? 'record: has the mask of each'

grep -q '"compile":"atc [^"]* --sparsity=1"' "$work/result.json"
ok $? 'the compiler is told of them'

take_few
for form in deploy qdq; do
    "$program" eval "$work/out/best/fashion_${form}_model.onnx" --original "$model" --data "$few" \
        $pixels --json >"$work/$form.json" 2>/dev/null
done
kl=$(value "$work/deploy.json" kl)
test -n "$kl" && test "$kl" = "$(value "$work/qdq.json" kl)"
ok $? 'eval: deploy and QDQ models agree to the bit'

"$program" estimate "$work/out/best/fashion_deploy_model.onnx" --target Ascend310B1 --batch 256 \
    --json >"$work/estimate.json"
test "$(value "$work/estimate.json" latency_ms)" = \
    "$(tr ',' '\n' <"$work/result.json" | grep -o '"latency_ms":[0-9.]*' | sed -n '2s/.*://p')"
ok $? 'estimate: zeros that are read back count'

name=$(sed -n 's/.*"name":"\([^"]*\)".*"bits":"w8a8-2of4".*/\1/p' "$work/layers" | head -n 1)
"$program" explain "$work/out" "$name" | grep -q 'w8a8-2of4'
ok $? "explain: names the level of $name"
"$program" report "$work/out" >/dev/null && grep -q 'w8a8-2of4' "$work/out/report.html"
ok $? 'report: names it'

want=$(fingerprint "$work/out")
timeout -s KILL 2 "$program" search -c "$work/search.yaml" -o "$work/killed" -j 2 -q >/dev/null 2>&1
"$program" search -c "$work/search.yaml" -o "$work/killed" -j 2 -q >/dev/null 2>&1
test "$(fingerprint "$work/killed")" = "$want"
ok $? 'killed and carried on with two workers, the same bytes'

# Channels as well: the layers that they touch are dense.
sed 's/^space:.*/space: {bits: [16, w8a8, w8a8-2of4], sparsity: {ratios: [0.25]}, rank: {levels: 0}}/' \
    "$work/search.yaml" >"$work/both.yaml"
"$program" search -c "$work/both.yaml" -o "$work/both" --json -q >"$work/both.json" 2>"$work/err"
ok $? 'search: with channels'
tr '{' '\n' <"$work/both.json" | grep '"channels_kept":[0-9]*,"channels":' >"$work/layers"
awk -F'[:,]' '/w8a8-2of4/ { for (i = 1; i < NF; i++) { if ($i == "\"channels_kept\"") kept = $(i + 1)
        if ($i == "\"channels\"") all = $(i + 1) }
        if (kept < all) bad++ } END { exit bad > 0 }' "$work/layers"
ok $? 'result: no layer is sparse and has fewer channels'

"$program" inspect "$model" --target Ascend310B1 --batch 256 >"$work/text"
grep -q 'w8a8-2of4' "$work/text"
ok $? 'inspect: a chip that skips zeros'
"$program" inspect "$model" --target Ascend310P3 --batch 256 --json >"$work/inspect.json"
! grep -q '2of4\|4:2' "$work/inspect.json"
ok $? 'inspect: nothing is said of another'
sed 's/2of4/3of4/' "$work/search.yaml" >"$work/bad.yaml"
"$program" search -c "$work/bad.yaml" -o "$work/bad" -q 2>"$work/err"
test $? -eq 2 && grep -q 'bad.yaml:10:.*w8a8-2of4' "$work/err" && test "$(wc -l <"$work/err")" -eq 1
ok $? 'a level that does not exist'
finish
