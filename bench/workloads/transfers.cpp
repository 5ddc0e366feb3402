#include "bench/support/runner.hpp"
#include "bench/workloads/workloads.hpp"

#include <cstdint>
#include <utility>

namespace bench {

namespace {

using bytes = std::vector<std::uint8_t>;
using shared_bytes = weft::buffer<std::uint8_t>;

bytes make(std::size_t size) {
  return bytes(size, 7);
}
shared_bytes make_shared_bytes(std::size_t size) {
  shared_bytes result(size);
  for (auto& byte : result.writable())
    byte = 7;
  return result;
}

template <class Datum>
std::uint8_t last(const Datum& data) {
  return data[data.size() - 1];
}

// How often each transfer is made in a row; the last counts. As with the sockets beside it, memory is cold at
// first.
constexpr int times = 3;

// Each transfer ends when a task there, or this program, has looked at the datum's last byte.
template <class Datum>
double scatter_once(session& in, const weft::task_options& there, Datum datum) {
  const double begun = now();
  const auto scattered = in.client.scatter(std::move(datum), {.workers = there.workers});
  expect(in.client.submit(there, last<Datum>, scattered).result() == 7, "W7 scatter");
  return now() - begun;
}

template <class Datum>
double move_once(session& in, const weft::task_options& there, const weft::future<Datum>& made) {
  made.wait();
  const double begun = now();
  expect(in.client.submit(there, last<Datum>, made).result() == 7, "W7 worker to worker");
  return now() - begun;
}

template <class Datum>
double gather_once(const weft::future<Datum>& wanted) {
  wanted.wait();
  const double begun = now();
  expect(last<Datum>(wanted.result()) == 7, "W7 gather");
  return now() - begun;
}

template <class Datum>
measures transfer(session& in, const settings& how, Datum (*make_datum)(std::size_t),
                  const std::string& suffix) {
  const auto size = static_cast<std::size_t>(how.scaled(100'000'000));
  const double megabytes = static_cast<double>(size) / 1e6;
  const auto names = in.worker_names();
  const weft::task_options here{.workers = {names[0]}}, there{.workers = {names[1]}};
  double scatter = 0, between = 0, gather = 0;
  for (int i = 0; i < times; ++i)
    scatter = scatter_once(in, here, make_datum(size));
  for (int i = 0; i < times; ++i)
    between = move_once(in, there, in.client.submit(here, make_datum, size));
  for (int i = 0; i < times; ++i)
    gather = gather_once(in.client.submit(there, make_datum, size));
  return {{"scatter" + suffix, megabytes / scatter, "MB/s", true},
          {"gather" + suffix, megabytes / gather, "MB/s", true},
          {"worker_to_worker" + suffix, megabytes / between, "MB/s", true}};
}

} // namespace

measures transfers(session& in, const settings& how) {
  auto result = transfer(in, how, make, "");
  for (auto& measure : transfer(in, how, make_shared_bytes, "_buffer"))
    result.push_back(std::move(measure));
  return result;
}

} // namespace bench
