#!/bin/sh
# The device estimator against stand-ins for CANN's atc and libascendcl.so, which are strict about
# arguments, order and leaks and can be told to fail. No device is here, and none was ever tried.
. "${AMCT_TOP_SRCDIR:-.}/tests/cli/lib.sh"
mkdir -p "$work/cann/bin" "$work/cann/lib64" "$work/tmp"
ln -s "$AMCT_TOP_BUILDDIR/tests/ascendcl/atc" "$work/cann/bin/atc"
ln -s "$AMCT_TOP_BUILDDIR/tests/ascendcl/.libs/libascendcl.so" "$work/cann/lib64/libascendcl.so"
ASCEND_TOOLKIT_HOME=$work/cann AMCT_STANDIN_REPORT=$work/report AMCT_STANDIN_LOG=$work/log
TMPDIR=$work/tmp
export ASCEND_TOOLKIT_HOME AMCT_STANDIN_REPORT AMCT_STANDIN_LOG TMPDIR
unset AMCT_STANDIN_ATC AMCT_STANDIN_ACL AMCT_STANDIN_SOC AMCT_STANDIN_DEVICES

# estimate [K=V ...]: on the device, without its cache unless one is named.
estimate() {
    options='--target-option cache=none'
    for option in "$@"; do options="$options --target-option $option"; done
    : >"$work/log"
    # shellcheck disable=SC2086
    "$program" estimate "$model" --estimator device --batch 8 $options >"$work/out" 2>"$work/err"
}

