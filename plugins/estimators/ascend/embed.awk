# Makes C of the data files: their text without comments, line by line, and the names of the chips.
# Arguments: the chip files, then fit.yaml.
BEGIN {
    print "/* Made by embed.awk from the chip files and fit.yaml. */"
    print "#include \"plugins/estimators/ascend/ascend_data.h\"\n"
    print "#include <stddef.h>\n"
}
FNR == 1 {
    n_files++
    base = FILENAME
    sub(/.*\//, "", base)
    names[n_files] = base
    if (n_files > 1)
        print "    ;"
    printf "static const char text_%d[] =\n", n_files
}
/^Ascend[0-9A-Za-z]+:/ && base != "fit.yaml" {
    chip = $0
    sub(/:.*/, "", chip)
    chips[++n_chips] = chip
}
{
    line = $0
    sub(/[ \t]*#.*/, "", line)
    gsub(/\\/, "\\\\", line)
    gsub(/"/, "\\\"", line)
    printf "    \"%s\\n\"\n", line
}
END {
    print "    ;\n"
    print "const ascend_text ascend_chip_texts[] = {"
    for (i = 1; i < n_files; i++)
        printf "    {\"%s\", text_%d, sizeof text_%d - 1},\n", names[i], i, i
    print "    {NULL, NULL, 0},\n};\n"
    printf "const ascend_text ascend_fit_text = {\"%s\", text_%d, sizeof text_%d - 1};\n\n", \
        names[n_files], n_files, n_files
    print "const char *const ascend_chip_names[] = {"
    for (i = 1; i <= n_chips; i++)
        printf "    \"%s\",\n", chips[i]
    print "    NULL,\n};"
}
