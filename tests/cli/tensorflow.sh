# TensorFlow's files through the commands: a graph of a few nodes, and ResNet-20 searched from a
# SavedModel as from ONNX.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
graph=$AMCT_TOP_SRCDIR/tests/fuzz/corpus/tf_graph/conv
data=${AMCT_SHARED:-$AMCT_TOP_SRCDIR/../shared}/data

"$program" inspect "$graph" >"$work/inspect"
grep -q 'TensorFlow' "$work/inspect" && grep -q 'input  x: float32 1x1x6x5' "$work/inspect"
ok $? 'inspect reads a frozen graph, its picture turned'
"$program" inspect "$graph" --model-option layout=file >"$work/inspect"
grep -q 'input  x: float32 1x6x5x1' "$work/inspect"
ok $? 'an option of the importer keeps it as it is'
"$program" inspect "$graph" --model-option outputs=r >"$work/inspect"
grep -q 'output r: float32 1x3x3x2' "$work/inspect"
ok $? 'another one ends the network earlier'
"$program" inspect "$graph" --model-option size=3 2>"$work/error"
test $? -eq 2 && grep -q "unknown option 'size'" "$work/error" && test "$(grep -c . "$work/error")" -eq 1
ok $? 'what the importer does not know is refused in one line'
mkdir "$work/empty"
"$program" inspect "$work/empty" 2>"$work/error"
test $? -eq 2 && grep -q 'a folder without a saved_model.pb' "$work/error"
ok $? 'so is a folder without a model'

net=$data/frameworks/models/tensorflow/resnet20_cifar10.savedmodel
if ! [ -r "$net" ] || ! [ -r "$data/images/cifar10/test1000.bin" ]; then
    n=$((n + 1))
    echo "ok $n # SKIP $net is not there"
    finish
fi
"$program" inspect "$net" --model-option signature=none 2>"$work/error"
test $? -eq 2 && grep -q 'option signature may be: serve, serving_default' "$work/error"
ok $? 'the signatures of a SavedModel are listed'

# One budget, chip and seed for both.
search() { # MODEL OUT
    "$program" search "$1" -c "$work/whole.yaml" --data "$data/images/cifar10/test1000.bin" --scale 1/255 \
        --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --batch 256 --calibration 64 \
        --search-samples 256 --confirm 680 --budget 5% --evaluations 16 --algorithm uniform \
        --seed 3 --quiet -o "$2" >/dev/null
}
search "$net" "$work/tf"
ok $? 'a search from a SavedModel meets its budget'
search "$data/models/onnx/resnet20_cifar10.onnx" "$work/onnx"
ok $? 'as from ONNX'
"$program" eval "$work/tf/best/"*_deploy_model.onnx --original "$net" \
    --data "$data/images/cifar10/test1000.bin" --scale 1/255 --mean 0.485,0.456,0.406 \
    --std 0.229,0.224,0.225 --json -q >"$work/tf.json" &&
    "$program" eval "$work/onnx/best/"*_deploy_model.onnx --json -q \
        --data "$data/images/cifar10/test1000.bin" --scale 1/255 --mean 0.485,0.456,0.406 \
        --std 0.229,0.224,0.225 >"$work/onnx.json"
ok $? 'the compressed model is compared with the SavedModel'
a=$(value "$work/tf.json" value) b=$(value "$work/onnx.json" value)
awk -v a="$a" -v b="$b" 'BEGIN { d = a - b; exit !(a > 0.85 && d < 0.02 && d > -0.02) }'
ok $? "both are as good ($a, $b)"
finish