# fails WORDS NAME: the last run ended with status 2 and one line that has the words.
fails() {
    [ "$status" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -e "$1" "$work/err" &&
        [ ! -s "$work/out" ]
    ok $? "$2"
}

# What was begun was ended, no rule was broken, nothing is left in the temporary folder.
clean() {
    [ ! -e "$work/report" ] &&
        [ "$(grep -c init "$work/log")" -eq "$(grep -c finalize "$work/log")" ] &&
        [ -z "$(ls "$work/tmp")" ]
}

estimate
grep -q '^2\.4.* ms (.*) on Ascend310P3 at batch 8, float16: .* a second (measured)' "$work/out" &&
    [ "$(tr '\n' ' ' <"$work/log")" = 'atc init finalize ' ] && clean
ok $? "a model is compiled, loaded and timed"
original=$(sed -n 's/^\([0-9.]*\) ms .*/\1/p' "$work/out")
"$program" estimate "$model" --estimator device --batch 8 --json --per-layer \
    --target-option cache=none >"$work/estimate"
[ "$(value "$work/estimate" method)" = measured ] && [ "$(value "$work/estimate" batch)" = 8 ]
ok $? "its JSON says so"

estimate cache="$work/cache"
first=$(cat "$work/out")
estimate cache="$work/cache"
[ "$(cat "$work/out")" = "$first" ] && [ ! -s "$work/log" ]
ok $? "the same model is not measured twice"
estimate cache="$work/cache" runs=50
[ -s "$work/log" ]
ok $? "but with another number of runs it is"
echo garbage | tee "$work"/cache/*.txt >/dev/null
estimate cache="$work/cache"
[ "$(cat "$work/out")" = "$first" ] && [ -s "$work/log" ] && estimate cache="$work/cache" &&
    [ ! -s "$work/log" ]
ok $? "a damaged entry of the cache is measured anew"

for entry in "$work"/cache/*.txt; do
    rm "$entry"
    mkfifo "$entry"
done
timeout 60 "$program" estimate "$model" --estimator device --batch 8 \
    --target-option cache="$work/cache" >"$work/out" 2>"$work/err"
[ $? -eq 0 ] && [ "$(cat "$work/out")" = "$first" ]
ok $? "a FIFO in its place is not waited for"

# ---- atc --------------------------------------------------------------------------------------

ASCEND_TOOLKIT_HOME=$work/nothing estimate
status=$?
fails 'there is no atc in PATH nor in ASCEND_TOOLKIT_HOME/bin' "without CANN the line says so"
PATH="$work/cann/bin:$PATH" estimate
ok $? "atc is found in PATH"
AMCT_STANDIN_ATC=fail estimate
status=$?
fails 'E10016: Opname not found in model [conv1]' "what atc complains of is shown"
AMCT_STANDIN_ATC=silent estimate
status=$?
fails 'atc wrote no .om file' "an atc that writes nothing is noticed"
AMCT_STANDIN_ATC=crash estimate
status=$?
fails 'atc was ended by signal' "an atc that crashes is noticed"
AMCT_STANDIN_ATC=hang estimate compile_seconds=0.3
status=$?
fails 'atc took more than 0.3 s' "an atc that hangs is ended"
"$program" estimate "$model" --estimator device --target Ascend999 >"$work/out" 2>"$work/err"
status=$?
fails 'soc_version is not supported' "a chip that atc does not know is refused by it"
clean
ok $? "and nothing is left behind"

# ---- The device ---------------------------------------------------------------------------------

AMCT_STANDIN_SOC=Ascend310B4 estimate
status=$?
fails 'the device: is Ascend310B4, but the target is Ascend310P3' "another chip is refused"
AMCT_STANDIN_DEVICES=0 estimate
status=$?
fails 'there are 0, and device 0 is wanted' "no device at all is told"
estimate device=3
status=$?
fails 'there are 1, and device 3 is wanted' "a device that is not there is told"
AMCT_STANDIN_DEVICES=4 estimate device=3
ok $? "one that is there is used"
rm "$work/cann/lib64/libascendcl.so"
estimate
status=$?
fails 'libascendcl.so' "a missing library is told"
ln -s "$AMCT_TOP_BUILDDIR/tests/plugins/.libs/no_symbol.so" "$work/cann/lib64/libascendcl.so"
estimate
status=$?
fails 'aclInit: is not in libascendcl.so' "so is one without its functions"
rm "$work/cann/lib64/libascendcl.so"
ln -s "$AMCT_TOP_BUILDDIR/tests/ascendcl/.libs/libascendcl.so" "$work/cann/lib64/libascendcl.so"

for call in aclInit aclrtGetDeviceCount aclrtSetDevice aclrtCreateStream aclrtCreateEvent \
    aclmdlLoadFromFile aclmdlGetDesc aclrtMalloc aclrtMemcpy aclmdlAddDatasetBuffer \
    aclrtRecordEvent aclmdlExecuteAsync aclrtSynchronizeStream aclrtEventElapsedTime \
    aclrtCreateEvent@2 aclrtMalloc@2 aclmdlAddDatasetBuffer@2 aclrtRecordEvent@2 \
    aclrtRecordEvent@40 aclmdlExecuteAsync@2 aclmdlExecuteAsync@60 aclrtSynchronizeStream@60; do
    AMCT_STANDIN_ACL=error:$call estimate
    status=$?
    fails "${call%@*}: error 507899, EE9999: Inner Error!" "an error of $call is told"
    clean
    ok $? "and all is given back after it"
done
for call in aclmdlCreateDesc aclmdlCreateDataset aclCreateDataBuffer; do
    AMCT_STANDIN_ACL=error:$call estimate
    status=$?
    fails "$call: gave nothing" "nothing from $call is told"
    clean
    ok $? "and all is given back after it"
done
for call in aclmdlGetInputSizeByIndex aclmdlGetOutputSizeByIndex; do
    AMCT_STANDIN_ACL=error:$call estimate
    status=$?
    fails 'has a tensor of no bytes' "a size of 0 from $call is told"
done
for call in aclmdlGetNumInputs aclmdlGetNumOutputs; do
    AMCT_STANDIN_ACL=error:$call estimate
    status=$?
    fails 'aclmdlExecuteAsync: error 107002' "no tensors from $call fail in the run"
done
clean
ok $? "nothing is left behind"
for call in aclmdlDestroyDataset aclDestroyDataBuffer aclrtFree aclmdlDestroyDesc aclmdlUnload \
    aclrtDestroyEvent aclrtDestroyStream aclrtResetDevice aclFinalize; do
    AMCT_STANDIN_ACL=error:$call estimate
    status=$?
    [ "$status" -eq 0 ] && grep -q "afterwards: $call: error 507899" "$work/err" && clean
    ok $? "an error of $call behind the runs is a warning"
done
for call in aclInit aclrtSetDevice aclmdlLoadFromFile aclmdlExecuteAsync aclrtSynchronizeStream; do
    AMCT_STANDIN_ACL=hang:$call estimate run_seconds=0.3
    status=$?
    fails "took more than 0.3 s: it stands in $call" "a hang in $call is ended"
done
AMCT_STANDIN_ACL=crash:aclmdlLoadFromFile estimate
status=$?
fails 'ended by signal 6 in aclmdlLoadFromFile' "a crash in the library is told"
AMCT_STANDIN_ACL=hang:aclFinalize estimate run_seconds=0.5
[ $? -eq 0 ] && grep -q 'did not let go in time' "$work/err"
ok $? "a hang behind the runs is a warning"
[ ! -e "$work/report" ] && [ -z "$(ls "$work/tmp")" ]
ok $? "no rule of AscendCL was broken, nothing is left behind"

# ---- Signals -------------------------------------------------------------------------------------

# interrupt SIGNAL N WORD COMMAND...: sends it when the log has the word N times; status is the
# command's, that of SIGKILL if it did not end for a minute.
interrupt() {
    signal=$1 times=$2 word=$3
    shift 3
    : >"$work/log"
    "$@" >"$work/out" 2>"$work/err" &
    pid=$!
    # shellcheck disable=SC2016
    timeout 300 sh -c 'until [ "$(grep -c "$0" "$1")" -ge "$2" ]; do sleep 0.1; done' \
        "$word" "$work/log" "$times"
    kill -s "$signal" "$pid"
    timeout 60 sh -c 'while kill -0 "$0" 2>/dev/null; do sleep 0.1; done' "$pid" || kill -s KILL "$pid"
    wait "$pid"
    status=$?
}
for signal in INT TERM; do
    AMCT_STANDIN_ATC=hang interrupt "$signal" 1 atc "$program" estimate "$model" --estimator device \
        --target-option cache=none
    [ "$status" -eq 5 ] && grep -q 'stopped while atc ran' "$work/err" && [ -z "$(ls "$work/tmp")" ]
    ok $? "SIG$signal ends it while atc runs, and nothing is left behind"
    AMCT_STANDIN_ACL=hang:aclmdlExecuteAsync interrupt "$signal" 1 init "$program" estimate "$model" \
        --estimator device --target-option cache=none
    [ "$status" -eq 5 ] && grep -q 'stopped while the device was measured' "$work/err" &&
        [ -z "$(ls "$work/tmp")" ]
    ok $? "SIG$signal ends it while the device runs, and nothing is left behind"
done

# ---- A search that is confirmed -------------------------------------------------------------------

# confirmed OUT WHAT: a search whose target says confirm: WHAT.
confirmed() {
    printf 'target: {batch: 256, confirm: %s}\n%s\n' "$2" "$whole" >"$work/search.yaml"
    : >"$work/log"
    small_search -c "$work/search.yaml" -o "$1" >"$work/out" 2>"$work/err"
}
runs() {
    grep -c atc "$work/log"
}

confirmed "$work/one" '{estimator: device, cache: none}'
status=$?
[ $status -eq 0 ] && [ "$(runs)" -ge 2 ] && clean
ok $? "the original and the finalists are measured"
grep -q "^measured by device: $original ms -> [01]\..* ms (.*x)\$" "$work/out"
ok $? "the verdict has what was measured"
grep -q 'Measured by device: <b>' "$work/one/report.html"
ok $? "so has the report"
before=$(value "$work/one/result.json" baseline_measured_ms) after=$(value "$work/one/result.json" best_measured_ms)
awk -v b="$before" -v a="$after" -v e="$(value "$work/one/result.json" latency_ms)" \
    'BEGIN { exit !(a > 0 && a < b && e > 0.999 * b && e < 1.001 * b) }' &&
    [ "$(value "$work/one/result.json" confirmed_by)" = device ]
ok $? "and so has its JSON, with estimates scaled to the original"
"$paths" "$work/one/result.json" 2>/dev/null | LC_ALL=C sort -u >"$work/search.paths"
documented search
: >"$work/log"
"$program" search --resume "$work/one" -q >"$work/again"
grep -v '^model\|^to compile' "$work/out" >"$work/a"
grep -v '^model\|^to compile' "$work/again" | cmp -s - "$work/a" && [ "$(runs)" -eq 1 ]
ok $? "a search that is carried on ends the same, and measures no finalist again"
ASCEND_TOOLKIT_HOME=$work/nothing confirmed "$work/two" device
status=$?
[ $status -eq 2 ] && grep -q 'confirm: the original: there is no atc' "$work/err" && [ ! -e "$work/two" ]
ok $? "without CANN it ends before it writes anything"
AMCT_STANDIN_ATC=later confirmed "$work/three" '{estimator: device, cache: none}'
status=$?
[ $status -eq 0 ] && grep -q 'the result could not be measured by device' "$work/out" &&
    grep -q 'could not be measured: atc failed with status 1: E10016' "$work/err" &&
    [ "$(value "$work/three/result.json" best_measured_ms)" = null ]
ok $? "finalists that atc refuses are told, and the estimate decides"
AMCT_STANDIN_ATC=slower confirmed "$work/slower" '{estimator: device, cache: none}'
status=$?
[ $status -eq 4 ] && grep -q 'MET by the original, as the best was measured slower' "$work/out" &&
    grep -q "^measured by device: $original ms -> [56]\..* ms (.*x), slower: the original is kept\$" "$work/out" &&
    ! grep -q '^what pays most' "$work/out" &&
    [ "$(value "$work/slower/result.json" speedup)" = 1 ]
ok $? "where all finalists are measured slower, the original is kept"
"$program" estimate "$work/slower/best/fashion_deploy_model.onnx" >"$work/out"
grep -q float16 "$work/out"
ok $? "and is what is written"
printf 'target: {batch: 256, confirm: {estimator: device, cache: none}}\n%s\n' "$whole" >"$work/search.yaml"
AMCT_STANDIN_ATC=hang interrupt INT 1 atc "$program" $small -c "$work/search.yaml" -o "$work/five"
[ "$status" -eq 5 ] && [ ! -e "$work/five" ] && [ -z "$(ls "$work/tmp")" ]
ok $? "a signal ends a search that measures the original"
AMCT_STANDIN_ATC=later-hang interrupt INT 2 atc "$program" $small -c "$work/search.yaml" -o "$work/six"
[ "$status" -eq 5 ] && [ -z "$(ls "$work/tmp")" ]
ok $? "a signal ends one that measures the finalists"
for what in ascend '{runs: 3}' '{estimator: device, runs: none}' nothing; do
    confirmed "$work/four" "$what"
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && [ ! -e "$work/four" ]
    ok $? "confirm: $what is refused"
done

# ---- Options ------------------------------------------------------------------------------------

for option in runs=0 runs=4 runs=10001 runs=2.5 device=-1 device=x run_seconds=0 compile_seconds=nan \
    insert_op_conf=/nowhere insert_op_conf=/tmp cache= chip=a,b; do
    estimate "$option"
    status=$?
    fails "option '${option%%=*}' is '${option#*=}'; wanted is" "$option is refused"
done
estimate aipp=true
status=$?
fails "unknown option 'aipp'; allowed are chip, device, runs, cache" "an unknown option is refused"
"$program" plugins >"$work/out"
grep -q 'estimator  device .*never tried on a real device' "$work/out"
ok $? "plugins says that no device was ever tried"
finish
