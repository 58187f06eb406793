# What the scripts of this folder share: TAP, the program, a small search on examples/fashion.
# shellcheck shell=sh
program=$AMCT_TOP_BUILDDIR/amct-autotune
example=$AMCT_TOP_SRCDIR/examples/fashion
model=$example/fashion.onnx
pixels='--scale 1/255 --mean 0.2860 --std 0.3530'
unset AMCT_PLUGIN_PATH
OMP_NUM_THREADS=1
export OMP_NUM_THREADS
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
n=0
bad=0

# ok STATUS NAME: STATUS 0 is a pass.
ok() {
    n=$((n + 1))
    if [ "$1" -ne 0 ]; then
        bad=1
        printf 'not '
    fi
    echo "ok $n - $2"
}

# Searches of bits alone are quicker.
whole='space: {sparsity: {ratios: []}, rank: {levels: 0}}'
echo "$whole" >"$work/whole.yaml"

# A search that takes seconds; many assignments are within its budget, so that it goes on to the end. Two of
# the four large layers stay as they are, as rebuilding them takes longest.
small="search $model -c $work/whole.yaml --data $example $pixels --batch 256 --skip /block2/conv1/Conv
    --skip /block2/conv2/Conv --calibration 64 --search-samples 96 --confirm 400 --budget 5% --evaluations 24
    --algorithm random --quiet"
small_search() {
    "$program" $small "$@"
}

# The first 1000 of the example's samples, in a folder of their own.
few=$work/few
take_few() {
    mkdir "$few"
    { printf '\000\000\010\003\000\000\003\350\000\000\000\034\000\000\000\034' &&
        gzip -dc "$example/fashion-images-idx3-ubyte.gz" | tail -c +17 | head -c 784000; } >"$few/images-idx3-ubyte"
    { printf '\000\000\010\001\000\000\003\350' &&
        gzip -dc "$example/fashion-labels-idx1-ubyte.gz" | tail -c +9 | head -c 1000; } >"$few/labels-idx1-ubyte"
}

# value FILE KEY: the number or text of the first such key in a JSON file.
value() {
    tr ',{}' '\n\n\n' <"$1" | sed -n 's/^[[:space:]]*"'"$2"'"[[:space:]]*:[[:space:]]*"\{0,1\}\([^"]*\)"\{0,1\}.*$/\1/p' | head -n 1
}

# The bytes that a search must reproduce: the model, and every measurement.
fingerprint() {
    if [ ! -s "$1/best/fashion_deploy_model.onnx" ] || [ ! -s "$1/study.sqlite" ]; then
        echo "nothing in $1"
        return
    fi
    (cd "$1/best" && cat ./* | cksum)
    sqlite3 "$1/study.sqlite" \
        'SELECT number, kind, hex(genome), cost_ns, failed FROM candidate ORDER BY number;
         SELECT candidate, look, n, lost, gained, loss_sum, loss_sum_sq FROM score
         ORDER BY candidate, look' | cksum
}

paths=$AMCT_TOP_BUILDDIR/tests/json_paths
# documented NAME: the section of that name in docs/json.md has all paths of the golden file and of
# $work/NAME.paths, in which the estimator has a name.
documented() {
    awk -v name="$1" '/^## / { inside = $2 == name } inside' "$AMCT_TOP_SRCDIR/docs/json.md" |
        grep -o '`[^`]*`' | tr -d '`' | LC_ALL=C sort -u >"$work/documented"
    unknown=$(cat "$AMCT_TOP_SRCDIR/tests/golden/json/$1.txt" "$work/$1.paths" |
        sed 's/^versions\.ascend$/versions.ESTIMATOR/' | LC_ALL=C sort -u |
        LC_ALL=C comm -23 - "$work/documented" | tr '\n' ' ')
    test -s "$work/documented" && test -z "$unknown"
    ok $? "$1: docs/json.md has every key${unknown:+, but not: $unknown}"
}

# reasons OUT: how many reasons of layers name a faster level; fails unless each says what the table says of that
# level: it is faster by more than rounds to 0.0 %, its loss alone was measured or not.
reasons() {
    "$program" explain "$1" | sed -n '2,$s/.*  \(\/[^ ]*\).*/\1/p' | while read -r layer; do
        "$program" explain "$1" "$layer"
    done | awk '
        / accuracy/ { print "# " $0; wrong++ }
        /^  \*/ { now = $(NF - 3); next }
        /^    .* [-+0-9.e]+ +[0-9.]+ +[-+.0-9e]+$/ {
            loss = $NF; more = $(NF - 2)
            level = $1 " " $2; sub(/,/, "", level)
            if ($2 != "channels" && $1 != "rank") level = $1
            if ($1 == "rank") { level = $0; sub(/^ */, "", level); sub(/,/, "", level); sub(/  .*/, "", level) }
            losses[level] = loss; changes[level] = more
        }
        /: faster with / {
            named++
            level = $0; sub(/.*: faster with /, "", level); sub(/,.*/, "", level); sub(/ of [0-9]+/, "", level)
            alone = $0 ~ /at a loss of/ ? $0 : "-"
            sub(/.*at a loss of /, "", alone); sub(/ .*/, "", alone)
            if (losses[level] != alone || !(changes[level] < -0.5 * now)) {
                print "# " $0 " [" losses[level] "] [" changes[level] "]"; wrong++
            }
        }
        END { print named + 0; exit wrong > 0 }'
}

finish() {
    echo "1..$n"
    exit 0
}
