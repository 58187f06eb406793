# Channels dropped and layers factorised: the search takes them, and what it writes is what it measured.
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
target: {batch: 256}
space:
  skip: [/block2/conv1/Conv, /block2/conv2/Conv] # rebuilding large layers takes longest
  bits: [16, w8a8]
  sparsity: {ratios: [0.25, 0.5], multiple: 16}
  rank: {levels: 2}
search: {algorithm: random, evaluations: 12}
EOF
"$program" search -c "$work/search.yaml" --dry-run --json >"$work/dry.json" 2>"$work/err"
ok $? 'dry run: channels and ranks'
"$program" search -c "$work/search.yaml" -o "$work/out" --json -q >"$work/result.json" 2>"$work/err"
test $? -eq 0
ok $? 'search: channels, ranks and bits together'
cat "$work/err"

# kept FOLDER HOW: how many candidates the study holds refined so.
kept() { sqlite3 "$work/$1/study.sqlite" "SELECT count(*) FROM blob WHERE kind = '$2'"; }
"$program" search -c "$work/search.yaml" --confirm 0 -o "$work/unconfirmed" -q 2>"$work/err"
test "$(kept out refitted)" -gt 0 && test "$(kept out refined)" -eq 0 &&
    test "$(kept unconfirmed refitted)" -eq 0 && test "$(kept unconfirmed refined)" -gt 0
ok $? 'search: finalists are refined on the search samples, too, unless these have to judge'

# layers FILE: name, channels_kept, channels, rank of each.
tr '{' '\n' <"$work/result.json" | grep '"channels_kept":[0-9]*,"channels":' >"$work/layers"
awk -F'[:,]' '{ for (i = 1; i < NF; i++) { if ($i == "\"channels_kept\"") kept = $(i + 1)
        if ($i == "\"channels\"") all = $(i + 1) }
        if (kept < all) fewer++ } END { exit !fewer }' "$work/layers"
ok $? 'result: some layer has fewer channels'
# Ranks gain little here: alone they are taken all the same.
"$program" search -c "$work/search.yaml" --algorithm rank-only -o "$work/ranked" --json -q >"$work/ranked.json" 2>"$work/err"
status=$?
tr '{' '\n' <"$work/ranked.json" | grep '"channels_kept":' | grep '"rank":[0-9]' >"$work/factorised"
{ [ $status -eq 0 ] || [ $status -eq 4 ]; } && test -s "$work/factorised"
ok $? "result: some layer is factorised (status $status)"

take_few
"$program" eval "$work/out/best/fashion_deploy_model.onnx" --original "$model" --data "$few" \
    $pixels --json >"$work/deploy.json" 2>/dev/null
"$program" eval "$work/out/best/fashion_qdq_model.onnx" --original "$model" --data "$few" \
    $pixels --json >"$work/qdq.json" 2>/dev/null
kl=$(value "$work/deploy.json" kl)
test -n "$kl" && test "$kl" = "$(value "$work/qdq.json" kl)"
ok $? 'eval: deploy and QDQ models agree to the bit'

"$program" estimate "$work/out/best/fashion_deploy_model.onnx" --batch 256 --json >"$work/estimate.json"
test "$(value "$work/estimate.json" latency_ms)" = \
    "$(tr ',' '\n' <"$work/result.json" | grep -o '"latency_ms":[0-9.]*' | sed -n '2s/.*://p')"
ok $? 'estimate: the written model takes as long as the candidate'

# list FILE KEY: the array of that name, which holds no other array of that depth.
list() { sed -n 's/.*"'"$2"'":\(\[{[^]]*}\]\).*/\1/p' "$1"; }
test -n "$(list "$work/dry.json" skipped)" &&
    test "$(list "$work/dry.json" skipped)" = "$(list "$work/result.json" skipped)"
ok $? 'dry run: leaves out what the search does'
awk -v a="$(value "$work/dry.json" fastest_latency_ms)" -v b="$(value "$work/dry.json" fastest_bits_latency_ms)" \
    -v c="$(tr ',' '\n' <"$work/result.json" | sed -n 's/^"latency_ms"://p' | sed -n 2p)" \
    'BEGIN { exit !(a < b && a > 0 && a <= c * 1.000001) }'
ok $? 'dry run: no candidate is faster than it says'
for command in search dry_run explain; do
    case $command in
    search) file=$work/result.json ;;
    dry_run) file=$work/dry.json ;;
    *) file=$work/explain.json && "$program" explain "$work/out" --json >"$file" ;;
    esac
    "$paths" "$file" | LC_ALL=C sort -u >"$work/$command.paths"
    documented $command
done

# A layer that the search made narrower: what was tried, what was chosen, and sizes that add up.
layer=$(sed -n 's/.*"name":"\([^"]*\)".*/\1/p' "$work/factorised" | head -n 1)
"$program" explain "$work/ranked" "$layer" >"$work/one"
grep -q '^  \* rank ' "$work/one" && grep -q '^    whole ' "$work/one" && grep -q '^  size ' "$work/one"
ok $? 'explain: the rank of a layer, and the layer whole'
"$program" explain "$work/out" >"$work/explained" && grep -q '[0-9]*/[0-9]*' "$work/explained"
ok $? 'explain: channels and ranks'
told=$(reasons "$work/out")
test $? -eq 0 && test "$told" -gt 0
ok $? "explain: why levels are no lossier is what was measured ($told)"

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
