#!/bin/sh
# What searches have reached after so many evaluations, on the network of examples/fashion, with bits,
# channels and ranks to choose from.
#
#     search_efficiency.sh BUILD WORK [SVG [ALGORITHMS [SEEDS]]]
#
# BUILD is a build folder. For each of the algorithms, 'auto nsga2 random' if none are named, and the
# seeds, '1 2 3 4 5' (a seed draws the split of the samples, too): the latency of the fastest candidate that by then was measured on all search
# samples and is within the budget there, drop + 1.645 standard errors <= 1 %; the original's where
# there is none. A probe of a single gene counts for as much of an evaluation as it has samples; a
# search that ended earlier keeps what it had. The last column is what it ended with, refined and
# confirmed on samples that it never saw. Studies are kept in the folder WORK: what is there is
# not searched again, and what was interrupted is carried on. SVG is where the plot goes.
set -eu
build=$(cd "$1" && pwd)
top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
svg=${3:-$work/search_efficiency.svg}
algorithms=${4:-auto nsga2 random}
seeds=${5:-1 2 3 4 5}

cat >"$work/search.yaml" <<END
model: $top/examples/fashion/fashion.onnx
data:
  path: $top/examples/fashion
  preprocess: {scale: 1/255, mean: 0.2860, std: 0.3530}
  calibration: 256
  search: 1244
  confirm: rest
budget: {max_drop: 1%}
target: {batch: 256}
space:
  bits: [16, w8a8, w4a8, w4a4]
  sparsity: {ratios: [0.125, 0.25, 0.375, 0.5, 0.75]}
  rank: {levels: 3}
search: {evaluations: 400}
END

latency() { # FILE WHICH: of the original, of the best
    sed -n 's/^[[:space:]]*"latency_ms":[[:space:]]*\([-0-9.e+]*\),*$/\1/p' "$1" | sed -n "$2p"
}

for algorithm in $algorithms; do
    for seed in $seeds; do
        out=$work/$algorithm-$seed
        [ -s "$out/result.json" ] && ! grep -q '"status":[[:space:]]*5' "$out/result.json" ||
            AMCT_PLUGIN_PATH=$build/plugins "$build/amct-autotune" search -c "$work/search.yaml" \
                -o "$out" --algorithm $algorithm --seed $seed -q >/dev/null || [ $? -gt 2 ] || exit 2
        echo "run $algorithm $seed $(latency "$out/result.json" 1) $(latency "$out/result.json" 2) \
$(sed -n 's/.*"verdict":[[:space:]]*"\(.*\)".*/\1/p' "$out/result.json" | head -n 1)"
        sqlite3 -separator ' ' "$out/study.sqlite" "
            SELECT c.kind, c.cost_ns, s.n, s.lost, s.gained
            FROM candidate c JOIN score s ON s.candidate = c.number
            WHERE s.look = (SELECT max(look) FROM score WHERE candidate = c.number)
            ORDER BY c.number"
    done
done >"$work/runs.txt"

# A line for each run: algorithm, latency after 25, 50 ... evaluations, at the end.
awk -v budget=0.01 -v full=1244 '
    function close_run(i) {
        if (!name)
            return
        for (; reached < 5; reached++)
            at[reached] = best
        printf "%s", name
        for (i = 0; i < 5; i++)
            printf " %.5f", at[i]
        printf " %.5f\n", verdict == "MET" ? end : original
    }
    $1 == "run" {
        close_run()
        name = $2; original = $4; end = $5; verdict = $6
        best = original; used = reached = 0; limit = 25
        next
    }
    {
        part = $1 == "candidate" ? 1 : $3 / full
        while (reached < 5 && used + part > 25 * 2 ^ reached)
            at[reached++] = best
        used += part
        drop = ($4 - $5) / $3
        error = sqrt($4 + $5 - $3 * drop * drop) / $3
        if ($1 != "probe" && $3 == full && drop + 1.645 * error <= budget && $2 / 1e6 < best)
            best = $2 / 1e6
    }
    END { close_run() }' "$work/runs.txt" >"$work/reached.txt"

# A line for each algorithm and column: median, least, most.
for algorithm in $algorithms; do
    for column in 2 3 4 5 6 7; do
        awk -v a=$algorithm -v c=$column '$1 == a { print $c }' "$work/reached.txt" | sort -n |
            awk -v a=$algorithm -v c=$column '
                { v[NR] = $1 }
                END { print a, c, v[int((NR + 1) / 2)], v[1], v[NR] }'
    done
done >"$work/summary.txt"

awk '
    NR == 1 {
        print "| latency in ms after | 25 | 50 | 100 | 200 | 400 | confirmed |"
        print "| --- | --- | --- | --- | --- | --- | --- |"
    }
    $2 == 2 { printf "%s| %s |", (NR == 1 ? "" : "\n"), $1 }
    { printf " %.4f (%.4f .. %.4f) |", $3, $4, $5 }
    END { print "" }' "$work/summary.txt"

awk '
    function x(c) { return 90 + (c - 2) * 120 }
    function y(v) { return 320 - (v - low) / (high - low) * 270 }
    $2 < 7 {
        median[$1, $2] = $3; least[$1, $2] = $4; most[$1, $2] = $5
        if (!($1 in known)) { known[$1] = 1; order[n++] = $1 }
        if (!rows++ || $4 < low) low = $4
        if (rows == 1 || $5 > high) high = $5
    }
    END {
        low = int(low * 10) / 10; high = int(high * 10 + 1) / 10
        split("#1f6feb #c4432b #6b7280", colour, " "); split("- 6,4 2,4", dash, " ")
        print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"390\" " \
            "font-family=\"sans-serif\" font-size=\"13\">"
        print "<rect width=\"640\" height=\"390\" fill=\"white\"/>"
        for (v = low; v < high + 0.01; v += 0.1) {
            printf "<line x1=\"70\" x2=\"590\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", y(v), y(v)
            printf "<text x=\"62\" y=\"%.1f\" text-anchor=\"end\">%.2f</text>\n", y(v) + 4, v
        }
        for (c = 2; c < 7; c++)
            printf "<text x=\"%d\" y=\"345\" text-anchor=\"middle\">%d</text>\n", x(c), 25 * 2 ^ (c - 2)
        print "<text x=\"330\" y=\"372\" text-anchor=\"middle\">evaluations</text>"
        print "<text x=\"70\" y=\"22\">latency within the budget, ms: median and range of the seeds</text>"
        for (i = 0; i < n; i++) {
            a = order[i]; points = ""
            for (c = 2; c < 7; c++) {
                at = x(c) + (i - 1) * 7
                points = points sprintf("%s%.1f,%.1f", c > 2 ? " " : "", at, y(median[a, c]))
                printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
                    at, at, y(least[a, c]), y(most[a, c]), colour[i + 1]
                printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n",
                    at, y(median[a, c]), colour[i + 1]
            }
            printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", points,
                colour[i + 1], i ? " stroke-dasharray=\"" dash[i + 1] "\"" : ""
            printf "<line x1=\"490\" x2=\"530\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\"%s/>\n",
                62 + 20 * i, 62 + 20 * i, colour[i + 1],
                i ? " stroke-dasharray=\"" dash[i + 1] "\"" : ""
            printf "<text x=\"538\" y=\"%d\">%s</text>\n", 66 + 20 * i, a
        }
        print "</svg>"
    }' "$work/summary.txt" >"$svg"
