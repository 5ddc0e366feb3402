#pragma once

#include <memory>
#include <string>
#include <vector>

namespace weft::test {

/// A machine that is told lines and answers with lines.
class stage {
 public:
  virtual ~stage() = default;

  /// Does what the line says. Throws std::runtime_error for a line that says nothing.
  virtual void hear(const std::string& line) = 0;
  /// What the machine has said since, a line each; it is called once per block, after the last line.
  virtual std::vector<std::string> answers() = 0;
};

std::unique_ptr<stage> make_scheduler_stage();
std::unique_ptr<stage> make_worker_stage();
std::unique_ptr<stage> make_holder_stage();

} // namespace weft::test
