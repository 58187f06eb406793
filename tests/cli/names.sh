# Names and paths as they should not be: nothing acts on the terminal, in a shell or in a JSON reader.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
cd "$work" || exit 99
paths=$AMCT_TOP_BUILDDIR/tests/json_paths
escape=$(printf '\033') override=$(printf '\342\200\256') bad_bytes=$(printf '\377\376')

# clean FILE: no control character but newlines, no override of the writing direction, all UTF-8.
clean() {
    test -s "$1" && ! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$1" &&
        ! LC_ALL=C grep -qF "$override" "$1" && ! LC_ALL=C grep -qF "$bad_bytes" "$1"
}

# A network whose names hold an escape sequence, an override, and what a shell would run.
LC_ALL=C sed "s|/block1/conv1/Conv|/${escape}[J${override}/conv1/Conv|g; s|image|i'\$(p|g" "$model" \
    >hostile.onnx
LC_ALL=C grep -qF "${escape}[J" hostile.onnx || exit 99
"$program" inspect hostile.onnx >inspect
clean inspect && grep -qF '/?[J?/conv1/Conv' inspect
ok $? 'inspect cleans names'
"$program" estimate hostile.onnx --per-layer >estimate
clean estimate && grep -qF '/?[J?/conv1/Conv' estimate
ok $? 'estimate cleans names'
"$program" search hostile.onnx -c "$work/whole.yaml" --data "$example" $pixels --batch 256 --calibration 64 \
    --search-samples 64 --confirm 0 --evaluations 8 --algorithm random -q -o "it's \$HOME" >search
clean search
ok $? 'search cleans names'
for layer in '' "/${escape}[J${override}/conv1/Conv"; do
    "$program" explain "it's \$HOME" ${layer:+"$layer"} >explain
    clean explain && grep -qF '/?[J?/conv1/Conv' explain
    ok $? "explain cleans names${layer:+ of one layer}"
done

# The command for the compiler survives a shell.
atc() { printf '%s\n' "$@" >words; }
eval "$(sed -n 's/^to compile it: //p' search)"
grep -qxF -- "--model=it's \$HOME/best/hostile_deploy_model.onnx" words &&
    grep -qxF -- "--input_shape=i'\$(p:256,1,28,28" words && test "$(grep -c . words)" -eq 5
ok $? 'the line for the compiler is quoted where it must be'
cp "$model" "$(printf 'es\033cape.onnx')"
"$program" search "$(printf 'es\033cape.onnx')" -c "$work/whole.yaml" --data "$example" $pixels --batch 256 \
    --calibration 64 --search-samples 64 --confirm 0 --evaluations 8 --algorithm random -q \
    -o named >search
clean search
ok $? 'nor does the name of a file act on the terminal'
if command -v bash >/dev/null; then
    sed -n 's/^to compile it: atc/printf "%s\\n"/p' search >line
    bash line >words
    grep -qxF -- "--output=es${escape}cape" words
    ok $? 'and the line for the compiler still names it'
fi

# Paths that are not UTF-8.
cp "$model" "$bad_bytes.onnx"
"$program" inspect "$bad_bytes.onnx" --json >inspect
"$paths" inspect >/dev/null && clean inspect
ok $? 'inspect --json stays UTF-8'
refuses() { # WORDS ARGUMENTS...
    words=$1
    shift
    "$program" "$@" -q >out 2>err
    test $? -eq 2 && test ! -s out && test "$(grep -c . err)" -eq 1 && grep -qF "$words" err &&
        test ! -e "$bad_bytes" && test ! -e fresh
    ok $? "$words"
}
mkdir data && cp "$example"/*ubyte.gz data && cp -r data "data$bad_bytes"
refuses 'the path of the model is not UTF-8' search "$bad_bytes.onnx" --data data $pixels -o fresh
refuses 'the path of the data is not UTF-8' search "$model" --data "data$bad_bytes" $pixels -o fresh
refuses 'the path of the labels is not UTF-8' search "$model" --data data $pixels \
    --labels "$(echo "data$bad_bytes"/*labels*)" -o fresh
refuses 'the path of the results is not UTF-8' search "$model" --data data $pixels -o "$bad_bytes"
refuses 'its path is not UTF-8' inspect "$bad_bytes.onnx" --search-file
(cd "data$bad_bytes" && cp "$model" m.onnx &&
    "$program" search m.onnx --data . $pixels -o "$work/fresh" -q 2>"$work/err" >/dev/null)
test $? -eq 2 && grep -qF 'm.onnx: the path of the model is not UTF-8' err && test ! -e fresh
ok $? 'nor a folder above that is not UTF-8'
finish
