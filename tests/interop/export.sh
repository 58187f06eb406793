#!/bin/sh
# Exported files read by others: Python's onnx package and ONNX Runtime. TAP on stdout.
python=${PYTHON:-python3}
if ! "$python" -c 'import numpy, onnx, onnxruntime' 2>/dev/null; then
    echo "1..0 # SKIP $python has not all of numpy, onnx and onnxruntime"
    exit 0
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
tool=$AMCT_TOP_BUILDDIR/tests/interop/export_tool
if ! "$tool" nets "$work/nets"; then
    echo "1..0"
    echo "Bail out! export_tool failed"
    exit 1
fi
"$python" "$AMCT_TOP_SRCDIR/tests/interop/check_export.py" "$work/nets" "$tool" \
    "${AMCT_SHARED:-$AMCT_TOP_SRCDIR/../shared}" "$work"
