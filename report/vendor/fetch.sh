#!/usr/bin/env bash
# Fetch the libraries of vendored.json anew, from npm's registry, at the versions that it names.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fetch PACKAGE@VERSION FOLDER FILE...: whole files of the package, its licence with them
fetch() {
  local package=$1 folder=$2
  shift 2
  (cd "$work" && tar xzf "$(npm pack --silent "$package" | tail -1)")
  mkdir -p "$folder"
  for file in "$@" LICENSE; do cp "$work/package/$file" "$folder/"; done
  if [ -d "$work/package/dist/fonts" ]; then
    mkdir -p "$folder/fonts"
    cp "$work"/package/dist/fonts/*.woff2 "$folder/fonts/"
  fi
  rm -r "$work/package"
}

fetch katex@0.19.1 katex dist/katex.min.js dist/katex.min.css
fetch d3@7.9.2 d3 dist/d3.min.js
fetch @observablehq/plot@0.6.17 plot dist/plot.umd.min.js
fetch axe-core@4.14.1 ../../tests/report/browser/axe axe.min.js
