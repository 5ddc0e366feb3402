#include <weft/errors.hpp>

#include <utility>

namespace weft {

namespace {

// "std::out_of_range: no such row (in load-1f, on worker-2)", with the causes behind it.
std::string sentence(const task_error::details& what) {
  std::string text = what.type.empty() ? "unknown exception" : what.type;
  for (std::size_t i = 0; i < what.messages.size(); ++i)
    text += (i == 0 ? ": " : ", caused by: ") + what.messages[i];
  if (!what.key.empty()) {
    text += " (in " + what.key;
    if (!what.worker.empty()) text += ", on " + what.worker;
    text += ')';
  }
  return text;
}

} // namespace

struct task_error::shared : detail::reference_counted<shared> {
  shared(details what, std::exception_ptr original) noexcept
      : what(std::move(what)), original(std::move(original)) {}
  details what;
  std::exception_ptr original;
};

task_error::task_error(details what, std::exception_ptr original)
    : error(sentence(what)),
      shared_(detail::make_intrusive<const shared>(std::move(what), std::move(original))) {}

task_error::task_error(const task_error& other) noexcept = default;
task_error& task_error::operator=(const task_error& other) noexcept = default;

const std::string& task_error::type() const noexcept {
  return shared_->what.type;
}

const std::vector<std::string>& task_error::messages() const noexcept {
  return shared_->what.messages;
}

const std::string& task_error::key() const noexcept {
  return shared_->what.key;
}

const std::string& task_error::worker() const noexcept {
  return shared_->what.worker;
}

std::exception_ptr task_error::original() const noexcept {
  return shared_->original;
}

// Out of line, so that each type's vtable and typeinfo exist once, in libweft.
error::~error() = default;
task_error::~task_error() = default;
key_conflict::~key_conflict() = default;
cancelled_error::~cancelled_error() = default;
worker_killed::~worker_killed() = default;
lost_data_error::~lost_data_error() = default;
timeout_error::~timeout_error() = default;
connection_error::~connection_error() = default;
build_mismatch::~build_mismatch() = default;
cannot_travel::~cannot_travel() = default;
decode_error::~decode_error() = default;

} // namespace weft
