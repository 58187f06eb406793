#!/bin/sh
# How fast a search measures, beside what the executor can do by itself.
#
#     search_rate.sh BUILD DATA
#
# BUILD is a build folder with bench/executor made, DATA a folder like ../shared/data. For ResNet-20
# (1000 search samples) and MobileNet v1 0.75 (500): candidates an hour, samples a second of the
# search loop, the share of the time in which the workers were measuring, images a second of the
# executor on the all-W8A8 network with as many processes (candidates have layers in float, which are
# slower), and the share of the samples that a rejected candidate cost.
set -eu
build=$(cd "$1" && pwd) data=$(cd "$2" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
AMCT_PLUGIN_PATH=$build/plugins
export AMCT_PLUGIN_PATH
processes=$(nproc)

number() { # KEY: of the result
    tr ',{}' '\n\n\n' <"$work/result.json" | sed -n 's/^"'"$1"'":\([-0-9.e+]*\)$/\1/p' | head -n 1
}

# row NAME MODEL EVALUATION_BATCH SEARCH_OPTIONS...
row() {
    name=$1 model=$2 batch=$3
    shift 3
    rm -rf "$work/out"
    "$build/amct-autotune" search -c "$work/$algorithm.yaml" "$model" -o "$work/out" --confirm 0 --seed 1 --json -q "$@" \
        >"$work/result.json" || [ $? -ne 2 ] || exit 2
    executor=$("$build/bench/executor" "$model" --batch "$batch" --processes "$processes" --int8 |
        sed -n 's/^\([0-9.]*\) images.*/\1/p' | head -n 1)
    awk -v name="$name" -v executor="$executor" -v now="$(number measured_now)" \
        -v samples="$(number samples_now)" -v seconds="$(number search_seconds)" \
        -v rejected="$(number rejected)" -v rejected_samples="$(number rejected_samples)" \
        -v search="$(number search)" -v processes="$processes" \
        -v measuring="$(number measuring_processor_seconds)" -v evaluations="$(number evaluations)" 'BEGIN {
        printf "%-22s %9.0f candidates/h %8.0f samples/s, measuring %.2f of the time, ",
            name, 3600 * now / seconds, samples / seconds, measuring / seconds / processes
        printf "%.0f candidates per processor hour; executor %.0f images/s; ",
            3600 * now / measuring, executor
        printf "%d evaluations, %d rejected", evaluations, rejected
        if (rejected > 0)
            printf " after %.2f of the samples", rejected_samples / rejected / search
        printf "\n"
    }'
}

cat "$data/images/cifar10/train1000.bin" "$data/images/cifar10/test1000.bin" >"$work/cifar.bin"
mkdir "$work/images"
while read -r file label; do # every picture twice: 500 to search on need more than 500
    for copy in a b; do
        ln -s "$data/images/imagenet500/$file" "$work/images/$copy-$file"
        echo "$copy-$file $label" >>"$work/images/labels.txt"
    done
done <"$data/images/imagenet500/labels.txt"

# What the others ask for depends on results less: more of them at a time keep workers busy.
printf 'search: {population: 8}\n' >"$work/auto.yaml"
printf 'search: {population: 32}\n' >"$work/random.yaml"
cp "$work/random.yaml" "$work/nsga2.yaml"
for algorithm in auto nsga2 random; do
    row "ResNet-20 $algorithm" "$data/models/onnx/resnet20_cifar10.onnx" 8 --data "$work/cifar.bin" \
        --scale 1/255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --batch 256 \
        --calibration 256 --search-samples 1000 --budget 0.1% --algorithm $algorithm
    row "MobileNet v1 0.75 $algorithm" "$data/models/onnx/mobilenet_v1_0.75_224.onnx" 1 \
        --data "$work/images" --resize 256 --crop 224 --mean 1 --scale 1/127.5 --batch 16 \
        --calibration 200 --search-samples 500 --budget 0.3% --algorithm $algorithm
done
