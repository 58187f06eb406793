# A network that takes the pixels of a digit as one column, on MNIST's own files.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
data=${AMCT_SHARED:-$AMCT_TOP_SRCDIR/../shared}/data
net=$data/models/onnx/mnist-net_256x4.onnx
if ! [ -r "$net" ] || ! [ -r "$data/images/mnist" ]; then
    echo "1..0 # SKIP $net is not there"
    exit 0
fi
"$program" eval "$net" --data "$data/images/mnist" --json -q >"$work/eval.json"
right=$(value "$work/eval.json" value)
awk -v value="$right" 'BEGIN { exit !(value > 0.976 && value < 0.977) }'
ok $? "pictures of 28x28 are taken row by row by a network of 784x1 ($right)"
finish
