# The algorithms by name, on the same network and samples: each ends, leaves what it measured to be
# carried on and exported, and keeps to its kinds of choices.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"

# A chip on which a layer costs nothing for each image: else ranks would gain nothing here.
sed 's/^  image: .*/  image: 0/' "$AMCT_TOP_SRCDIR/plugins/estimators/ascend/fit.yaml" >"$work/fit.yaml"

cat >"$work/search.yaml" <<EOF
model: $model
data:
  path: $example
  preprocess: {scale: 1/255, mean: 0.2860, std: 0.3530}
  calibration: 64
  search: 96
  confirm: 400
budget: {max_drop: 5%}
target: {batch: 256, fit_file: $work/fit.yaml}
space:
  skip: [/block2/conv1/Conv, /block2/conv2/Conv] # rebuilding large layers takes longest
  bits: [16, w8a8]
  sparsity: {ratios: [0.25, 0.5]}
  rank: {levels: 2}
search: {evaluations: 14}
EOF
# The same with the choices of channels and ranks that there are by default.
sed '/sparsity:/d; /rank:/d' "$work/search.yaml" >"$work/defaults.yaml"

records() { # STUDY
    sqlite3 "$1/study.sqlite" 'SELECT count(*) FROM candidate'
}

# kinds OUT: b, c, r for what layers have in the result: fewer bits, fewer channels, a rank.
kinds() {
    tr '{' '\n' <"$1/result.json.line" | awk '
        /"channels_kept":[0-9]+,"channels":/ {
            split($0, a, "\"channels_kept\":"); kept = a[2] + 0
            split($0, a, "\"channels\":"); if (kept < a[2] + 0) c = "c"
            if ($0 ~ /"rank":[0-9]/) r = "r"
            if ($0 ~ /"bits":"w/) b = "b"
        }
        END { print b c r }'
}

# algorithm NAME FILE KINDS: KINDS is a pattern of what kinds may print.
algorithm() {
    name=$1 out=$work/$1
    "$program" search -c "$work/$2" -o "$out" --algorithm "$name" -j 1 --json -q >"$work/stdout" 2>"$work/err"
    status=$?
    tr -d '\n\t' <"$work/stdout" >"$out/result.json.line"
    test $status -eq 0 || test $status -eq 3 || test $status -eq 4 || test $status -eq 6
    ok $? "$name: ends in good order (status $status)"
    [ -s "$out/study.sqlite" ] || sed 's/^/# /' "$work/err"
    have=$(kinds "$out")
    echo "$have" | grep -qx "$3"
    ok $? "$name: changes only what it is for ('$have')"

    # As if killed in the middle: the later half of the records is not there, nor are finalists.
    want=$(fingerprint "$out")
    all=$(records "$out")
    cp -r "$out" "$work/half"
    sqlite3 "$work/half/study.sqlite" "DELETE FROM score WHERE candidate >= $((all / 2));
        DELETE FROM candidate WHERE number >= $((all / 2)); DELETE FROM blob"
    "$program" search --resume "$work/half" -j 2 -q >/dev/null 2>"$work/err"
    test $? -eq $status && test "$(fingerprint "$work/half")" = "$want"
    ok $? "$name: carried on with two workers it gives the same bytes"
    rm -rf "$work/half"

    # One of those measured in full, and none that is surely within the other budget is faster.
    "$program" export "$out" --budget 60% -o "$work/other" --json -q >"$work/stdout" 2>"$work/err"
    status=$?
    found=$(tr -d '\n\t' <"$work/stdout" | tr ',' '\n' | sed -n 's/.*"latency_ms":\([0-9.]*\)/\1/p' |
        sed -n 2p | xargs printf '%.6f')
    measured=$(sqlite3 "$out/study.sqlite" "
        SELECT sum(printf('%.6f', cost_ns / 1e6) = '$found') > 0,
            sum(cost_ns / 1e6 < $found - 1e-6 AND lost - gained < 0.4 * n)
        FROM candidate JOIN score ON candidate = number WHERE kind = 'candidate' AND n = 96")
    { [ "$status" -eq 0 ] || [ "$status" -eq 4 ]; } && test "$measured" = '1|0' && test -s "$work/other/fashion_deploy_model.onnx"
    ok $? "$name: export by another budget takes the fastest that was measured ($found)"
    [ "$measured" = '1|0' ] || echo "# $measured, status $status"
    rm -rf "$work/other"
}

algorithm nsga2 search.yaml 'b\?c\?r\?'
algorithm chain search.yaml 'b\?c\?r\?'
algorithm bits-only search.yaml 'b'
algorithm prune-only defaults.yaml 'c'
algorithm rank-only defaults.yaml 'r'
algorithm amct-ilp search.yaml 'b'
algorithm amct-greedy-prune defaults.yaml 'c'
algorithm amct-fixed-rank defaults.yaml 'r'
# AMCT's rule clamps to half of the smaller number of channels for these.
tr '{' '\n' <"$work/amct-fixed-rank/result.json.line" |
    sed -n 's/.*"name":"\([^"]*\)".*"rank":\([0-9]*\),"form":"spatial".*/\1 \2/p' >"$work/ranks"
test "$(tr '\n' ' ' <"$work/ranks")" = '/block1/conv1/Conv 64 /block1/conv2/Conv 64 '
ok $? "amct-fixed-rank: the ranks of AMCT's rule"

"$program" search -c "$work/defaults.yaml" -o "$work/no" --algorithm nonsense >"$work/stdout" 2>"$work/err"
status=$?
for name in auto nsga2 random uniform bits-only prune-only rank-only chain amct-rollback amct-ilp \
    amct-greedy-prune amct-fixed-rank; do
    grep -q "[ ,]$name" "$work/err" || status=0
done
test $status -eq 2 && test ! -s "$work/stdout" && test ! -e "$work/no"
ok $? 'an unknown name is refused with those known'
told=$("$program" search --help | sed -n '/^Algorithms:/,$s/^  \([a-z0-9-]*\)  *[^ ].*/\1/p' | tr '\n' ' ')
known=$(sed -n "s/.*known are //p" "$work/err" | tr -d ,)
test -n "$told" && test "$told" = "$known "
ok $? "--help lists them: $told"

# Of this network no layer makes enough channels, and none has ranks in such steps.
sed 's/^space:/&\n  sparsity: {multiple: 4096}/' "$work/defaults.yaml" >"$work/coarse.yaml"
for name in prune-only rank-only; do
    "$program" search -c "$work/coarse.yaml" -o "$work/no" --algorithm $name >"$work/stdout" 2>"$work/err"
    test $? -eq 2 && grep -q "algorithm $name: no layer of the network" "$work/err" &&
        test "$(wc -l <"$work/err")" -le 2 && test ! -e "$work/no"
    ok $? "$name: a network with nothing of that kind is refused"
    sed 's/^/# /' "$work/err"
done
finish
