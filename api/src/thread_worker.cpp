#include "actors/node.hpp"
#include "api/src/cluster_worker.hpp"
#include "api/src/finish_tasks.hpp"
#include "api/src/join_words.hpp"
#include "api/src/machine_memory.hpp"

#include <optional>
#include <utility>

namespace weft::detail {

namespace {

class thread_worker final : public cluster_worker {
 public:
  explicit thread_worker(std::shared_ptr<worker_handle> handle) : handle_(std::move(handle)) {}

  const std::string& name() const noexcept override { return handle_->name(); }
  bool running() const override { return handle_->how_it_left().empty(); }
  bool wait_until_left(std::chrono::nanoseconds limit) override { return handle_->wait_until_left(limit); }
  bool runs_calling_thread() const noexcept override { return handle_->runs_calling_thread(); }

  std::string finish(std::chrono::nanoseconds limit) override {
    hand_over_limit_ = limit;
    still_running_ = finish_tasks(*handle_, limit, limit);
    return join_words(still_running_);
  }

  void ask_to_stop() override { still_running_ = handle_->stop(std::chrono::nanoseconds(0)); }

  std::string wait_until_stopped(std::chrono::nanoseconds limit) override {
    still_running_ = handle_->stop(limit);
    return join_words(still_running_);
  }

  void force_to_stop() override {
    while (hand_over_limit_ && !still_running_.empty())
      still_running_ = finish_tasks(*handle_, std::chrono::hours(1), *hand_over_limit_);
    while (!still_running_.empty())
      still_running_ = handle_->stop(std::chrono::hours(1));
  }

 private:
  const std::shared_ptr<worker_handle> handle_;
  std::vector<std::string> still_running_;
  std::optional<std::chrono::nanoseconds> hand_over_limit_; // once it is to finish
};

} // namespace

std::unique_ptr<cluster_worker> start_thread_worker(node& node,
                                                    const std::shared_ptr<scheduler_handle>& scheduler,
                                                    const std::string& name, std::uint32_t threads) {
  worker_options how;
  how.name = name;
  how.threads = threads;
  how.memory_limit = memory_for_threads(threads);
  return std::make_unique<thread_worker>(node.start_worker(scheduler, std::move(how)));
}

} // namespace weft::detail
