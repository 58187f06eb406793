# Channels dropped and layers factorised: the search takes them, and what it writes is what it measured.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"

cat >"$work/search.yaml" <<EOF
model: $model
data:
  path: $example
  preprocess: {scale: 1/255, mean: 0.2860, std: 0.3530}
  calibration: 128
  search: 192
  confirm: 600
budget: {max_drop: 20%}
target: {batch: 256}
space:
  bits: [16, w8a8]
  sparsity: {ratios: [0.25, 0.5], multiple: 16}
  rank: {levels: 2}
search: {algorithm: random, evaluations: 12}
EOF
"$program" search -c "$work/search.yaml" -o "$work/out" --json -q >"$work/result.json" 2>"$work/err"
test $? -eq 0
ok $? 'search: channels, ranks and bits together'
cat "$work/err"

# layers FILE: name, channels_kept, channels, rank of each.
tr '{' '\n' <"$work/result.json" | grep '"channels_kept":[0-9]*,"channels":' >"$work/layers"
awk -F'[:,]' '{ for (i = 1; i < NF; i++) { if ($i == "\"channels_kept\"") kept = $(i + 1)
        if ($i == "\"channels\"") all = $(i + 1) }
        if (kept < all) fewer++ } END { exit !fewer }' "$work/layers"
ok $? 'result: some layer has fewer channels'
grep -q '"rank":[0-9]' "$work/layers"
ok $? 'result: some layer is factorised'

"$program" eval "$work/out/best/fashion_deploy_model.onnx" --original "$model" --data "$example" \
    $pixels --json >"$work/deploy.json" 2>/dev/null
"$program" eval "$work/out/best/fashion_qdq_model.onnx" --original "$model" --data "$example" \
    $pixels --json >"$work/qdq.json" 2>/dev/null
kl=$(value "$work/deploy.json" kl)
test -n "$kl" && test "$kl" = "$(value "$work/qdq.json" kl)"
ok $? 'eval: deploy and QDQ models agree to the bit'

"$program" estimate "$work/out/best/fashion_deploy_model.onnx" --batch 256 --json >"$work/estimate.json"
test "$(value "$work/estimate.json" latency_ms)" = \
    "$(tr ',' '\n' <"$work/result.json" | grep -o '"latency_ms":[0-9.]*' | sed -n '2s/.*://p')"
ok $? 'estimate: the written model takes as long as the candidate'

"$program" explain "$work/out" >"$work/explained" && grep -q '[0-9]*/[0-9]*' "$work/explained"
ok $? 'explain: channels and ranks'

want=$(fingerprint "$work/out")
"$program" search -c "$work/search.yaml" -o "$work/two" -j 2 -q >/dev/null 2>&1
test "$(fingerprint "$work/two")" = "$want"
ok $? 'the same bytes for two workers'
timeout -s KILL 6 "$program" search -c "$work/search.yaml" -o "$work/killed" -j 1 -q >/dev/null 2>&1
"$program" search -c "$work/search.yaml" -o "$work/killed" -j 1 -q >/dev/null 2>&1
test "$(fingerprint "$work/killed")" = "$want"
ok $? 'killed and carried on, the same bytes'
"$program" search --resume "$work/out" -q >/dev/null 2>&1
test "$(fingerprint "$work/out")" = "$want"
ok $? 'carried on when it had ended, the same bytes'
finish
