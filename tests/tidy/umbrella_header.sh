#!/usr/bin/env bash
# umbrella_header.sh price|company COMPILER INCLUDE_FOLDER…
#
# price:   compiling a file that includes only <weft/weft.hpp> costs at most 0.6 of what <regex> and
#          <iostream> cost (same machine, -O0, median of fifteen, taken in turns so that a busy moment meets both:
#          of five the median is off by two per cent, which is more than there is to spare).
#          <string> and <vector> alone cost 0.46: look at `g++ -H` and -fdump-lang-class for what has come in.
# company: <weft/weft.hpp> brings no header of CAF, Boost or OpenSSL with it.
set -euo pipefail

limit=60 # per cent
question=$1 compiler=$2
shift 2
flags=(-std=c++20 -O0 "${@/#/-I}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo '#include <weft/weft.hpp>' >"$folder/weft.cpp"
printf '#include <regex>\n#include <iostream>\n' >"$folder/standard.cpp"

compile() {
  "$compiler" "${flags[@]}" -c "$folder/$1.cpp" -o "$folder/$1.o"
}

# Milliseconds of processor time: wall time would also count what else the machine does.
cost_ms() {
  local TIMEFORMAT='%3U %3S' spent
  spent=$({ time compile "$1"; } 2>&1)
  awk '{ printf "%d", 1000 * ($1 + $2) }' <<<"$spent"
}

median_of_fifteen() {
  printf '%s\n' "$@" | sort -n | sed -n 8p
}

price() {
  local weft=() standard=() weft_ms standard_ms
  compile weft || exit 1
  compile standard || exit 1 # both once before, so that the files are in memory
  for _ in {1..15}; do
    weft+=("$(cost_ms weft)")
    standard+=("$(cost_ms standard)")
  done
  weft_ms=$(median_of_fifteen "${weft[@]}")
  standard_ms=$(median_of_fifteen "${standard[@]}")
  echo "<weft/weft.hpp> $weft_ms ms, <regex> and <iostream> $standard_ms ms: $((100 * weft_ms / standard_ms)) %, at most $limit %"
  ((100 * weft_ms <= limit * standard_ms))
}

company() {
  local headers strangers
  headers=$("$compiler" "${flags[@]}" -M "$folder/weft.cpp" | tr -s ' \\' '\n')
  grep -q '/weft/weft\.hpp$' <<<"$headers" || { echo "did not find itself among the headers" >&2; exit 1; }
  strangers=$(grep -E '/(caf|boost|openssl)/' <<<"$headers" || true)
  [[ -z $strangers ]] || { printf '<weft/weft.hpp> includes\n%s\n' "$strangers" >&2; exit 1; }
}

# A virtual machine's processor time may be off by a third for seconds: only what is too dear three times is.
if [[ $question == price ]]; then
  price || price || price
else
  "$question"
fi
