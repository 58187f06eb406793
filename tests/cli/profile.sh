#!/bin/sh
# Estimates that are set right by a profile of msprof, or by one measured latency: `estimate`,
# `inspect`, `search`. The profile is written here, in ATC's names, from the estimate itself.
. "${AMCT_TOP_SRCDIR:-.}/tests/cli/lib.sh"

# Each fused operator takes three times what is estimated.
"$program" estimate "$model" --batch 256 --per-layer >"$work/plain"
mkdir -p "$work/prof/PROF_1/mindstudio_profiler_output"
csv=$work/prof/PROF_1/mindstudio_profiler_output/op_summary_1.csv
awk 'BEGIN { print "Device_id,Model ID,Op Name,OP Type,Task Start Time(us),Task Duration(us),Input Shapes" }
    $3 == "ok" { name[++n] = $5; us[n] = $1; type[n] = $4; own[$5] = n }
    $3 == "fused" { if ($7 in own) name[own[$7]] = name[own[$7]] $5 }
    END { for (i = 1; i <= n; i++) printf "0,1,%s,%s,%d,%.3f,\"1,2\"\n", name[i], type[i], i, 3 * us[i] }' \
    "$work/plain" >"$csv"
total() { # FILE: the latency in ms
    sed -n 's/^\([0-9.]*\) ms (.*) on .*/\1/p' "$1"
}
fixed=$(awk '$3 == "fixed" { print $1 / 1000 }' "$work/plain")
"$program" estimate "$model" --batch 256 --profile "$work/prof" >"$work/out"
awk -v f="$fixed" -v p="$(total "$work/plain")" -v c="$(total "$work/out")" \
    'BEGIN { w = 3 * (p - f) + f; exit !(c > 0.99 * w && c < 1.01 * w) }' &&
    grep -q 'set right by [0-9]* of [0-9]* operators of the profile, with 100 % of its time' "$work/out"
ok $? "estimate --profile has the times of the profile"
"$program" estimate "$model" --batch 256 --measured 1.63ms >"$work/out"
[ "$(total "$work/out")" = 1.63 ] && grep -q '^scaled by ' "$work/out"
ok $? "estimate --measured has that latency"
"$program" estimate "$model" --batch 256 --profile "$work/prof" --measured 1.63ms --json >"$work/estimate"
awk -v v="$(value "$work/estimate" latency_ms)" 'BEGIN { exit !(v > 1.6299 && v < 1.6301) }' &&
    [ "$(value "$work/estimate" method)" = table ] &&
    "$paths" "$work/estimate" 2>/dev/null | LC_ALL=C sort -u >"$work/estimate.paths"
ok $? "both at a time"
documented estimate

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
"$program" inspect "$model" --batch 256 --target Ascend310P3 --measured 2ms >"$work/out"
ok $? "inspect takes it too"

# refused WORDS NAME: the last command ended with 2 and one line with the words.
refused() {
    [ "$status" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -e "$1" "$work/err"
    ok $? "$2"
}
printf 'Op Name,OP Type,Task Duration(us)\nother_1,Conv2D,12\nother_2,Conv2D,9\n' >"$csv"
"$program" estimate "$model" --profile "$work/prof" >"$work/out" 2>"$work/err"
status=$?
refused '0 of 2 operators, with 0 % of the time, belong to this network' "the profile of another network is refused"
printf 'Op Name,OP Type,Task Duration(us)\n/conv1/Conv,Conv2D,1' | head -c 50 >"$csv"
"$program" search "$model" -c "$work/search.yaml" --data "$example" $pixels -o "$work/out2" >"$work/out" 2>"$work/err"
status=$?
[ "$status" -eq 2 ] && grep -q 'line 2 has 2 fields, 3 wanted: is the file cut?' "$work/err" && [ ! -e "$work/out2" ]
ok $? "a search with a cut profile ends before it writes anything"
"$program" estimate "$model" --measured 0s >"$work/out" 2>"$work/err"
status=$?
refused 'wanted is more than 0' "a latency of nothing is refused"
"$program" estimate "$model" --measured soon >"$work/out" 2>"$work/err"
status=$?
refused "is not a time such as" "a latency that is no time is refused"
finish
