# Caffe: the network of examples/fashion as prototxt and caffemodel, searched like the ONNX file; and
# a real one, if it is there.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
cd "$work" || exit 99
mkdir net elsewhere
take_few
"$AMCT_TOP_BUILDDIR/tests/caffe_fashion" "$model" net/fashion || exit 99
options="-c $work/whole.yaml --data $example $pixels --batch 256 --calibration 64 --search-samples 96 --confirm 400
    --skip /block2/conv1/Conv --skip /block2/conv2/Conv --budget 5% --evaluations 16 --algorithm random"

"$program" eval net/fashion.prototxt --original "$model" --data "$few" $pixels --json \
    >eval.json 2>words
ok $? 'eval reads both files'
grep -q 'net/fashion.prototxt: weights from net/fashion.caffemodel' words
ok $? 'it says which weights were taken'
awk -v agreement="$(value eval.json agreement)" -v far="$(value eval.json relative_l2)" \
    'BEGIN { exit !(agreement == 1 && far < 1e-4) }'
ok $? 'it answers as the ONNX file does'

"$program" search "$model" $options -q -o onnx >/dev/null
"$program" search net/fashion.prototxt $options -q -o caffe >/dev/null
ok $? 'a search on the Caffe net'
test -s caffe/best/fashion_deploy_model.onnx && grep -q '^weights: ~' caffe/search.yaml
ok $? 'leaves a model, and the weights it found beside the net need no mention'
# near A B RATIO
near() {
    awk -v a="$1" -v b="$2" -v ratio="$3" \
        'BEGIN { exit !(a != "" && b > 0 && (a > b ? a - b : b - a) <= ratio * b) }'
}
near "$(value caffe/result.json latency_ms)" "$(value onnx/result.json latency_ms)" 0.01
ok $? 'the original is as fast as that of the ONNX file'
sqlite3 onnx/study.sqlite 'SELECT hex(genome), cost_ns FROM candidate ORDER BY number' >a
sqlite3 caffe/study.sqlite 'SELECT hex(genome), cost_ns FROM candidate ORDER BY number' >b
test -s a && cmp -s a b
ok $? 'the same candidates are measured, at the same latency'
near "$(sqlite3 caffe/study.sqlite 'SELECT sum(n - lost) FROM score')" \
    "$(sqlite3 onnx/study.sqlite 'SELECT sum(n - lost) FROM score')" 0.02
ok $? 'with the same accuracy, but for noise'

# Weights that lie elsewhere.
mv net/fashion.caffemodel elsewhere/some.weights
"$program" search net/fashion.prototxt -w elsewhere/some.weights $options -q -o given >/dev/null
ok $? '--weights names a file anywhere'
grep -q '^weights: ".*/elsewhere/some.weights"' given/search.yaml
ok $? 'the study remembers it'
"$program" search --resume given -q >/dev/null
ok $? 'and carries on with it'
"$program" export given --budget 4% -q -o exported >/dev/null && test -s exported/fashion_deploy_model.onnx
ok $? 'and exports from it'
# One float of the last layer's bias, near the end of the file.
size=$(wc -c <elsewhere/some.weights)
printf '\000\000\000\100' | dd of=elsewhere/some.weights bs=1 seek=$((size - 4)) conv=notrunc 2>/dev/null
"$program" search --resume given -q >/dev/null 2>words
test $? -eq 2 && grep -q 'model' words
ok $? 'other weights are another study'

# Without weights.
"$program" inspect net/fashion.prototxt --json >inspect.json 2>words && grep -q '"parameters":608650' inspect.json
ok $? 'inspect does without weights'
"$program" estimate net/fashion.prototxt --json >estimate.json 2>words
ok $? 'estimate does without weights'
near "$(value estimate.json latency_ms)" \
    "$("$program" estimate "$model" --json >e.json && value e.json latency_ms)" 0.01
ok $? 'and says the same latency'
# refuses WORDS COMMAND...: exit 2, one line.
refuses() {
    words=$1
    shift
    "$program" "$@" -q >out.text 2>words
    test $? -eq 2 && grep -qF -- "$words" words && test "$(grep -c . words)" -eq 1 && test ! -s out.text
    ok $? "$words"
}
refuses 'net/fashion.prototxt: has no weights; say --weights FILE, as beside it lie none or several' \
    search net/fashion.prototxt $options -o none
head -c 100000 elsewhere/some.weights >cut
refuses 'weights of cut: the file is cut short or damaged at byte' inspect net/fashion.prototxt -w cut
refuses 'no.such: No such file' inspect net/fashion.prototxt -w no.such
refuses 'is text, no *.caffemodel' inspect net/fashion.prototxt -w net/fashion.prototxt
sed '/name: "\/block2\/conv1\/Conv"/,/num_output/ s/num_output: 128/num_output: 80/' net/fashion.prototxt \
    >net/other.prototxt
refuses "'/block2/conv1/Conv' blob 0 is 128x128x3x3, 80x128x3x3 wanted" inspect net/other.prototxt \
    -w elsewhere/some.weights
sed 's/kernel_size:/kernel_size/' net/fashion.prototxt >net/bad.prototxt
refuses "net/bad.prototxt: line 13, column 51: ':' wanted behind kernel_size" inspect net/bad.prototxt
refuses "is a *.caffemodel, which holds weights itself" inspect elsewhere/some.weights -w cut
refuses "has no type; give the net's prototxt as MODEL and this file with --weights" inspect elsewhere/some.weights

shared=${AMCT_SHARED:-$AMCT_TOP_SRCDIR/../shared}/data
resnet=$shared/models/caffe/resnet20b_cifar10.prototxt
if [ -r "$resnet" ]; then
    "$program" search "$resnet" -c "$work/whole.yaml" --data "$shared/images/cifar10/test1000.bin" --scale 1/255 \
        --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5 --calibration 64 --search-samples 128 --confirm 400 \
        --budget 5% --evaluations 12 --batch 64 -q -o resnet >/dev/null
    ok $? 'a search on ResNet-20'
    lenet=$shared/models/caffe
    "$program" eval "$lenet/lenet_train_test.prototxt" -w "$lenet/lenet_iter_10000.caffemodel" \
        --model-option input=64x1x28x28 --data "$shared/images/mnist" --scale 0.00390625 --json -q \
        >lenet.json
    near "$(value lenet.json value)" 0.9905 0
    ok $? 'LeNet as it was trained, with the shape of its input from the command line'
else
    ok 0 "a search on ResNet-20 # SKIP $resnet is not there"
fi
finish
