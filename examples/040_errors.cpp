// What goes wrong and what comes of it: a task that throws, tasks that need it, a task that works at the
// third try, and tasks that nobody wants any more. A failure is thrown where its result is asked for, and
// nowhere else.
//
//     040_errors [--processes | --connect ADDRESS]

#include "program_options.hpp"

#include <weft/weft.hpp>

#include <atomic>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

double divide(double a, double b) {
  if (b == 0) throw std::domain_error("division by zero");
  return a / b;
}

double add(double a, double b) {
  return a + b;
}

/// Tells where a thing went wrong and keeps why: a nested exception.
double read_setting(const std::string& text) {
  try {
    return std::stod(text);
  } catch (const std::exception&) {
    std::throw_with_nested(std::runtime_error("no number in setting '" + text + "'"));
  }
}

/// Fails the first two times in each process: as a service that is just being restarted.
int fetch_page() {
  static std::atomic<int> tries{0};
  if (++tries <= 2) throw std::runtime_error("connection refused");
  return 200;
}

/// Looks now and then whether anybody still wants to know.
int run_until_cancelled() {
  while (!weft::this_task::stop_requested()) {
  }
  throw std::runtime_error("nobody hears this");
}

template <class Future>
void show(const std::string& what, const Future& future) {
  std::cout << what << ": ";
  try {
    std::cout << future.result() << '\n';
  } catch (const weft::task_error& error) {
    std::cout << error.type();
    for (const auto& message : error.messages())
      std::cout << ": " << message;
    std::cout << '\n';
  } catch (const weft::cancelled_error& error) {
    std::cout << "cancelled: " << error.what() << '\n';
  }
}

void run(const example::options& options) {
  example::cluster cluster{options};
  weft::client client = cluster.connect();

  // What needs a failed task fails with the same error and never runs; everything else goes on.
  auto good = client.submit(divide, 1.0, 2.0);
  auto bad = client.submit({.key = "bad division"}, divide, 1.0, 0.0);
  auto needs_bad = client.submit(add, good, bad);
  show("1 / 2", good);
  show("1 / 0", bad);
  show("1 / 2 + 1 / 0", needs_bad);
  std::cout << bad << '\n';
  try {
    needs_bad.result();
  } catch (const weft::task_error& error) {
    std::cout << "the culprit is " << error.key() << '\n';
  }

  // The causes behind an exception come along.
  show("setting", client.submit(read_setting, "twelve"));

  // Tasks may be tried again.
  show("page", client.submit({.retries = 20}, fetch_page));

  // Cancelled before it runs or while it does: it has no result, nor has what needs it.
  auto endless = client.submit(run_until_cancelled);
  auto needs_endless = client.submit(add, endless, 1.0);
  endless.cancel();
  show("endless", endless);
  show("endless + 1", needs_endless);

  // Errors come out of as_completed like results.
  std::vector<weft::future<double>> quotients;
  for (int i = 0; i < 10; ++i)
    quotients.push_back(client.submit(divide, 1.0, i % 2));
  int failed = 0;
  for (const auto& quotient : weft::as_completed(quotients))
    failed += quotient.exception() != nullptr;
  std::cout << failed << " of 10 failed\n";
}

} // namespace

int main(int argc, char** argv) {
  weft::init init{argc, argv};
  return example::main(argc, argv, {}, run);
}
