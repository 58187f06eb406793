# examples/plugin-importer and examples/plugin-estimator, built as their users build them: somewhere
# else, against what make install installs; checked, and used in a search.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
if ! pkg-config --version >/dev/null 2>&1 || ! cc --version >/dev/null 2>&1; then
    echo '1..0 # SKIP no pkg-config, or no cc'
    exit 0
fi
unset MAKEFLAGS MFLAGS MAKELEVEL PKG_CONFIG_LIBDIR
root=$work/root
make -C "$AMCT_TOP_BUILDDIR" install DESTDIR="$root" >"$work/log" 2>&1
ok $? 'make install'
pc=$(find "$root" -name amct-autotune.pc)
header=$(find "$root" -path '*/include/amct/plugin.h')
installed=$(find "$root" -path '*/bin/amct-autotune')
test -n "$pc" && test -n "$header" && test -x "$installed"
ok $? 'the header, amct-autotune.pc and the program are installed'
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$root
PATH=$(dirname "$installed"):$PATH
own=$(dirname "$(find "$root" -name onnx.so)")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR PATH

for kind in importer estimator; do
    cp -R "$AMCT_TOP_SRCDIR/examples/plugin-$kind" "$work"
    chmod -R u+w "$work/plugin-$kind"
    make -C "$work/plugin-$kind" >"$work/log" 2>&1
    ok $? "$kind: make"
    make -C "$work/plugin-$kind" check >"$work/check" 2>&1
    test $? -eq 0 && grep -q ' 0 failed, 0 with warnings, 0 not tried' "$work/check"
    ok $? "$kind: make check: $(grep '^FAIL\|^warn\|^skip' "$work/check" | head -n 3 | tr '\n' ';')"
    make -C "$work/plugin-$kind" install DESTDIR="$work/installed" >"$work/log" 2>&1
    find "$work/installed" -path "*/amct-autotune/plugins/*.so" | grep -q .
    ok $? "$kind: make install puts it where the program looks"
    lines=$(grep -c . "$work/plugin-$kind/Makefile")
    test "$lines" -le 12
    ok $? "$kind: its Makefile is short ($lines lines)"
done

AMCT_PLUGIN_PATH=$work/plugin-importer:$work/plugin-estimator:$own
export AMCT_PLUGIN_PATH
amct-autotune plugins >"$work/list"
grep -q '^importer *ncnn ' "$work/list" && grep -q '^estimator *roofline ' "$work/list"
ok $? 'both are found through AMCT_PLUGIN_PATH'

# The network of examples/fashion, written as ncnn would.
AMCT_PLUGIN_PATH=$own "$AMCT_TOP_BUILDDIR/tests/ncnn_writer" "$model" "$work/fashion.param" "$work/fashion.bin"
ok $? 'the example network as .param and .bin'
amct-autotune inspect "$work/fashion.param" >"$work/inspect" 2>"$work/err"
head -n 1 "$work/inspect" | grep -q 'fashion.param: ncnn.*0.6094 M parameters, 73.28 M multiplications'
ok $? 'inspect: the same parameters and multiplications'
take_few
for m in "$model" "$work/fashion.param"; do
    amct-autotune eval "$m" --data "$few" $pixels --json -q | tr ',' '\n' | grep -o '"value":.*'
done >"$work/values"
test "$(sort -u "$work/values" | wc -l)" -eq 1 && test "$(wc -l <"$work/values")" -eq 2
ok $? "eval: the same accuracy ($(head -n 1 "$work/values"))"
set -- $small
shift 2 # search, and the model
amct-autotune search "$work/fashion.param" "$@" --estimator roofline --target Imaginary2 \
    -o "$work/out" --json >"$work/result" 2>"$work/err"
status=$?
# Faster is what gains more than the estimator, which nobody has measured, may be wrong by.
want=$(tr -d '\n\t' <"$work/result" | tr ',{' '\n\n' | sed -n 's/^ *"latency_ms": *\([0-9.e+-]*\).*/\1/p' | head -n 2 |
    tr '\n' ' ' | awk -v band="$(value "$work/result" gain_band_ms)" '
    { gain = $1 - $2; print (band == "" || NF != 2 ? "no gain" : gain > band && gain > 0.01 * $1 ? 0 : 4) }')
test "$status" = "$want" && test "$(value "$work/result" verdict)" = MET &&
    test "$(value "$work/result" target)" = Imaginary2 &&
    test -s "$work/out/best/fashion_deploy_model.onnx"
ok $? "search: importer and estimator together (status $status of $want, verdict $(value "$work/result" verdict))"

# Broken files, as the tutorial has them.
sed 's/^Convolution \([^ ]*\)/Convolution3D \1/' "$work/fashion.param" >"$work/odd.param"
cp "$work/fashion.bin" "$work/odd.bin"
amct-autotune inspect "$work/odd.param" 2>"$work/err" >/dev/null
test $? -eq 2 && grep -q "odd.param: line 4: layers of type 'Convolution3D' are not read" "$work/err"
ok $? 'a layer that it does not know is named with its line'
finish
