#include "bench/support/runner.hpp"
#include "bench/workloads/workloads.hpp"

#include <cstdint>
#include <utility>

namespace bench {

namespace {

using bytes = std::vector<std::uint8_t>;

bytes make(std::size_t size) {
  return bytes(size, 7);
}
std::uint8_t last(const bytes& data) {
  return data.back();
}

} // namespace

// Each transfer ends when a task there, or this program, has looked at the datum's last byte.
measures transfers(session& in, const settings& how) {
  const auto size = static_cast<std::size_t>(how.scaled(100'000'000));
  const double megabytes = static_cast<double>(size) / 1e6;
  const auto names = in.worker_names();
  const weft::task_options here{.workers = {names[0]}}, there{.workers = {names[1]}};

  bytes datum = make(size);
  double begun = now();
  const auto scattered = in.client.scatter(std::move(datum), {.workers = {names[0]}});
  expect(in.client.submit(here, last, scattered).result() == 7, "W7 scatter");
  const double scatter = now() - begun;

  const auto made = in.client.submit(here, make, size);
  made.wait();
  begun = now();
  expect(in.client.submit(there, last, made).result() == 7, "W7 worker to worker");
  const double between = now() - begun;

  const auto wanted = in.client.submit(there, make, size);
  wanted.wait();
  begun = now();
  expect(wanted.result().back() == 7, "W7 gather");
  const double gather = now() - begun;
  return {{"scatter", megabytes / scatter, "MB/s", true},
          {"gather", megabytes / gather, "MB/s", true},
          {"worker_to_worker", megabytes / between, "MB/s", true}};
}

} // namespace bench
