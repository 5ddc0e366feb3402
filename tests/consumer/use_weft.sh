#!/usr/bin/env bash
# use_weft.sh installed    FOLDER BUILD_OF_WEFT PROJECT    use Weft from where `cmake --install` put it
# use_weft.sh subdirectory FOLDER SOURCE_OF_WEFT PROJECT   use Weft's sources as a part of the project
# use_weft.sh exports      FOLDER LIBRARY                  what libweft.so lets others see
#
# FOLDER is emptied and holds all that is made. CMAKE names cmake; CXX and CXXFLAGS are those that Weft was built with.
set -euo pipefail

strangers='caf|boost|openssl|libcrypto|libssl'
way=$1 folder=$2
shift 2
rm -rf "$folder"
mkdir -p "$folder"

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

configure() { # PROJECT OPTION…
  "$CMAKE" -G Ninja -S "$1" -B "$folder/build" "${@:2}"
}

# None of the strangers in the text on stdin, which is WHAT of the consumer and has to contain EXPECTED.
free_of_strangers() { # WHAT EXPECTED
  local text found
  text=$(cat)
  grep -qE -- "$2" <<<"$text" || fail "$1 does not contain '$2':" "$text"
  found=$(grep -iE "$strangers" <<<"$text" || true)
  [[ -z $found ]] || fail "$1 contains" "$found"
}

# The folder of this test may itself be below one that is called after a stranger, so only what comes behind an
# include folder counts.
headers_read() {
  ninja -C "$folder/build" -t deps CMakeFiles/consumer.dir/main.cpp.o | sed -n 's|^ .*include/||p'
}

link_line() {
  ninja -C "$folder/build" -t commands consumer | tail -n 1 | sed "s|$folder||g"
}

libraries_needed() {
  readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

installed() { # BUILD_OF_WEFT PROJECT
  local prefix=$folder/elsewhere output from_sources
  "$CMAKE" --install "$1" --prefix "$folder/at_first" >"$folder/install.log"
  mv "$folder/at_first" "$prefix"
  configure "$2" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_{CAF,Boost,OpenSSL}=ON
  "$CMAKE" --build "$folder/build"

  headers_read | free_of_strangers "the list of headers" '^weft/weft\.hpp$'
  from_sources=$(ninja -C "$folder/build" -t deps CMakeFiles/consumer.dir/main.cpp.o | grep /weft/ | grep -vF " $prefix/include/weft/" || true)
  [[ -z $from_sources ]] || fail "these headers are not those that were installed:" "$from_sources"
  link_line | free_of_strangers "the link line" '--build-id'
  libraries_needed "$folder/build/consumer" | free_of_strangers "the list of libraries" '^libweft\.so'

  output=$("$folder/build/consumer")
  [[ $output == $'threads: 155\nprocesses: 155' ]] || fail "the program says" "$output"
  output=$("$prefix/bin/weft" --version)
  [[ $output == 'weft '* ]] || fail "the installed weft program says" "$output"
  [[ $(ls "$prefix/lib"* | grep -c '\.a$') == 0 ]] || fail "static parts of Weft were installed"
}

subdirectory() { # SOURCE_OF_WEFT PROJECT
  local guests
  configure "$2" -DWEFT_SOURCE="$1"
  "$CMAKE" --build "$folder/build" --target CMakeFiles/consumer.dir/main.cpp.o
  headers_read | free_of_strangers "the list of headers" '^weft/weft\.hpp$'
  link_line | free_of_strangers "the link line" 'libweft\.so.*--build-id|--build-id.*libweft\.so'
  guests=$(ninja -C "$folder/build" -t targets all | grep -E '^weft/(tests|examples|bench)/' || true)
  [[ -z $guests ]] || fail "Weft brings its tests, examples or benchmark into the project:" "$guests"
  "$CMAKE" --install "$folder/build" --prefix "$folder/prefix"
  [[ ! -e $folder/prefix ]] || fail "Weft would be installed with the project:" "$(find "$folder/prefix" -type f)"
}

exports() { # LIBRARY
  local symbols leaked
  symbols=$(nm -DC --defined-only "$1" | cut -d ' ' -f 3-)
  grep -qF 'weft::client::' <<<"$symbols" || fail "$1 does not even export weft::client"
  leaked=$(grep -vE '^((typeinfo|typeinfo name|vtable|VTT) for |(non-)?virtual thunk to )?weft::' <<<"$symbols" || true)
  [[ -z $leaked ]] || fail "$1 exports what is not Weft's:" "$leaked"
  leaked=$(grep -E '(scheduler|worker|holder)_(state|shell)::' <<<"$symbols" || true)
  [[ -z $leaked ]] || fail "$1 exports its machines or shells:" "$leaked"
}

"$way" "$@"
