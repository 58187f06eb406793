# Models in PyTorch's files: inspect, weights, refusals.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
corpus=$AMCT_TOP_SRCDIR/tests/fuzz/corpus/torch_archive
cd "$work" || exit 99

for name in pt2 pt2_2024; do
    "$program" inspect "$corpus/seed_$name" >out 2>err
    test $? -eq 0 && grep -q ': PyTorch opset 10, pytorch 2.15.0; ' out &&
        grep -q '^input  x: float32 1x3x8x8' out && grep -q '^Conv  *1x4x10x10 ' out
    ok $? "inspect knows what it is by content ($name)"
done
"$program" inspect "$corpus/seed_script" --model-option input=1x3x8x8 >out 2>err
test $? -eq 0 && grep -q '^output softmax: float32 1x64' out
ok $? 'TorchScript with the dims of its input'

refuses() { # WORDS ARGUMENTS...
    words=$1
    shift
    "$program" inspect -q "$@" >out 2>err
    test $? -eq 2 && grep -qF -- "$words" err && [ "$(grep -c . err)" -eq 1 ] && test ! -s out
    ok $? "$words"
}
refuses "the file does not say the dims of input 'x' (?x3x?x?); say --model-option input=" \
    "$corpus/seed_script"
refuses "option input: the dims of 'x' are others in the file" "$corpus/seed_pt2" \
    --model-option input=1x4x8x8
refuses "option input: '1x' is no list of 1 to 8 dims" "$corpus/seed_script" \
    --model-option input=1x
refuses "holds weights but no network; give the network as MODEL and this file with --weights" \
    "$corpus/seed_state_dict"
"$program" inspect -q "$corpus/seed_pt2" --weights "$corpus/seed_state_dict" >out 2>err
ok $? 'which is what it is for'
refuses "'w' is 4x3, 4x3x1x1 wanted" "$corpus/seed_pt2" --weights "$corpus/seed_old"
# A whole module, as torch.save writes it before 1.6; nothing of it is executed.
{
    printf '\200\002\212\012\154\374\234\106\371\040\152\250\120\031.\200\002M\351\003.\200\002}.'
    printf '\200\002c__main__\nNet\n)\201}b.'
} >module.pt
refuses "the pickle: byte 2: class '__main__.Net' is refused" module.pt
printf '\200\003c__main__\nNet\n)\201.' >module.pkl
refuses 'a Python pickle that torch.save did not write' module.pkl

finish
