#!/usr/bin/env bash
# Compiles the Bicep files and the parameter files with the pinned compiler. A warning is a failure.
#   infra/build.sh [folder for the compiled templates]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

dotnet restore ../tools/bicep --verbosity quiet
bicep=$(dotnet msbuild ../tools/bicep -getProperty:Bicep)
output=${1:-$(mktemp --directory)}
mkdir -p "$output"
messages=$(mktemp)
trap 'rm -f "$messages"; [[ -n ${1:-} ]] || rm -rf "$output"' EXIT

"$bicep" build main.bicep --no-restore --outdir "$output" 2>"$messages" || { cat "$messages" >&2; exit 1; }
for parameters in *.bicepparam; do
  "$bicep" build-params "$parameters" --no-restore --outfile "$output/${parameters%.bicepparam}.parameters.json" 2>>"$messages" ||
    { cat "$messages" >&2; exit 1; }
done
if [[ -s $messages ]]; then cat "$messages" >&2; exit 1; fi
echo "infra: $("$bicep" --version), no warnings"
