#!/usr/bin/env bash
# word_count.sh [PLACE…]: what the word count example has to print, by tr, sort and uniq.
set -euo pipefail
export LC_ALL=C

(($#)) || set -- /usr/share/common-licenses
find -L "$@" -type f -exec sh -c 'for file; do cat "$file"; echo; done' sh {} + |
  tr A-Z a-z | tr -cs a-z '\n' | grep . | sort | uniq -c | sort -k1,1nr -k2 | awk 'NR <= 20 { print $1, $2 }'
