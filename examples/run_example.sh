#!/usr/bin/env bash
# run_example.sh MODE WEFT PROGRAM EXPECTED [ARGUMENT…]
#
# Runs an example and compares what it prints, line by line, with the extended regular expressions in the file EXPECTED
# (or those that it prints, if it is a program). MODE is
#   in_process   all in one process
#   processes    over worker processes that the program starts itself
#   connect      against a `weft scheduler` and two workers that run the same program, all started here
set -euo pipefail

mode=$1 weft=$2 program=$3 expected=$4
shift 4

folder=$(mktemp -d)
started=()
clean_up() {
  ((${#started[@]})) && kill -KILL "${started[@]}" 2>/dev/null
  rm -rf "$folder"
}
trap clean_up EXIT

# end PID… asks for a clean end and wants exit code 0.
end() {
  local process
  kill -TERM "$@"
  for process in "$@"; do
    wait "$process" || { echo "process $process did not end cleanly: $?" >&2; exit 1; }
  done
  started=()
}

case $mode in
  in_process) "$program" "$@" >"$folder/printed" ;;
  processes) "$program" --processes "$@" >"$folder/printed" ;;
  connect)
    export WEFT_KEY_FILE=$folder/cluster.key
    exec 3< <(exec "$weft" scheduler --port 0)
    scheduler=$!
    started+=("$scheduler")
    read -r address <&3
    workers=()
    for number in 0 1; do
      "$program" --weft-worker "$address" --nthreads 2 --name "worker-$number" &
      workers+=($!)
      started+=($!)
    done
    "$program" --connect "$address" "$@" >"$folder/printed"
    end "${workers[@]}" "$scheduler"
    ;;
  *)
    echo "unknown mode $mode" >&2
    exit 2
    ;;
esac

if [[ -x $expected ]]; then
  mapfile -t wanted < <("$expected" "$@")
else
  mapfile -t wanted <"$expected"
fi
mapfile -t printed <"$folder/printed"
status=0
((${#wanted[@]} > 0)) || { echo "nothing to compare with" >&2; status=1; }
for ((i = 0; i < ${#wanted[@]} || i < ${#printed[@]}; ++i)); do
  if ! [[ ${printed[i]-<no line>} =~ ^(${wanted[i]-<no more lines>})$ ]]; then
    printf 'line %d\n  wanted  %s\n  printed %s\n' $((i + 1)) "${wanted[i]-<no more lines>}" "${printed[i]-<no line>}" >&2
    status=1
  fi
done
exit $status
