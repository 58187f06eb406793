#!/bin/sh
# Estimates that are set right by a profile of msprof, or by one measured latency: `estimate`,
# `inspect`, `search`. The profile is written here, in ATC's names, from the estimate itself.
. "${AMCT_TOP_SRCDIR:-.}/tests/cli/lib.sh"

# write_profile CSV FACTOR: op_summary of the network at batch 256, each fused operator taking
# FACTOR times what is estimated.
"$program" estimate "$model" --batch 256 --per-layer >"$work/plain"
write_profile() {
    awk -v factor="$2" 'BEGIN {
            print "Device_id,Model ID,Op Name,OP Type,Task Start Time(us),Task Duration(us),Input Shapes"
            device["Conv"] = "Conv2D"; device["Gemm"] = "MatMulV2"; device["MaxPool"] = "Pooling"
        }
        $3 == "ok" { name[++n] = $5; us[n] = $1; type[n] = $4 in device ? device[$4] : $4; own[$5] = n }
        $3 == "fused" { if ($7 in own) name[own[$7]] = name[own[$7]] $5 }
        END {
            for (i = 1; i <= n; i++)
                printf "0,1,%s,%s,%d,%.3f,\"\"\"256,1,28,28,16\"\"\"\n", name[i], type[i], i, factor * us[i]
        }' "$work/plain" >"$1"
}
mkdir -p "$work/prof/PROF_1/mindstudio_profiler_output"
csv=$work/prof/PROF_1/mindstudio_profiler_output/op_summary_1.csv
write_profile "$csv" 3
total() { # FILE: the latency in ms
    sed -n 's/^\([0-9.]*\) ms (.*) on .*/\1/p' "$1"
}
fixed=$(awk '$3 == "fixed" { print $1 / 1000 }' "$work/plain")
"$program" estimate "$model" --batch 256 --profile "$work/prof" >"$work/out"
awk -v f="$fixed" -v p="$(total "$work/plain")" -v c="$(total "$work/out")" \
    'BEGIN { w = 3 * (p - f) + f; exit !(c > 0.99 * w && c < 1.01 * w) }' &&
    grep -q 'set right by [0-9]* of [0-9]* operators of the profile, with 100 % of its time, which are \([0-9]*\) of the network.s \1 kernels, with 100 % of theirs' "$work/out"
ok $? "estimate --profile has the times of the profile"
line=$(grep '^set right by ' "$work/out")
"$program" estimate "$model" --batch 256 --measured 1.63ms >"$work/out"
[ "$(total "$work/out")" = 1.63 ] && grep -q '^scaled by ' "$work/out"
ok $? "estimate --measured has that latency"
"$program" estimate "$model" --batch 256 --profile "$work/prof" --measured 1.63ms --json >"$work/estimate"
awk -v v="$(value "$work/estimate" latency_ms)" 'BEGIN { exit !(v > 1.6299 && v < 1.6301) }' &&
    [ "$(value "$work/estimate" method)" = table ] &&
    [ "$(value "$work/estimate" kernels)" = "$(value "$work/estimate" kernels_matched)" ] &&
    "$paths" "$work/estimate" 2>/dev/null | LC_ALL=C sort -u >"$work/estimate.paths"
ok $? "both at a time"
documented estimate
"$program" estimate "$model" --batch 256 --measured 1630ms >"$work/out" 2>"$work/err"
grep -q 'warning: the measured latency is 1630 ms, the estimate [0-9.]* ms, [0-9.e-]* times as much' "$work/err"
ok $? "a latency far from the estimate is warned of, with both figures"

# A candidate is costed by the same factors.
printf 'target: {batch: 256, profile: prof, measured: 2ms}\n%s\n' "$whole" >"$work/search.yaml"
"$program" search "$model" -c "$work/search.yaml" --data "$example" $pixels --calibration 64 \
    --search-samples 64 --confirm 128 --budget 50% --evaluations 4 -q -o "$work/out1" >"$work/said"
status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 6 ] || [ "$status" -eq 4 ]
ok $? "a search takes both from its file"
awk -v v="$(value "$work/out1/result.json" latency_ms)" 'BEGIN { exit !(v > 1.999 && v < 2.001) }' &&
    grep -q "profile: \"$work/prof\"" "$work/out1/search.yaml" && grep -q 'measured: 2ms' "$work/out1/search.yaml"
ok $? "and tells the measured latency as that of the original"
grep -qxF "$line" "$work/said" && grep -q '^scaled by ' "$work/said" &&
    [ "$(value "$work/out1/result.json" time_matched_ratio)" = 1 ] &&
    grep -q 'Set right by a profile' "$work/out1/report.html"
ok $? "its answer, result.json and report say what was matched"
"$paths" "$work/out1/result.json" | LC_ALL=C sort -u >"$work/search.paths"
documented search
"$program" search "$model" -c "$work/search.yaml" --data "$example" $pixels --dry-run -q >"$work/said"
grep -qxF "$line" "$work/said"
ok $? "so does --dry-run"
"$program" search "$model" -c "$work/search.yaml" --data "$example" $pixels --dry-run -q --json >"$work/dry_run"
"$paths" "$work/dry_run" | LC_ALL=C sort -u >"$work/dry_run.paths"
documented dry_run
"$program" inspect "$model" --batch 256 --target Ascend310P3 --profile "$work/prof" >"$work/said"
grep -qxF "$line" "$work/said"
ok $? "so does inspect"
"$program" inspect "$model" --batch 256 --target Ascend310P3 --measured 2ms --json >"$work/inspect"
"$paths" "$work/inspect" | LC_ALL=C sort -u >"$work/inspect.paths"
documented inspect

