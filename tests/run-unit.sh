#!/bin/sh
# Runs one Criterion program with TAP on stdout. A sanitizer's report fails it even where Criterion
# would not notice (leaks are found after the summary), and so does a run of no cases.
program=$1
reports=$(mktemp -d) || exit 99
trap 'rm -rf "$reports"' EXIT
ASAN_OPTIONS=log_path=$reports/asan:${ASAN_OPTIONS-}
UBSAN_OPTIONS=log_path=$reports/ubsan:print_stacktrace=1:${UBSAN_OPTIONS-}
OMP_NUM_THREADS=1
export ASAN_OPTIONS UBSAN_OPTIONS OMP_NUM_THREADS
# The plan must be known before a crash can cut the output short.
"$program" --tap=- --quiet --jobs 1 >"$reports/tap" 2>"$reports/err"
status=$?
sed '/^#.*Criterion/d' "$reports/tap"
cat "$reports/err" >&2
if ! grep -q '^ok\|^not ok' "$reports/tap"; then
    echo "Bail out! $program ran no test case (status $status)"
    exit 1
fi
for report in "$reports"/asan.* "$reports"/ubsan.*; do
    if [ -f "$report" ]; then
        cat "$report" >&2
        echo "Bail out! sanitizer report, see the log of $program"
        exit 1
    fi
done
exit 0
