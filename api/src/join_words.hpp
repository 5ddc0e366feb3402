#pragma once

#include <string>
#include <vector>

namespace weft::detail {

/// "inc-1, inc-2", for sentences.
inline std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

} // namespace weft::detail
