# Channels and ranks where there is little or nothing to take: each search gives a sound result, or
# one clear line with status 2. inspect names what blocks a group or a rank.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
cd "$work" || exit 99
"$AMCT_TOP_BUILDDIR/tests/edge_models" . || exit 99
take_few

# file MODEL [MEMORY]: a search file for it, with the lines of its space on stdin.
file() {
    cat >search.yaml <<END
model: $work/$1.onnx
data:
  path: $example
  preprocess: {scale: 1/255, mean: 0.2860, std: 0.3530}
  calibration: 64
  search: 64
  confirm: 300
memory_limit: ${2:-1GiB}
budget: {metric: agreement, max_drop: 95%}
target: {batch: 64}
search: {algorithm: random, evaluations: 6}
space:
END
    cat >>search.yaml
}

# searched STATUS NAME: the search ends so, and the written model can be run and agrees with itself.
searched() {
    rm -rf out
    "$program" search -c search.yaml -o out --json -q >result.json 2>err
    status=$?
    test $status -eq "$1" && "$program" eval out/best/*_deploy_model.onnx --original "$model_of" \
        --data "$few" $pixels --json >deploy.json 2>/dev/null &&
        test -n "$(value deploy.json kl)" && test "$(value deploy.json kl)" != null
    ok $? "$2"
    [ "$bad" -eq 0 ] || { echo "# status $status"; sed 's/^/# /' err; }
}

# refused WORDS: one line with these words, status 2, nothing on stdout, no folder.
refused() {
    rm -rf out
    "$program" search -c search.yaml -o out -q >stdout 2>err
    test $? -eq 2 && grep -qF -- "$1" err && test "$(grep -c . err)" -eq 1 && test ! -s stdout &&
        test ! -e out
    ok $? "refused: $1"
    [ "$bad" -eq 0 ] || sed 's/^/# /' err
}

model_of=single.onnx
file single <<END
  bits: [16, w8a8]
  sparsity: {ratios: [0.5], multiple: 1}
  rank: {levels: 2}
END
searched 0 'groups of one channel stay'
"$program" inspect single.onnx | grep -q 'made by one; read by two  (no multiple of 16 is below its 1 channel)'
ok $? 'inspect: a group of one channel says why it stays'
"$program" inspect single.onnx | grep -qF "not factorised (1, first 'point'): no rank saves anything"
ok $? 'inspect: a layer of one weight has no rank'

model_of=zero.onnx
file zero <<END
  bits: [16, w8a8, w4a8]
  sparsity: {ratios: [0.5, 0.75], multiple: 16}
  rank: {levels: 2}
END
searched 0 'a layer of zeros'

# All that it could gain at batch 1 is less than a hundredth.
sed 's/batch: 64/batch: 1/; s/algorithm: random/algorithm: auto/' search.yaml >hardly.yaml
"$program" search -c hardly.yaml --dry-run -o out --json >dry 2>err
test "$(value dry genes)" -gt 0 && test "$(value dry fastest_ms)" != "$(value dry latency_ms)" &&
    "$program" search -c hardly.yaml --dry-run -o out -q | grep -q 'faster by 1 %: a search would end with the original'
ok $? 'a dry run says that nothing gains'
rm -rf out
"$program" search -c hardly.yaml -o out -q --json >result.json
test $? -eq 4 && test "$(value result.json evaluations)" = 0 && test "$(value result.json speedup)" = 1 &&
    grep -qF '"reason":"no assignment is faster than the original by 1 %"' result.json
ok $? 'so it does, and says so'

model_of=large.onnx
file large <<END
  bits: [16, w8a8, w4a8]
  sparsity: {ratios: [0.5], multiple: 16}
  rank: {levels: 2}
END
searched 0 'a weight far from all others'
grep -qF "layer 'large' has a constant of 1e+06: float16" err
ok $? 'a warning says that float16 cannot hold it'

model_of=flat.onnx
file flat <<END
  bits: [16, w8a8, w4a8]
  sparsity: {ratios: [0.5], multiple: 16}
  rank: {levels: 2}
END
searched 0 'layers that read constants'
test "$(grep -c 'could not be measured' err)" -eq 0
ok $? 'all candidates of them can be measured'
grep -q '"overfitted":true' result.json
test $? -ne 0
ok $? 'losses that are next to nothing are no sign of too few samples'
sed 's/calibration: 64/calibration: 1/' search.yaml >one.yaml
rm -rf out
"$program" search -c one.yaml -o out >text 2>err
test $? -eq 0 && grep -q '; losses on calibration samples: [0-9][^;]*$' err && ! grep -qi 'nan' err
ok $? 'of one calibration sample none is held back: only what was measured is told'

model_of=narrow.onnx
file narrow <<END
  bits: [16]
  sparsity: {ratios: [0.5], multiple: 16}
  rank: {levels: 3}
END
searched 4 'no group has a legal multiple: nothing to choose'
grep -q '"reason":"there was nothing to choose' result.json
ok $? 'the reason tells that there was nothing to choose'
"$program" search -c search.yaml --dry-run -o out >dry 2>err
test $? -eq 0 && grep -q 'a search would end with the original' dry &&
    grep -q 'no multiple of 16 is below its 12 channels' dry
ok $? 'dry run: nothing gains, and why'
"$program" search -c search.yaml --dry-run -o out --json >dry 2>err
test "$(value dry genes)" = 0 && test "$(value dry evaluations)" = 0
ok $? 'dry run: no choice is no evaluation'

# A choice for one layer: no more candidates are foreseen than there are.
file single <<END
  bits: [16, w8a8]
  skip: [one, two, three, point, fc]
  sparsity: {ratios: []}
  rank: {levels: 0}
END
"$program" search -c search.yaml --dry-run -o out --json >dry 2>err
test "$(value dry genes)" = 1 && test "$(value dry evaluations)" = 1
ok $? 'dry run: one choice is one evaluation'

"$program" inspect pick.onnx | grep -q "made by one  (Reshape 'rows' has a single channel)"
ok $? 'inspect: what takes up a single channel is said to'
file pick <<END
  bits: [16, w8a8]
END
refused "$work/pick.onnx: node 'pick' (Gather): Gather: index 99 is outside of a dim of 28"
"$program" eval pick.onnx --data "$few" $pixels -q 2>err
test $? -eq 2 && grep -qF "pick.onnx: node 'pick' (Gather): Gather: index 99" err
ok $? 'eval: an error of running it names the model'

"$program" inspect boxes.onnx | grep -q "made by heads  (Reshape 'rows' joins channels with samples)"
ok $? 'inspect: channels in one dim with the samples stay'
file boxes <<END
  bits: [16]
  sparsity: {ratios: [0.5], multiple: 16}
  rank: {levels: 0}
END
sed 's/agreement/cosine/; s/batch: 64/batch: 4096/' search.yaml >many.yaml
"$program" search -c many.yaml --dry-run -o out --json >dry 2>err
test $? -eq 0 && test "$(value dry genes)" = 2
ok $? 'however many samples the device takes at a time'

# Where the samples lie cannot always be seen at batch 1.
for model_of in merged.onnx turned.onnx; do
    file "${model_of%.onnx}" <<END
  bits: [16, w8a8]
  sparsity: {ratios: [0.5], multiple: 16}
  rank: {levels: 1}
END
    searched 0 "a network of batch 32 that is not seen through at batch 1: $model_of"
done

model_of=wide.onnx
file wide <<END
  bits: [16]
  skip: ['*']
  sparsity: {ratios: [0.5], multiple: 16}
  rank: {levels: 3}
END
searched 4 'everything is skipped: nothing to choose'
grep -q '"reason":"there was nothing to choose: the search space leaves no layer' result.json
ok $? 'the reason tells that the space left nothing'
rm -rf out
"$program" search -c search.yaml -o out -q >text 2>/dev/null
grep -q ': MET, but not faster$' text
ok $? 'the original is not faster than itself'
file wide 64MiB <<END
  bits: [16, w8a8]
  sparsity: {ratios: [0.5], multiple: 16}
  rank: {levels: 2}
END
searched 0 'moments that do not fit into the memory limit are done without'
grep -q "layer 'wide': its second moments do not fit into the memory limit" err &&
    test "$(grep -c "'wide': its second moments" err)" -eq 1 && test "$(grep -cv "layer 'wide': its" err)" -eq 0
ok $? 'a warning names the layer'
file wide <<END
  bits: [16, w8a8]
  rank: {levels: 0}
END
searched 0 'rank 0: layers stay whole'
tr '{' '\n' <result.json | grep -q '"rank":[0-9]'
test $? -ne 0
ok $? 'no layer has a rank then'

# A chip on which a layer costs nothing for each image: else few ranks gain.
sed 's/^  image: .*/  image: 0/' "$AMCT_TOP_SRCDIR/plugins/estimators/ascend/fit.yaml" >fit.yaml
ranked() { # LEVELS: layers that have a choice of ranks
    sed -e "s#: fashion#: $example/fashion#" -e "s/levels: 3 /levels: $1 /" "$example/search.yaml" >one.yaml
    "$program" search -c one.yaml --dry-run --json --target-option fit_file=fit.yaml >dry 2>err
    value dry genes_rank
}
test "$(ranked 1)" -gt 3 && test "$(ranked 1)" -eq "$(ranked 3)"
ok $? 'of one rank only, one that gains is offered'

"$program" inspect ties.onnx | grep -q "made by stem  (Concat 'join' joins channels along height with fixed ones)"
ok $? 'inspect names the node that blocks a group'
"$program" inspect ties.onnx | grep -q "made by fc  ('logits' is an output of the network)"
ok $? 'inspect names the output that blocks a group'

file wide <<END
  sparsity: {ratios: [100%]}
END
refused "ratios must be greater than 0, ascend, and be less than 1"
file wide <<END
  sparsity: {ratios: [0, 0.25]}
END
refused "ratios must be greater than 0, ascend, and be less than 1"
file wide <<END
  sparsity: {ratios: [0.5, 0.25]}
END
refused "ratios must be greater than 0, ascend, and be less than 1"
file wide <<END
  sparsity: {ratios: [-0.5]}
END
refused "search.yaml:13:23: "
file wide <<END
  sparsity: {multiple: 0}
END
refused "search.yaml:13:24: "
file wide <<END
  rank: {levels: -1}
END
refused "search.yaml:13:18: "
finish