# refused WORDS NAME: the last command ended with 2 and one line with the words.
refused() {
    [ "$status" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -e "$1" "$work/err"
    ok $? "$2"
}
"$program" inspect "$model" --batch 256 --measured 2ms >"$work/out" 2>"$work/err"
status=$?
refused '--measured sets the gains on a chip right, which are told with --target CHIP' \
    "inspect wants a chip for what was measured"

# Paths mean the same from any folder, and a study knows the files by their content.
mkdir "$work/below"
cp "$AMCT_TOP_SRCDIR/plugins/estimators/ascend/fit.yaml" "$work/below/fit.yaml"
cat "$AMCT_TOP_SRCDIR"/plugins/estimators/ascend/chips/*.yaml >"$work/below/chips.yaml"
small="--data $example $pixels --calibration 64 --search-samples 64 --confirm 128 --budget 50% --evaluations 4 -q"
program=$(realpath "$program")
(
    cd "$work/below" || exit 99
    "$program" search "$(realpath "$model")" --batch 256 $small --profile ../prof -o ox \
        --target-option fit_file=fit.yaml --target-option chip_file=chips.yaml
    "$program" search --resume ox -q
) >"$work/said" 2>"$work/err"
[ $? -ne 2 ] && [ ! -s "$work/err" ]
ok $? "a search with paths from where it began is resumed there"
"$program" search --resume "$work/below/ox" -q >"$work/said" 2>"$work/err" && grep -qxF "$line" "$work/said"
ok $? "and from another folder"
"$program" export "$work/below/ox" --budget 40% -q >"$work/said" 2>"$work/err"
ok $? "and exported from"
printf 'target: {batch: 256, fit_file: below/fit.yaml, profile: prof}\n' >"$work/from.yaml"
"$program" search "$model" -c "$work/from.yaml" --data "$example" $pixels --calibration 64 \
    --search-samples 64 --confirm 128 --budget 50% --evaluations 4 -q -o "$work/oy" >"$work/said" 2>"$work/err"
grep -q "fit_file: \"$work/below/fit.yaml\"" "$work/oy/search.yaml"
ok $? "a file named in a search file lies beside that"
cp "$csv" "$work/kept.csv"
write_profile "$csv" 2
"$program" search --resume "$work/below/ox" -q >"$work/out" 2>"$work/err"
status=$?
refused "is of another search: its profile was 'of content " "a changed profile is another search"
cp "$work/kept.csv" "$csv"
printf '# a word more\n' >>"$work/below/fit.yaml"
"$program" search --resume "$work/below/ox" -q >"$work/out" 2>"$work/err"
status=$?
refused "is of another search: its estimator's fit_file was 'of content " "so is a changed file for the estimator"

# Bad input.
"$program" estimate "$model" --batch 128 --profile "$work/prof" >"$work/out" 2>"$work/err"
status=$?
refused 'was measured at batch 256, by the shapes of ' "a profile at another batch size is refused"
mkdir -p "$work/prof/PROF_2"
cp "$csv" "$work/prof/PROF_2"
"$program" estimate "$model" --batch 256 --profile "$work/prof" >"$work/out" 2>"$work/err"
status=$?
refused "PROF_1 and $work/prof/PROF_2 are of two runs of this network: give the folder of one" \
    "two runs of msprof are not mixed"
rm -r "$work/prof/PROF_2"
head -n 3 "$work/kept.csv" >"$csv"
"$program" estimate "$model" --batch 256 --profile "$work/prof" >"$work/out" 2>"$work/err"
status=$?
refused 'convolutions and matrix products: is it cut' "a profile of two operators is refused"
printf 'Op Name,OP Type,Task Duration(us)\nother_1,Conv2D,12\nother_2,Conv2D,9\n' >"$csv"
"$program" estimate "$model" --profile "$work/prof" >"$work/out" 2>"$work/err"
status=$?
refused '0 of 2 operators, with 0 % of the time, belong to this network' "the profile of another network is refused"
printf 'Op Name,OP Type,Task Duration(us)\n/conv1/Conv,Conv2D,1' | head -c 50 >"$csv"
"$program" search "$model" -c "$work/search.yaml" --data "$example" $pixels -o "$work/out2" >"$work/out" 2>"$work/err"
status=$?
[ "$status" -eq 2 ] && grep -q 'line 2 has 2 fields, 3 wanted: is the file cut?' "$work/err" && [ ! -e "$work/out2" ]
ok $? "a search with a cut profile ends before it writes anything"
"$program" estimate "$model" --profile "" >"$work/out" 2>"$work/err"
status=$?
refused 'the folder of the profile has no name' "a profile without a name is refused"
"$program" estimate "$model" --measured 0s >"$work/out" 2>"$work/err"
status=$?
refused 'wanted is more than 0' "a latency of nothing is refused"
"$program" estimate "$model" --measured 1.63 >"$work/out" 2>"$work/err"
status=$?
refused "'1.63' has no unit: wanted is a time such as 1.63ms" "a latency without a unit is refused"
"$program" estimate "$model" --measured soon >"$work/out" 2>"$work/err"
status=$?
refused "is not a time such as" "a latency that is no time is refused"
finish
