# A detector: measured and searched, with labels and without.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
shared=${AMCT_SHARED:-$AMCT_TOP_SRCDIR/../shared}/data
yolo=$shared/models/onnx/yolo-fastest-1.1.onnx
pictures=$shared/images/coco64
if [ ! -r "$yolo" ] || [ ! -r "$pictures/instances.json" ]; then
    echo '1..0 # SKIP no detector beside the source'
    exit 0
fi
# write NAME HEADS LABELS: a search file.
write() {
    cat >"$work/$1.yaml" <<END
model: $yolo
data:
  path: $pictures
  labels: $3
  preprocess: {resize: 320x320, scale: 1/255}
  calibration: 8
  search: 28
detection:
  classes: 80
  heads: $2
budget: {max_drop: 16%}
target: {batch: 16}
$whole
search: {evaluations: 6, algorithm: random}
END
}
anchors='[{stride: 32, anchors: [[115, 73], [119, 199], [242, 238]]}, {stride: 16, anchors: [[12, 18], [37, 49], [52, 132]]}]'
write labelled "$anchors" "$pictures/instances.json"
write free "$anchors" '~'

# What pycocotools says of the same detections; resizing is the same on every machine.
"$program" eval "$yolo" -c "$work/labelled.yaml" --json -q >"$work/eval" 2>"$work/err"
awk -v v="$(value "$work/eval" value)" 'BEGIN { exit !(v > 0.166 && v < 0.169) }'
ok $? "eval: mAP $(value "$work/eval" value)"
"$program" eval "$yolo" -c "$work/labelled.yaml" --metric map50 --original "$yolo" --json -q >"$work/eval"
awk -v v="$(value "$work/eval" value)" 'BEGIN { exit !(v > 0.35 && v < 0.36) }' &&
    test "$(value "$work/eval" drop)" = 0 && test "$(value "$work/eval" agreement)" = 1
ok $? 'eval: mAP at 0.5, and no drop against itself'

# Two files of one network with the outputs in another order: they are paired by name.
faces=$shared/models/caffe/RFB-320.prototxt
plain=$shared/models/onnx/version-RFB-320_without_postprocessing.onnx
if [ -r "$faces" ] && [ -r "$plain" ]; then
    mkdir "$work/few"
    cp "$pictures/000000000009.jpg" "$pictures/000000000025.jpg" "$work/few"
    "$program" eval "$faces" --original "$plain" --data "$work/few" --resize 240x320 --scale 1 \
        --mean 127 --std 128 --json -q >"$work/eval"
    awk -v c="$(value "$work/eval" cosine)" 'BEGIN { exit !(c > 0.999) }'
    ok $? "eval: outputs in another order are paired by name ($(value "$work/eval" cosine))"

    printf '000000000009.jpg 1\n000000000025.jpg 0\n' >"$work/few/labels.txt"
    "$program" search "$plain" --data "$work/few" --resize 240x320 --scale 1 --mean 127 --std 128 \
        --calibration 1 --search-samples 1 --dry-run >"$work/out" 2>"$work/err"
    grep -q 'does not classify, so the labels are not looked at' "$work/err"
    ok $? 'labels that a network has no use for are said'
    "$program" search "$plain" --data "$work/few" --resize 240x320 --scale 1 --mean 127 --std 128 \
        --calibration 1 --search-samples 1 --metric top1 --dry-run -q >"$work/out" 2>"$work/err"
    test $? -eq 2 && test "$(wc -l <"$work/err")" -eq 1 && grep -q 'metric top1 needs a network that classifies' "$work/err"
    ok $? 'and a metric that it cannot have is refused in one line'
fi

for how in labelled free; do
    "$program" search -c "$work/$how.yaml" -o "$work/$how" --json -q >"$work/result" 2>"$work/err"
    status=$?
    case $status in 0 | 3 | 4 | 6) ;; *) false ;; esac
    ok $? "$how: the search ends (status $status)$(tail -n 1 "$work/err")"
    test -s "$work/$how/best/yolo-fastest-1.1_deploy_model.onnx" && test -s "$work/$how/report.html"
    ok $? "$how: a model and a report"
done
test "$(value "$work/labelled/result.json" metric)" = map && test "$(value "$work/free/result.json" metric)" = agreement
ok $? 'map with labels, agreement without'
grep -q '"value":[[:space:]]*1,' "$work/free/result.json"
ok $? 'the original agrees with itself'
"$program" eval "$work/labelled/best/yolo-fastest-1.1_deploy_model.onnx" -c "$work/labelled.yaml" --original "$yolo" \
    >"$work/out" 2>/dev/null
grep -q '^map .* of 64 samples' "$work/out" && grep -q '^the original has .* drop' "$work/out" &&
    grep -q "^detections like the original's: " "$work/out"
ok $? "eval of what was written, beside the original"
cp -R "$work/labelled" "$work/again"
"$program" search --resume "$work/again" --json -q >"$work/result" 2>"$work/err"
for key in value drop measured_now; do
    value "$work/labelled/result.json" $key
    value "$work/again/result.json" $key
done >"$work/values"
test "$(sed -n '1p' "$work/values")" = "$(sed -n '2p' "$work/values")" &&
    test "$(sed -n '3p' "$work/values")" = "$(sed -n '4p' "$work/values")" && test "$(sed -n '6p' "$work/values")" = 0
ok $? 'resumed, nothing is measured again, and the verdict is the same'

# refused NAME WORDS [OPTIONS]
refused() {
    name=$1 words=$2
    shift 2
    "$program" search -c "$work/$name.yaml" -o "$work/none" -q "$@" >"$work/out" 2>"$work/err"
    test $? -eq 2 && grep -qF -- "$words" "$work/err" && test ! -e "$work/none" && test "$(wc -l <"$work/err")" -eq 1
    ok $? "refused: $words$(grep -qF -- "$words" "$work/err" || cat "$work/err")"
}
refused labelled 'metric top1 is not one of detectors' --metric top1
refused free 'metric map needs labels' --metric map
write stride '[{stride: 8, anchors: [[1, 1], [1, 1], [1, 1]]}]' '~'
refused stride 'there is no output for the head of stride 8, which has 3 anchors x (5 + 80 classes) = 255 channels of 40 x 40 cells'
write gone "$anchors" "$work/none.json"
refused gone 'none.json: No such file'
head -c 5000 "$pictures/instances.json" >"$work/cut.json"
write cut "$anchors" "$work/cut.json"
refused cut 'cut.json: is not JSON as of byte'
"$program" search "$model" --data "$example" $pixels --metric map -o "$work/none" >"$work/out" 2>"$work/err"
test $? -eq 2 && grep -q "metric map needs a section 'detection'" "$work/err"
ok $? 'map of a network that is not described as a detector'
finish
