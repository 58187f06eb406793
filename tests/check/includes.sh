#!/bin/sh
# The table of who may include whom (CONTRIBUTING.md), held against every #include of the tree; and
# libraries that one file only may talk to. TAP.
top=${AMCT_TOP_SRCDIR:-$(dirname "$0")/../..}
cd "$top" || exit 1

# A folder and the folders of src/ (and search) whose headers it may include besides its own.
table='
src/base
src/graph:base
src/plugin:base
src/data:base
src/study:base
search:base
src/ops:base graph
src/passes:base graph ops
src/import:base graph plugin
src/exec:base graph ops
src/compress:base graph ops passes exec
src/structure:base graph ops passes exec compress
src/measure:base graph plugin exec data
src/conform:base graph plugin import measure
src/export:base graph ops passes compress
src/report:base study
src/tune:base graph plugin ops passes import exec data compress structure measure search study export
src/cli:base graph plugin ops passes import exec data compress structure measure search study export report tune conform
'
# A header and the only file that may include it, or all files below a folder.
alone='
dnnl.h src/exec/onednn
yaml.h src/base/yaml.c
sqlite3.h src/study/study.c
dlfcn.h src/plugin/load.c plugins/estimators/device/device_acl.c
png.h src/data/png.c
turbojpeg.h src/data/jpeg.c
cblas.h src/compress/linalg.c
lapacke.h src/compress/linalg.c
onnx/onnx.pb-c.h src/export/ plugins/importers/onnx/
'

n=0
failed=0
report() { # STATUS WHAT, findings on stdin
    n=$((n + 1))
    if [ -z "$1" ]; then
        echo "ok $n - $2"
    else
        failed=1
        echo "not ok $n - $2"
        printf '%s\n' "$1" | sed 's/^/# /'
    fi
}

listed=' '
while IFS=: read -r folder allowed; do
    [ -n "$folder" ] || continue
    listed="$listed$folder "
    own=${folder#src/}
    found=$(grep -n '^#include "' "$folder"/*.c "$folder"/*.h 2>/dev/null |
        while IFS= read -r line; do
            header=$(printf '%s' "$line" | sed 's/.*#include "\([^"]*\)".*/\1/')
            case $header in
            */*) from=${header%%/*} ;;
            *) from= ;;
            esac
            case " $own $allowed " in
            *" $from "*) ;;
            *) [ "$from" = onnx ] || printf '%s\n' "$line" ;; # generated, see below
            esac
        done)
    report "$found" "$folder includes only what it may"
done <<END
$table
END

unlisted=$(for folder in src/* search; do
    case "$listed" in
    *" $folder "*) ;;
    *) [ -d "$folder" ] && echo "$folder" ;;
    esac
done)
report "$unlisted" "every folder is in the table"

found=$(grep -n '^#include "' plugins/*/*/*.[ch] | while IFS= read -r line; do
    folder=$(dirname "${line%%:*}")
    header=$(printf '%s' "$line" | sed 's/.*#include "\([^"]*\)".*/\1/')
    case $header in
    ../common/*) ;;
    ../*) printf '%s\n' "$line" ;;
    # Compiled into the plugin, which shares nothing with the host for it.
    base/err.h | base/yaml.h) continue ;;
    esac
    # generated from a schema of the folder's own, or onnx.proto
    [ -f "$folder/$header" ] || [ -f "$folder/${header%.pb-c.h}.proto" ] ||
        [ "$header" = onnx/onnx.pb-c.h ] || printf '%s\n' "$line"
done
grep -n '#include <' plugins/*/*/*.[ch] | grep '<amct/' | grep -v '<amct/plugin.h>')
report "$found" "plugins include amct/plugin.h, files of their own, plugins/importers/common, and of src base/err.h and base/yaml.h"

while read -r header places; do
    [ -n "$header" ] || continue
    found=$(grep -nE "#include [<\"]$header[>\"]" src/*/*.[ch] search/*.[ch] plugins/*/*/*.[ch] |
        while IFS= read -r line; do
            here=
            for place in $places; do
                case $line in "$place"*) here=1 ;; esac
            done
            [ -n "$here" ] || printf '%s\n' "$line"
        done)
    report "$found" "$header is included only by $places"
done <<END
$alone
END

found=$(for f in $(find src search plugins include tests bench -name '*.[ch]'); do basename "$f"; done |
    sort | uniq -d)
report "$found" "file names are unique"

echo "1..$n"
exit $failed
