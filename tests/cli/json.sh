# The JSON of every command has the keys that scripts depend on (tests/golden/json), on one line, and
# docs/json.md tells about all of its keys.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"

# keeps NAME: the JSON in $work/NAME has all paths of the golden file.
keeps() {
    test "$(wc -l <"$work/$1")" -eq 1 && "$paths" "$work/$1" 2>"$work/err" | LC_ALL=C sort -u >"$work/$1.paths" &&
        test ! -s "$work/err"
    ok $? "$1: one line of JSON"
    missing=$(LC_ALL=C comm -23 "$AMCT_TOP_SRCDIR/tests/golden/json/$1.txt" "$work/$1.paths" | tr '\n' ' ')
    test -z "$missing"
    ok $? "$1: no key is missing${missing:+: $missing}"
    documented "$1"
}

small_search -o "$work/out" --evaluations 8 --json >"$work/search"
keeps search
cp "$work/out/result.json" "$work/result"
"$paths" "$work/result" | LC_ALL=C sort -u >"$work/result.paths"
test -s "$work/result.paths" && cmp -s "$work/result.paths" "$work/search.paths"
ok $? 'result.json has the keys of search --json'
"$program" report "$work/out" --json >"$work/report"
keeps report
"$program" explain "$work/out" --json >"$work/explain"
keeps explain
take_few
"$program" eval "$model" --data "$few" $pixels --json >"$work/eval"
keeps eval
"$program" inspect "$model" --json >"$work/inspect"
keeps inspect
"$program" inspect "$model" --target Ascend310P3 --batch 256 --json >"$work/inspect"
keeps inspect
grep -q 'gains.choices\[\].levels\[\].rank$' "$work/inspect.paths"
ok $? 'inspect --target: what ranks would gain'
# This chip does not compute in 4 bits.
"$program" inspect "$model" --target Ascend910B3 --batch 16 --json >"$work/inspect"
keeps inspect
grep -q 'layers\[\].skipped\[\].level$' "$work/inspect.paths" &&
    grep -qF '"skipped":[{"level":"w4a8","reason":"it is not faster on the target than a level that loses less"},{"level":"w4a4"' \
        "$work/inspect"
ok $? 'inspect: the levels that a layer lost'
"$program" inspect "$model" --target Ascend910B3 --batch 16 >"$work/text"
grep -q '/block1/conv1/Conv  (no w4a8, w4a4: it is not faster on the target than a level that loses less)$' "$work/text" &&
    grep -q 'left out, bits w4a4 ([4-9]): .* loses less: /block1/conv1/Conv, [^ ]*, [^ ]* and [1-6] more$' "$work/text"
ok $? 'and in the text'
! grep -q -e '[-+]0\.0 %' "$work/text"
ok $? 'no gain has a sign if it is none'
"$program" estimate "$model" --json >"$work/estimate"
keeps estimate
"$program" plugins --json >"$work/plugins"
keeps plugins
small_search --dry-run --json >"$work/dry_run"
keeps dry_run
# Progress is on stderr, an object a line; those of the search itself have the numbers.
"$program" search "$model" -c "$work/whole.yaml" --data "$example" $pixels --batch 256 --calibration 64 --search-samples 64 \
    --confirm 0 --evaluations 8 --algorithm random -o "$work/two" --progress json 2>"$work/all" >/dev/null
grep '"phase"' "$work/all" | tail -n 1 >"$work/progress"
keeps progress
finish
