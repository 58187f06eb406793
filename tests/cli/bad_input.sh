# Bad input: one clear line, exit status 2, nothing written.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
cd "$work" || exit 99

# refuses WORDS ARGUMENTS...: exit 2, one line on stderr that holds the words, nothing on stdout, no
# folder `out`.
refuses() {
    words=$1 command=$2
    shift 2
    "$program" "$command" -q "$@" >stdout 2>stderr
    status=$?
    lines=$(grep -c . stderr)
    test $status -eq 2 && grep -qF -- "$words" stderr && test "$lines" -eq 1 && test ! -s stdout &&
        test ! -e out
    ok $? "$words"
    [ "$bad" -eq 0 ] || tail -n 1 stderr | sed "s/^/# status $status: /"
    rm -rf out
}
search() { # WORDS ARGUMENTS...
    words=$1
    shift
    refuses "$words" search "$model" --data "$example" $pixels -o out "$@"
}
yaml() { # WORDS, the file on stdin
    cat >search.yaml
    refuses "$1" search -c search.yaml -o out
}

# The command line.
refuses "unknown option --budgt" search "$model" --budgt 1%
refuses "option --budget needs a value" search "$model" --budget
refuses "one model is wanted" search a.onnx b.onnx
refuses "no model" search -o out
refuses "no data" search "$model" -o out
search "--budget: '1' may mean 1% or all of it" --budget 1
search "'0' is not more than 0% and less than 100%" --budget 0
search "'100%' is not more than 0% and less than 100%" --budget 100%
search "--batch: '0'" --batch 0
search "'Ascend999'" --target Ascend999
search "unknown search algorithm 'annealing', known are auto" --algorithm annealing
search "--memory-limit: '1M' is less than 64 MiB" --memory-limit 1M
search "--output: '' is the name of no folder" -o ''
search "no layer is called 'nothing*'" --skip 'nothing*'
search "--std: wanted numbers above 0" --std 0
search "--std: wanted numbers above 0" --std 0.2,-1,0.2
search "--std: 'nan' is not a number" --std nan
search "--scale: wanted a number above 0" --scale 0
search "99...' is outside of 0" --seed "$(printf '%05000d' 0 | tr 0 9)"
search "--metric: 'top3' is none of top1, top5" --metric top3
search "'colour'" --target-option colour=blue
search "'nobody'" --estimator nobody

# Samples.
search 'not more than the budget allows to lose: are the labels' --budget 96%
search "no/such/folder" --data no/such/folder
mkdir empty
search "empty" --data empty
mkdir -p broken/a broken/b
echo 'not a picture' >broken/a/1.png
echo 'not a picture' >broken/b/1.jpg
search "broken" --data broken
search "samples" --calibration 20000
search "labels" --label-offset 100
search "channel" --data "$example" --color RGB --mean 0.1,0.2,0.3
head -c 3000 "$example/fashion-images-idx3-ubyte.gz" >images-idx3-ubyte.gz
search "images-idx3-ubyte.gz" --data images-idx3-ubyte.gz

# Models.
refuses "nosuch.onnx" inspect nosuch.onnx
: >empty.onnx
refuses "empty.onnx" inspect empty.onnx
echo 'this is no model at all' >text.onnx
refuses "text.onnx" inspect text.onnx
head -c 100000 "$model" >cut.onnx
refuses "cut.onnx" inspect cut.onnx
head -c 100000 "$model" >cut.onnx
refuses "cut.onnx" search cut.onnx --data "$example" $pixels -o out
refuses "empty: is a folder without a saved_model.pb" inspect empty
refuses "nosuch.weights" inspect "$model" --weights nosuch.weights
refuses "holds a network, a file of weights is wanted" inspect "$model" --weights "$model"
importers=$AMCT_TOP_BUILDDIR/tests/plugins/.libs
printf 'WEIGHTS\nno.such.weight 2x2 1 2 3 4\n' >some.weights
refuses "'no.such.weight' is not in the network; " inspect "$model" --weights some.weights \
    --plugin-dir "$importers"
