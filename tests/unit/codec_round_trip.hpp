#pragma once

#include <weft/codec.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <span>

namespace weft {

template <class T>
detail::intrusive_ptr<detail::shared_buffer> encoded(const T& value) {
  encoder to;
  encode(to, value);
  return to.flatten();
}

template <class T>
T decoded(std::span<const std::byte> bytes) {
  decoder from(bytes);
  T value = decode<T>(from);
  from.finish();
  return value;
}

template <class T>
T there_and_back(const T& value) {
  return decoded<T>(encoded(value)->bytes());
}

#define EXPECT_ARRIVES(...)                                                                                  \
  do {                                                                                                       \
    const auto sent = __VA_ARGS__;                                                                           \
    EXPECT_TRUE(there_and_back(sent) == sent);                                                               \
  } while (false)

} // namespace weft
