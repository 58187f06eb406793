# MindSpore's files through the commands: inspect, weights of a checkpoint, refusals.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
corpus=$AMCT_TOP_SRCDIR/tests/fuzz/corpus/mindir
cd "$work" || exit 99

cp "$corpus/conv" net.onnx
"$program" inspect net.onnx >out 2>err
test $? -eq 0 && grep -q ': MindSpore, MindSpore 2.10.0; ' out &&
    grep -q '^input  x: float32 1x2x4x4' out && grep -q '^Conv  *1x2x4x4 ' out
ok $? 'inspect knows a MindIR by content'
"$program" inspect "$corpus/math" >out 2>err
test $? -eq 0 && grep -q 'Fancy' out
ok $? 'an operator that is not known is shown by its name'

refuses() { # WORDS ARGUMENTS...
    words=$1
    shift
    "$program" inspect -q "$@" >out 2>err
    test $? -eq 2 && grep -qF -- "$words" err && [ "$(grep -c . err)" -eq 1 ] && test ! -s out
    ok $? "$words"
}
refuses "the MindSpore importer has input" "$corpus/conv" --model-option size=3
refuses "option input: the dims of 'x' are others in the file (1x2x4x4)" "$corpus/conv" \
    --model-option input=1x3x4x4
refuses 'is encrypted (AES-GCM); load it in MindSpore with its key' "$corpus/encrypted"
refuses "holds weights but no network; give the network as MODEL and this file with --weights" \
    "$corpus/checkpoint"
refuses "'b' is float16, float32 wanted" "$corpus/conv" --weights "$corpus/checkpoint"
head -c 1500 "$corpus/conv" >cut
refuses 'cut: the file is damaged or ends too early: no field at byte' cut
printf '\040\000\000\000MSL2 a table' >net.ms
refuses 'is a MindSpore Lite model (.ms), converted already' net.ms
finish
