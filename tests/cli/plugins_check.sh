# `plugins check` catches a plugin that breaks a rule, one plugin for each, in the case of that rule and
# with words about it; good plugins pass, ours among them.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
plugins=$AMCT_TOP_BUILDDIR/tests/plugins/.libs
printf 'TOYNET1\n2\n\000\000\200\077\000\000\000\100' >"$work/model.toy"
printf '\000\000\200\077\000\000\000\100' >"$work/weights.toy"
instrumented=$(ls "$AMCT_TOP_BUILDDIR"/src/cli/*.gcno 2>/dev/null)
nm "$AMCT_TOP_BUILDDIR/amct-autotune" | grep -q __asan_init && instrumented=asan

mkdir "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR

# check PLUGIN [OPTIONS]: into $work/out, $work/err, $status.
check() {
    file=$1
    shift
    "$program" plugins check "$file" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

# passes NAME: no failure, and all cases ended.
passes() {
    test $status -eq 0 && test ! -s "$work/err" && grep -q ' 0 failed, ' "$work/out"
    ok $? "$1$(grep '^FAIL' "$work/out" | head -n 3 | tr '\n' ';')"
}

importer=$plugins/toy_importer.so
check $importer --model "$work/model.toy" --weights "$work/weights.toy"
passes 'a good importer passes'
! grep -q '^skip' "$work/out" || test -n "$instrumented"
ok $? 'of it, every case is tried'
check $importer
passes 'without a model, what needs one is not tried'
grep -q '^skip read .*no file of this format was given; --model names one' "$work/out"
ok $? 'and it is said why'
estimator=$plugins/toy_estimator.so
check $estimator
passes 'a good estimator passes'
! grep -q '^skip' "$work/out" || test -n "$instrumented"
ok $? 'of it, every case is tried'

# caught NAME CASE WORDS: the case of the rule failed, with these words.
caught() {
    test $status -eq 1 && grep "^FAIL $2 " "$work/out" | grep -qF -- "$3"
    ok $? "$1: $(grep "^FAIL $2 " "$work/out" || echo "case $2 did not fail")"
}

# Each line: what is broken, the case that is to find it, words that are to be said.
breaks() {
    kind=$1
    while IFS='|' read -r broken case words; do
        case $case:$instrumented in
        statics:?* | memory:asan | open-close:asan) continue ;;
        esac
        AMCT_TEST_BREAKS=$broken
        export AMCT_TEST_BREAKS
        if [ "$kind" = importer ]; then
            check $importer --model "$work/model.toy" --weights "$work/weights.toy"
            grep -q "^FAIL $case " "$work/out" || check $importer --model "$work/model.toy"
        else
            check $estimator
        fi
        unset AMCT_TEST_BREAKS
        caught "$kind, $broken" "$case" "$words"
    done
}

breaks importer <<'END'
probe-range|probe|'probe' gave 101, 0 to 100 wanted
probe-zero|probe|'probe' gave 0 for the model, more than 0 wanted
probe-foreign|probe-foreign|'probe' gave 1 for an empty file, 0 wanted
probe-short|probe-short|crashed with SIGSEGV (Segmentation fault) while the first 0 bytes are probed
probe-opens|probe-opens-nothing|'probe' opened the file
takes-option|unknown-option|'open' took the option 'no-such-option-7'
touched|unknown-option|a failed 'open' changed *self
silent|unknown-option|'open' failed (invalid) without saying why
code|unknown-option|with code -2, -5 wanted
strange-code|unknown-option|returned the unknown code -77
strange-code|host-calls|'fail' was given the code -77, -9 to -1 is wanted
no-instance|read|'open' succeeded and gave no instance
open-leaks|open-close|every instance left about 1
read-leaks|memory|kept 1 block of the host after 'close'
head|cut|cut to 0 of 18 bytes: kept 1 block of the host
mute|cut|'read' failed (format) without saying why
beyond|cut|crashed with SIGSEGV
beyond|damaged|crashed with SIGSEGV
weights-beyond|weights-cut|while the weights cut to 0 of 8 bytes is read
weights-ignored|failing-sink|('map') failed with code -6: 'read' returned -3
weights-crash|weights-missing|crashed with SIGSEGV
no-flag|weights-missing|gave a constant without data
no-maker|read|'read' failed
foreign-data|read|'read' failed: constant 'w'
differs|same-twice|another graph the second time
instances|two-instances|import gave another graph than one alone
accepts|foreign|read an empty file as a model
foreign-code|foreign|refused an empty file with code -2; -3 (format) or -4 (unsupported) wanted
bug|foreign|calls it a bug of its own
alloc|failing-alloc|crashed with SIGSEGV (Segmentation fault) after allocation 2 failed
alloc-code|failing-alloc|'read' returned code -3, -1 (nomem) wanted
sink-ignored|failing-sink|('model') failed: the sink was called
sink-code|failing-sink|('model') failed with code -6: 'read' returned -3
stdout|silent|wrote to standard output: 'hello'
stderr|silent|wrote to standard error: 'hello'
file|files|left file descriptor
closed|files|closed file descriptor 0, which is not its own
thread|threads|left 2 threads running after 'close'
handler|signals|changed the handler of signal 10 (SIGUSR1)
mask|signals|changed whether signal 15 (SIGTERM) is blocked
folder|surroundings|changed the working folder
environment|surroundings|changed the environment
umask|surroundings|changed the umask from
rounding|surroundings|changed how floating-point numbers are rounded
static|statics|changed the variable 'a_static'
free|host-calls|'free' was given a block that the plugin does not have
align|host-calls|asked for an alignment of 24, a power of two is wanted
log|host-calls|the text of 'log' is more than one line
level|host-calls|'log' was given the level 9, 0 to 3 is wanted
exit|read|ended the process with exit status 3 while the model is read
abort|read|crashed with SIGABRT (Aborted) while the model is read
END

breaks estimator <<'END'
takes-option|unknown-option|'open' took the option no-such-option-7 = 1
touched|unknown-option|a failed 'open' changed *self
silent|unknown-option|'open' failed (invalid) without saying why
info|open|'info' failed: not today
method|open|'info' gives the method 9, 0 to 2 wanted
maybe|open|'info' gives 2 for deterministic, 0 or 1 wanted
no-device|open|'info' names no device
open-leaks|open-close|every instance left about 1
open-keeps|open-close|kept 1 block of the host after 'close'
close-keeps|answers|kept 4 blocks of the host after 'close'
takes-value|wrong-values|'open' took the option speed = no such value 7
takes-chip|unknown-device|'open' took the option chip = no such value 7
default-refused|defaults|'open' refused the option speed = 1, which is its default
default-differs|defaults|the option speed gives other numbers with its default, '1', than without it
device-refused|devices|'open' refused the device 'Toy2', which it lists
device-name|devices|'info' calls the device 'Toy2' 'Toy1'
incomplete|answers|node 1 'relu': no estimate was given
nan|answers|latency nan ns with spread 0 ns, finite and at least 0 wanted
negative|answers|latency -1 ns
removed|answers|0 wanted for a node that is removed
fixed|answers|finite and at least 0 wanted
mute|answers|'estimate' failed (limit) without saying why
unknown-op|answers|a network with an operator that nobody knows: an unknown operator
empty|answers|crashed with SIGSEGV (Segmentation fault) while it is asked about a network without nodes
drifts|repeatable|the 2. answer differs from the first
instances|two-instances|two instances give
threads|two-threads|gave other numbers while another instance was asked in another thread
leaks|memory|answers left about
alloc|failing-alloc|crashed with SIGSEGV (Segmentation fault) after allocation 2 failed
alloc-code|failing-alloc|'estimate' returned code -6, -1 (nomem) wanted
open-code|failing-alloc|'open' returned code -2, -1 (nomem) wanted
tensor-index|younger-host|the host's structs are longer
node-index|younger-host|the host's structs are longer
cost-index|younger-host|the host's structs are longer
writes-beyond|younger-host|wrote where they are longer
old-field|older-host|the host's structs are those of 1.0
stdout|silent|wrote to standard output: 'hello'
file|files|left file descriptor
thread|threads|running after 'close'
handler|signals|changed the handler of signal 10 (SIGUSR1)
umask|surroundings|changed the umask from
static|statics|changed the variable 'a_static'
free|host-calls|'free' was given a block that the plugin does not have
exit|answers|ended the process with exit status
END

# An option more shows whether their distance is kept.
AMCT_TEST_BREAKS=options-index "$program" plugins check $importer --model "$work/model.toy" \
    --weights "$work/weights.toy" --model-option weights="$work/weights.toy" >"$work/out"
status=$?
caught importer younger-host "failed where the host's structs are longer"
AMCT_TEST_BREAKS=hang "$program" plugins check $estimator --time-limit 200ms >"$work/out"
status=$?
caught estimator answers 'did not end within 0.2'
AMCT_TEST_BREAKS=sum "$program" plugins check $estimator >"$work/out"
test $? -eq 0 && grep -q '^warn sum .*its nodes and the fixed part take' "$work/out"
ok $? 'a sum that is not the total is only warned about'
AMCT_TEST_BREAKS=slow "$program" plugins check $importer --model "$work/model.toy" >"$work/out"
test $? -eq 0 && grep -q '^warn speed .*wanted: a second for 100 MB; found: took ' "$work/out"
ok $? 'slowness is only warned about'

# What is wrong without a call.
check "$plugins/toy_size.so"
caught 'built' struct-sizes 'the importer table has struct_size 48, 64 wanted for the interface 1.4'
check "$plugins/toy_text.so"
caught 'built' texts 'its summary has the character U+000A, one line of text is wanted'
check "$plugins/toy_symbol.so"
caught 'built' one-symbol "exports 'toy_helper' as well"
if [ -z "$instrumented" ]; then
    check "$plugins/toy_constructor.so"
    caught 'built' constructors 'has 1 constructors'
    check $importer
    grep -q "^warn imports .*'exit'" "$work/out"
    ok $? 'a reference to exit is only warned about'
fi
AMCT_TEST_BREAKS=load-exit "$program" plugins check "$plugins/toy_constructor.so" >"$work/out"
status=$?
caught 'built' load 'ended the process with exit status 5 while it is loaded'
check "$plugins/no_symbol.so"
caught 'built' load 'does not export the symbol amct_plugin_v1'
check "$plugins/wrong_kind.so"
caught 'built' load 'its kind is 7'
test "$(wc -l <"$work/out")" -eq 2
ok $? 'nothing more is tried of what cannot be loaded'

check "$work/none.so"
test $status -eq 2 && grep -q 'none.so: No such file' "$work/err" && test ! -s "$work/out"
ok $? 'no such file: status 2'
check $estimator --model "$work/model.toy"
test $status -eq 2 && grep -q 'no importer knows this file' "$work/err"
ok $? 'a network for the estimator that nobody reads: status 2'

check $importer --model "$work/model.toy" --json
test $status -eq 0 && test "$(value "$work/out" failed)" = 0 && test "$(value "$work/out" name)" = load
ok $? '--json'
"$paths" "$work/out" 2>/dev/null | LC_ALL=C sort -u >"$work/plugins_check.paths"
documented plugins_check

# Our own.
own=$AMCT_TOP_BUILDDIR/plugins
check "$own/onnx.so" --model "$model"
passes 'onnx'
check "$own/ascend.so" --model "$model"
passes 'ascend'
check "$own/device.so"
passes 'device'
data=${AMCT_SHARED:-$AMCT_TOP_SRCDIR/../shared}/data
for line in 'caffe models/caffe/lenet.prototxt --weights models/caffe/lenet_iter_10000.caffemodel' \
    'tensorflow models/tensorflow/mnist_conv_savedmodel' \
    'pytorch frameworks/structural/pytorch/se_mobile.pt2' \
    'pytorch models/pytorch/resnet20_cifar10.state_dict.pth' \
    'mindspore models/mindspore/mnist.mindir' \
    'mindspore frameworks/structural/mindspore/se_mobile.ckpt'; do
    set -- $line
    if [ ! -e "$data/$2" ]; then
        n=$((n + 1))
        echo "ok $n - $1 # SKIP no $2 beside the source"
        continue
    fi
    check "$own/$1.so" --model "$data/$2" ${4:+$3 "$data/$4"}
    passes "$1: $2"
done
# Nothing is left behind, neither by cases that end early nor elsewhere than in TMPDIR.
[ -z "$(ls "$work/tmp")" ]
ok $? 'no temporary folder is left behind'
finish
