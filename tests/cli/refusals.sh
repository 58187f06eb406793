# Files that are refused: what they are and what to do, in one line whatever was noticed on the way.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
corpus=$AMCT_TOP_SRCDIR/tests/fuzz/corpus/torch_archive
cd "$work" || exit 99

# refuses WORDS ARGUMENTS...: exit 2, one line on stderr that holds the words. Not quiet.
refuses() {
    words=$1
    shift
    "$program" "$@" >stdout 2>stderr
    status=$?
    test $status -eq 2 && grep -qF -- "$words" stderr && [ "$(grep -c . stderr)" -eq 1 ] &&
        test ! -s stdout
    ok $? "$words"
    [ $status -eq 2 ] && [ "$(grep -c . stderr)" -eq 1 ] || sed "s/^/# status $status: /" stderr
}

# Formats that no importer reads.
printf '# a detector\n\n[net]\nwidth=320\n[convolutional]\nfilters=8\n' >net.cfg
refuses "it looks like darknet's description of a network; convert the network to ONNX or Caffe" \
    inspect net.cfg
{
    printf '\000\000\000\000\002\000\000\000\005\000\000\000\200\050\331\000\000\000\000\000'
    for i in 1 2 3 4 5 6 7 8; do printf '\314\007\213\100'; done
} >net.weights
refuses "it looks like darknet's weights; convert the network to ONNX or Caffe" inspect net.weights
{ # ModelDef: name, version, graph: name, op: name, type
    printf '\012\005model\020\001\072\027\012\003net\062\020\012\004data\022\010AippData'
} >net.air
refuses "it looks like an .air model of MindSpore or CANN; give the model that it was made from" \
    inspect net.air

# What an importer warns of before it fails stays unsaid, but for -v.
net() { # END
    printf 'name: "n"\nlayer {\n  name: "x" type: "Input" top: "x"\n'
    printf '  input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } }\n}\nlayer {\n  name: "c"\n'
    printf '  type: "Convolution" bottom: "x" top: "y"\n  convolution_param { num_output: 4\n'
    printf '    kernel_size: 3 %s' "$1"
}
net 'weight_fi' >cut.prototxt
refuses "line 10, column 29: ':' or '{' wanted behind a field's name" inspect cut.prototxt
"$program" inspect -v cut.prototxt >stdout 2>stderr
test $? -eq 2 && grep -q "warning: caffe: .*unknown field 'weight_fi'" stderr
ok $? '-v says what was noticed on the way'
net 'weight_fi: 1 } }' >whole.prototxt
"$program" inspect whole.prototxt >stdout 2>stderr
test $? -eq 0 && grep -q "warning: caffe: .*unknown field 'weight_fi'" stderr
ok $? 'and so does an inspection that ends well'
: >a.caffemodel
: >b.caffemodel
refuses "whole.prototxt: has no weights; say --weights FILE, as beside it lie none or several" \
    eval whole.prototxt --data "$example"
test "$(grep -o whole.prototxt stderr | wc -l)" -eq 1
ok $? 'the file is named once'
refuses "the file does not say the dims of input 'x'" inspect "$corpus/seed_script"
size=$(wc -c <"$corpus/seed_pt2")
for at in 10 30 50 70 90; do # percent; some are in code, some in weights
    cp "$corpus/seed_pt2" changed.pt2
    chmod u+w changed.pt2
    printf '\377\376\375\374' | dd of=changed.pt2 bs=1 seek=$((size * at / 100)) conv=notrunc 2>/dev/null
    "$program" inspect changed.pt2 >stdout 2>stderr
    test $? -eq 2 && [ "$(grep -c . stderr)" -eq 1 ]
    ok $? "bytes changed at $at %: one line"
done

# Weights of another format, and names that two layers have.
printf '\200\002\212\012\154\374\234\106\371\040\152\250\120\031.' >net.pth
refuses "weights of net.pth: is a file of another format, a *.caffemodel is wanted" \
    inspect whole.prototxt --weights net.pth

# Plugins that are cut short.
mkdir plugins
head -c 3000 "$AMCT_TOP_BUILDDIR/plugins/onnx.so" >plugins/cut.so
AMCT_PLUGIN_PATH=$work/plugins "$program" plugins >stdout 2>stderr
test $? -eq 0 && grep -q 'is cut short: the file ends at byte 3000' stdout
ok $? 'a plugin that is cut short is listed with what is wrong with it'

# Dims that no tensor can have.
refuses "option shape is '1x99999999999999999999x3', dims like 1x224x224x3 wanted" inspect \
    "$AMCT_TOP_SRCDIR/tests/fuzz/corpus/tf_graph/conv" \
    --model-option shape=1x99999999999999999999x3

scripted=${AMCT_SHARED:-$AMCT_TOP_SRCDIR/../shared}/data/frameworks/models/pytorch
scripted=$scripted/resnet20_cifar10.scripted.torchscript.pt
if [ -r "$scripted" ]; then
    refuses "only known when the network runs; give --model-option input=1x3x32x32" inspect "$scripted"
else
    ok 0 "dims that the network asks for # SKIP $scripted is not there"
fi
finish
