# One network, ResNet-20 with the same weights, searched from the files of each framework with the same
# budget, chip and seed: the same answer. (Caffe has it not; tests/cli/caffe.sh does it with another.)
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
data=${AMCT_SHARED:-$AMCT_TOP_SRCDIR/../shared}/data
pictures=$data/images/cifar10/test1000.bin
files=$data/frameworks/models
if ! [ -d "$files" ] || ! [ -r "$pictures" ]; then
    ok 0 "a search from each framework # SKIP no models in $data"
    finish
fi
cd "$work" || exit 99

# search NAME MODEL ARGUMENTS...: a small one, in $work/NAME.
search() {
    name=$1
    shift
    "$program" search "$@" -c "$work/whole.yaml" --data "$pictures" --scale 1/255 --mean 0.485,0.456,0.406 \
        --std 0.229,0.224,0.225 --batch 64 --calibration 32 --search-samples 96 --confirm 200 \
        --budget 10% --evaluations 8 --algorithm random --seed 1 -j 1 -q --json -o "$work/$name" \
        >"$work/$name.json"
    status=$?
    test $status -eq 0 && [ "$(value "$name.json" verdict)" = MET ] &&
        test -s "$name"/best/*_deploy_model.onnx
    ok $? "a search from $name is met and faster (status $status)"
}
search onnx "$data/models/onnx/resnet20_cifar10.onnx"
search pt2 "$files/pytorch/resnet20_cifar10.pt2"
search torchscript "$data/models/pytorch/resnet20_cifar10.torchscript.pt" \
    --model-option input=1x3x32x32
search savedmodel "$files/tensorflow/resnet20_cifar10.savedmodel"
search mindir "$files/mindspore/resnet20_cifar10.mindir" \
    --weights "$files/mindspore/resnet20_cifar10.ckpt"

# near A B: within 6 %. Exporters spell a strided slice with one node or with two.
near() {
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0 && b > 0 && a / b < 1.06 && b / a < 1.06) }'
}
for name in pt2 torchscript savedmodel mindir; do
    near "$(value onnx.json latency_ms)" "$(value $name.json latency_ms)"
    ok $? "the same network from $name has the latency of that from ONNX"
    a=$(value onnx.json value) b=$(value $name.json value)
    awk -v a="$a" -v b="$b" 'BEGIN { d = a - b; exit !(a > 0.8 && d <= 0.011 && d >= -0.011) }'
    ok $? "and its accuracy ($a, $b)"
done
finish
