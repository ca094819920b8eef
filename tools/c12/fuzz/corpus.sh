#!/bin/sh
# Corpora as directories, which libFuzzer wants, and as the text files in the repository. Usage: corpus.sh unpack | pack
set -eu
cd "$(dirname "$0")"

# A line of hexadecimal digits for each input.
unpack() {
    for text in corpus/*.txt; do
        directory=${text%.txt}
        mkdir -p "$directory"
        split -a 4 -l 1 --filter='xxd -r -p > "$FILE"' "$text" "$directory/kept-"
    done
}

# The fewest inputs that do everything that inputs of their length do. Most of what texts do is the TOML parser's.
pack() {
    for directory in corpus/*/; do
        target=$(basename "$directory")
        case $target in
        text) length=45 ;;
        meter) length=300 ;;
        *) length=180 ;;
        esac
        short=$(mktemp -d)
        fewest=$(mktemp -d)
        find "$directory" -type f -size "-${length}c" -exec cp {} "$short" \;
        cargo +nightly fuzz run -s none "$target" "$fewest" "$short" -- -set_cover_merge=1
        for input in "$fewest"/*; do
            xxd -p -c 0 "$input"
        done | sort > "corpus/$target.txt"
        rm -r "$short" "$fewest"
    done
}

"$1"
