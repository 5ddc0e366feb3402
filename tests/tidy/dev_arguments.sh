#!/usr/bin/env bash
# dev_arguments.sh DEV: what `./dev` says about its arguments before it does anything. It is run as a copy in
# a folder of its own, where there is nothing to build, and where it must leave nothing behind.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/copy"
cp "$1" "$folder/copy/dev"
failed=0

# expect STATUS BEGINNING STREAM ARGUMENTS…: it ends so, STREAM (out or err) begins so, and the usage is shown.
expect() {
  local status=$1 beginning=$2 stream=$3 ended=0 other=err
  shift 3
  [[ $stream == out ]] || other=out
  "$folder/copy/dev" "$@" >"$folder/out" 2>"$folder/err" </dev/null || ended=$?
  if [[ $ended != "$status" || $(head -n 1 "$folder/$stream") != "$beginning"* || -s $folder/$other ||
    $(ls "$folder/copy") != dev ]] || ! grep -q '^usage: ./dev COMMAND' "$folder/$stream"; then
    printf './dev %s: ended with %s instead of %s and said:\n%s\n' "$*" "$ended" "$status" \
      "$(head -n 3 "$folder/out" "$folder/err")"
    failed=1
  fi
}

for help in -h --help; do
  expect 0 'usage: ./dev' out "$help"
  for command in demo test build bench format clean; do
    expect 0 'usage: ./dev' out "$command" "$help"
  done
  expect 0 'usage: ./dev' out bench W1 --repeat 3 "$help"
  expect 0 'usage: ./dev' out test asan "$help"
done

expect 2 "dev: there is no command 'nonsense'" err nonsense --help
expect 2 "dev: there is no preset '--nonsense'" err build --nonsense
expect 2 "dev: bench knows no '--nonsense'" err bench --nonsense
expect 2 "dev: bench knows no 'W12'" err bench W1 W12
expect 2 'dev: --repeat wants a number' err bench --repeat
expect 2 'dev: --scale wants a number' err bench --scale W1
expect 2 "dev: bench knows '--rounds' only with --compare" err bench --rounds 3
expect 2 "dev: bench --compare knows no 'procs'" err bench --compare procs

# Where git knows of no files, there are none to find fault with: that is no praise.
ended=0
"$folder/copy/dev" format --check >"$folder/out" 2>"$folder/err" </dev/null || ended=$?
if [[ $ended != 1 || -s $folder/out || $(tail -n 1 "$folder/err") != 'dev: format asks git'* ]]; then
  printf './dev format --check without a repository: ended with %s and said:\n%s\n' "$ended" "$(cat "$folder/out" "$folder/err")"
  failed=1
fi
exit $failed