refuses "some.weights: holds weights but no network" inspect some.weights \
    --plugin-dir "$importers"
printf TWOFILES >net.two
refuses "net.two: has no weights; say --weights FILE" search net.two \
    --data "$example" -o out --plugin-dir "$importers"
refuses "net.two: has no weights" eval net.two --data "$example" --plugin-dir "$importers"
mkdir alone && cp "$example/fashion-images-idx3-ubyte.gz" alone
refuses "there are no labels, so there is no accuracy" eval "$model" --data alone $pixels

printf 'model: ""\n' >empty.yaml
refuses "no model: name one, or say model: in the search file" search -c empty.yaml -o out

# Search files: file:line:column.
yaml 'search.yaml:2:1: ' <<'END'
model: m.onnx
modle: m.onnx
END
yaml 'search.yaml:3:' <<'END'
data:
  path: x
  calibration: many
END
yaml "search.yaml:2:13: " <<'END'
budget:
  max_drop: large
END
yaml "search.yaml:2:15: confidence: '100%' is not more than 0% and less than 100%" <<'END'
budget:
  confidence: 100%
END
yaml "search.yaml:2:14: algorithm: unknown search algorithm 'annealing'" <<'END'
search:
  algorithm: annealing
END
yaml "search.yaml:2:14: directory: '' is the name of no folder" <<'END'
output:
  directory: ''
END
yaml "search.yaml:1:15: memory_limit: '1M' is less than 64 MiB" <<'END'
memory_limit: 1M
END
yaml "search.yaml:2:14: " <<'END'
space:
  bits: [16, w3a3]
END
yaml 'search.yaml:3:1: ' <<'END'
model: m.onnx
data: [path
END
yaml 'search.yaml:2:1: ' <<'END'
model: a.onnx
model: b.onnx
END
printf 'space:\n  skip: [/block*, 3]\n' >search.yaml
search "search.yaml:2:19: skip: no layer is called '3'" -c search.yaml
refuses "nosuch.yaml" search -c nosuch.yaml -o out

# Folders.
mkdir full && echo letter >full/letter.txt
"$program" search "$model" --data "$example" $pixels -o full -q >stdout 2>stderr
test $? -eq 2 && grep -q 'holds files but no study' stderr && test "$(ls full)" = letter.txt
ok $? "a folder with other files is left alone"
refuses "is not the folder of a study" report full
refuses "is not the folder of a study" explain full
refuses "is not the folder of a study" export full --budget 1%
refuses "is not the folder of a study" search --resume full
search "cannot make the folder text.onnx/out: Not a directory" -o text.onnx/out
refuses "'' is the name of no folder" search --resume ''
refuses "'' is the name of no folder" report ''
search "/proc/nowhere" -o /proc/nowhere

for levels in nonsense 2of4 16; do
    "$AMCT_TOP_BUILDDIR/bench/ptq" search.yaml 8 --levels $levels >stdout 2>stderr
    test $? -eq 2 && grep -q "there are no levels '$levels'" stderr && test ! -s stdout
    ok $? "ptq knows no levels '$levels'"
done
"$AMCT_TOP_BUILDDIR/bench/ptq" search.yaml 8 --levels w4a8,last,nonsense >stdout 2>stderr
test $? -eq 2 && grep -q "there is no part 'nonsense'" stderr && test ! -s stdout
ok $? "nor parts 'nonsense'"
# A budget that these samples cannot prove has a status of its own, and says how many would do.
"$program" search "$model" --data "$example" $pixels --search-samples 96 --confirm 400 --budget 0.05% -o out -q >stdout 2>stderr
test $? -eq 6 && grep -q 'would do' stderr && test ! -e out
ok $? "a budget that cannot be proven exits 6"
needed=$(sed -n 's/.*: \([0-9]*\) would do.*/\1/p' stderr)
"$program" search "$model" --data "$example" $pixels --search-samples 96 --confirm 400 --budget 0.05% --dry-run >stdout 2>stderr
test $? -eq 0 && grep -q "a search would be refused: $needed confirm samples" stdout
ok $? "a dry run says so, too"
finish
