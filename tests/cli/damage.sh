# What a search left, damaged afterwards or taken away beneath it: exit status 2, and the file is named.
. "$AMCT_TOP_SRCDIR/tests/cli/lib.sh"
cd "$work" || exit 99
small_search -o whole >/dev/null
whole_status=$?
test $whole_status -ne 2 || exit 99

# refuses WORDS ARGUMENTS...
refuses() {
    words=$1
    shift
    "$program" "$@" -q >stdout 2>stderr
    status=$?
    test $status -eq 2 && test "$(grep -c . stderr)" -eq 1 && test ! -s stdout &&
        grep -qF -- "$words" stderr
    ok $? "$1: $words"
    [ "$bad" -eq 0 ] || sed "s/^/# status $status: /" stderr
}

# result.json: of two values under a key the first counts.
cp -r whole out
damaged() { # WORDS
    for command in 'explain out' 'explain out --json' 'report out'; do
        refuses "out/result.json: $1" $command
    done
}
sed '1a "layers": 5,' whole/result.json >out/result.json
damaged 'layers is not a list'
sed '1a "layers": [5],' whole/result.json >out/result.json
damaged 'layers holds what is not an object'
for value in 0 2 '"1"' null; do
    sed "1a \"schema\": $value," whole/result.json >out/result.json
    damaged 'schema is not 1: it is no result of a search, or of another version'
done
sed '1a "layers": [{"name": null}],' whole/result.json >out/result.json
damaged 'layers[0].name is not a text'
layer='"name": "a", "op": "Conv", "bits": "16", "baseline_bits": "16"'
for value in -1 1e300 1e999 '"many"' '[]'; do
    sed "1a \"layers\": [{$layer, \"channels\": $value, \"chosen\": [], \"alternatives\": []}]," \
        whole/result.json >out/result.json
    damaged 'layers[0].channels is not a number from 0 to 1e15'
done
sed "1a \"layers\": [{$layer}]," whole/result.json >out/result.json
damaged 'layers[0].chosen is not a list'
sed "1a \"layers\": [{$layer, \"chosen\": [], \"alternatives\": [{}, 5]}]," whole/result.json >out/result.json
damaged 'layers[0].alternatives[0].kind is not a text'
sed '1a "baseline": {"latency_ms": -0.5},' whole/result.json >out/result.json
damaged 'baseline.latency_ms is not a number from 0 to 1e15'
sed '1a "best": null,' whole/result.json >out/result.json
damaged 'best is not an object'
echo '{"schema": 1}' >out/result.json
damaged 'baseline is not an object'
echo '[' >out/result.json
damaged 'byte '

# What is not known is a dash; for what a search came to its result is enough.
sed "1a \"layers\": [{$layer, \"chosen\": [{\"kind\": \"bits\"}], \"alternatives\": []}]," \
    whole/result.json >out/result.json
rm -r out/study.sqlite out/best
"$program" explain out >stdout 2>stderr && "$program" explain out a >>stdout && grep -q '^16  *-  *-  *-' stdout &&
    ! grep -q nan stdout
ok $? 'explain: does without the study'
refuses 'out is not the folder of a study' report out
rm out/result.json
refuses 'out is not the folder of a study' explain out

# study.sqlite.
rm -r out && cp -r whole out
sqlite3 out/study.sqlite 'UPDATE score SET n = n + 1 WHERE candidate = 0'
refuses 'out/study.sqlite: damaged: result of candidate 0: ' search --resume out
refuses 'out/study.sqlite: damaged: result of candidate 0: ' export out --budget 4%
for count in 9223372036854775807 4294967392 -1; do
    sqlite3 out/study.sqlite "UPDATE score SET n = $count WHERE candidate = 0"
    for command in 'search --resume out' 'export out --budget 4%' 'report out'; do
        refuses "out/study.sqlite: candidate 0 is damaged: a score counts $count samples" $command
    done
done
cp whole/study.sqlite out/study.sqlite
for what in 'cost_ns = -1e300' "cost_ns = 'abc'" 'seconds = -5'; do
    sqlite3 out/study.sqlite "UPDATE candidate SET $what WHERE number = 0"
    refuses 'out/study.sqlite: candidate 0 is damaged' report out
    cp whole/study.sqlite out/study.sqlite
done
for what in 'lost = n, gained = 1' 'loss_sum = -5' 'loss_sum = 1e300, loss_sum_sq = 1e300' "loss_sum = 'abc'"; do
    sqlite3 out/study.sqlite "UPDATE score SET $what WHERE candidate = 0"
    refuses 'out/study.sqlite: candidate 0 is damaged: ' report out
    cp whole/study.sqlite out/study.sqlite
done
sqlite3 out/study.sqlite "UPDATE candidate SET genome = x'0203' WHERE number = 0"
refuses 'out/study.sqlite: candidate 0 ' search --resume out
cp whole/study.sqlite out/study.sqlite
sqlite3 out/study.sqlite 'DELETE FROM candidate'
refuses 'out/study.sqlite: candidate 0 is damaged' search --resume out
refuses 'out/study.sqlite: candidate 0 is damaged' report out
cp whole/study.sqlite out/study.sqlite
sqlite3 out/study.sqlite 'DROP TABLE score'
refuses 'out/study.sqlite: damaged ' search --resume out
refuses 'out/study.sqlite: damaged ' report out

# What became of finalists is made anew where it is not what was put there.
same() { # NAME SQL
    rm -rf out && cp -r whole out && rm -r out/best
    sqlite3 out/study.sqlite "$2"
    "$program" search --resume out -q >stdout 2>stderr
    status=$?
    test $status -eq "$whole_status" && test "$(cat out/best/* | cksum)" = "$(cat whole/best/* | cksum)"
    ok $? "$1: made anew (status $status)"
}
same 'what was refined' \
    "UPDATE blob SET data = substr(data, 1, 12) || x'ffffff7f' || substr(data, 17) WHERE kind = 'refitted'"
same 'what was confirmed' \
    "UPDATE blob SET data = substr(data, 1, 60) || randomblob(8) || substr(data, 69) WHERE kind = 'confirmed'"
rm -rf out && cp -r whole out
head -c 5000 whole/study.sqlite >out/study.sqlite
refuses 'out/study.sqlite: ' search --resume out

# Taken away while the search is at work.
for gone in '' /study.sqlite; do
    "$program" $small -o lost >stdout 2>stderr &
    search=$!
    tries=0
    while [ ! -e lost/best ] && kill -0 $search 2>/dev/null && [ $tries -lt 3000 ]; do
        tries=$((tries + 1))
        sleep 0.02
    done
    rm -rf "lost$gone"
    wait $search
    status=$?
    test $status -eq 2 && test ! -s stdout && test "$(grep -c . stderr)" -eq 1 &&
        grep -qF 'lost/study.sqlite: was removed or replaced' stderr && test ! -e lost/result.json
    ok $? "a search whose results are taken away (${gone:-all}) says so"
    [ "$bad" -eq 0 ] || sed "s/^/# status $status: /" stderr
    rm -rf lost
done
finish
