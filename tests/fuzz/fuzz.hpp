#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// What libFuzzer calls. Aborts, or lets an exception escape, if something is wrong.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace weft::test {

using fuzz_input = std::vector<std::uint8_t>;

/// Inputs that are right, to begin with: most of what is wrong hides close to them.
std::vector<fuzz_input> fuzz_seeds();

} // namespace weft::test
