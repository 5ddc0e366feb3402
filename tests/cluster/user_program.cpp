// A program as a user writes it, which a test runs in awkward circumstances: user_program SITUATION
// [ARGUMENT…].

#include "tests/support/standard_error.hpp"

#include <weft/weft.hpp>

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

int inc(int x) {
  return x + 1;
}

void spin() {
  for (volatile bool always = true; always;) {
  }
}

void say_half_a_line() {
  std::cout << "half a line" << std::flush;
  while (!weft::this_task::stop_requested()) {
  }
}

void spin_aloud() {
  std::cout << "spinning" << std::endl;
  spin();
}

/// Does this, and waits until this process has written `text` to standard error since.
template <class Action>
auto wait_for_standard_error(const std::string& text, Action&& action) {
  weft::test::standard_error errors;
  auto result = action();
  if (!errors.wait_for(text)) throw std::runtime_error("not written: " + text);
  return result;
}

constexpr std::size_t many = 100'000; // more than a pipe takes at once

void say_much() {
  std::cout << std::string(many, 'x') << "\nthe end" << std::endl;
}

void say_hello() {
  std::cout << "hello from a task" << std::endl;
  std::cerr << "and trouble" << std::endl;
}

std::string start_processes_here() {
  try {
    weft::local_cluster cluster{{.processes = true}};
    return "started";
  } catch (const std::logic_error& error) {
    return error.what();
  }
}

void print_answer() {
  weft::local_cluster cluster{{.workers = 1, .threads_per_worker = 1, .processes = true}};
  weft::client client{cluster};
  std::cout << client.submit(inc, 41).result() << std::endl;
}

/// A child that has all descriptors of this process, and ends by itself only after a test that has failed.
pid_t fork_who_waits() {
  const pid_t child = fork();
  if (child == 0) {
    alarm(120);
    pause();
    _exit(1);
  }
  return child;
}

using number_function = int (*)(int);

int call(number_function function, int x) {
  return function(x);
}

struct caller {
  number_function function;
  int operator()(int x) const { return function(x); }
};

number_function same(number_function function) {
  return function;
}

/// Where the workers at `address` are one called plain, which has only this program, and one called loaded,
/// which has the library too.
void pass_pointers(const std::string& address, const char* library) {
  void* const opened = dlopen(library, RTLD_NOW);
  if (!opened) throw std::runtime_error(dlerror());
  const auto triple = reinterpret_cast<number_function>(dlsym(opened, "triple_by_pointer"));
  weft::client client{address};
  client.wait_for_workers(2);
  const weft::task_options plain_first{.workers = {"plain"}, .allow_other_workers = true};
  const auto show = [](const auto& future) {
    std::cout << future.result() << " of " << future.who_has().front() << std::endl;
  };
  show(client.submit(plain_first, call, triple, 1));
  show(client.submit(plain_first, caller{triple}, 2));
  const auto datum = client.scatter(triple, {.workers = {"plain"}});
  show(client.submit(plain_first, call, datum, 3));
  const auto made = client.submit(plain_first, same, triple);
  show(client.submit(plain_first, call, made, 4));
  std::vector<weft::future<int>> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(client.submit(call, triple, i));
  int sum = 0;
  for (const int each : client.gather(many))
    sum += each;
  std::cout << sum << std::endl;
  try {
    client.submit({.key = "here", .workers = {"plain"}}, call, triple, 5).result();
  } catch (const weft::build_mismatch& error) {
    std::cout << error.what() << std::endl;
  }
}

int run(const std::string& situation, char** arguments) {
  const std::string own_file = arguments[0];
  if (situation == "spin" || situation == "forked") {
    weft::local_cluster cluster{{.workers = 2,
                                 .threads_per_worker = 1,
                                 .processes = true,
                                 .shutdown_timeout = std::chrono::minutes(10)}};
    weft::client client{cluster};
    client.wait_for_workers(2);
    for (const auto& worker : client.workers())
      std::cout << worker.pid << std::endl;
    const auto one = client.submit(spin);
    const auto two = client.submit(spin);
    if (situation == "forked") std::cout << fork_who_waits() << std::endl;
    std::cout << "spinning" << std::endl;
    wait(one, two);
  } else if (situation == "replaced") {
    std::filesystem::remove(own_file);
    std::ofstream(own_file) << "something else\n";
    print_answer();
  } else if (situation == "no_environment") {
    clearenv();
    print_answer();
  } else if (situation == "no_descriptors") { // as a daemon that closes all that it has
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    weft::local_cluster cluster{{.workers = 2, .threads_per_worker = 1}};
    weft::client client{cluster};
    for (int i = 0; i < 20; ++i) {
      std::cout << client.submit(inc, i).result() << std::endl;
      std::cerr << "a line" << std::endl;
    }
    return client.submit(inc, 41).result() == 42 ? 0 : 1;
  } else if (situation == "elsewhere") {
    std::filesystem::current_path("/");
    print_answer();
  } else if (situation == "output") {
    weft::local_cluster cluster{{.workers = 1, .threads_per_worker = 1, .processes = true}};
    weft::client client{cluster};
    client.submit(say_hello).result();
  } else if (situation == "half_a_line") {
    weft::local_cluster cluster{{.workers = 1, .threads_per_worker = 1, .processes = true}};
    weft::client client{cluster};
    const auto endless =
        wait_for_standard_error("worker-0: half a line\n", [&] { return client.submit(say_half_a_line); });
    std::cout << "seen" << std::endl;
  } else if (situation == "slow_reader") {
    weft::local_cluster cluster{{.workers = 1, .threads_per_worker = 1, .processes = true}};
    weft::client client{cluster};
    weft::test::standard_error errors;
    fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    const auto said = client.submit(say_much);
    errors.wait_for("worker-0: the end\n");
    std::cout << std::count(errors.seen().begin(), errors.seen().end(), 'x') << std::endl;
  } else if (situation == "nested") {
    weft::local_cluster cluster{{.workers = 1, .threads_per_worker = 1, .processes = true}};
    weft::client client{cluster};
    std::cout << client.submit(start_processes_here).result() << std::endl;
  } else if (situation == "no_workers") {
    weft::local_cluster cluster{{.workers = 0}};
    weft::client client{cluster};
    auto answer = client.submit(inc, 41);
    auto waiting =
        wait_for_standard_error("waiting for " + answer.key() + ": no workers are connected\n", [&] {
          return std::async(std::launch::async, [&] { return answer.result(); });
        });
    try {
      answer.result(std::chrono::milliseconds(1));
    } catch (const weft::timeout_error& error) {
      std::cout << error.what() << std::endl;
    }
    cluster.start_worker();
    std::cout << waiting.get() << std::endl;
  } else if (situation == "shutdown") {
    weft::local_cluster cluster{{.workers = 1,
                                 .threads_per_worker = 1,
                                 .processes = true,
                                 .shutdown_timeout = std::chrono::milliseconds(50)}};
    weft::client client{cluster};
    client.wait_for_workers(1);
    const auto endless = wait_for_standard_error(
        "worker-0: spinning\n", [&] { return client.submit({.key = "endless"}, spin_aloud); });
    std::cout << client.workers().at(0).pid << std::endl;
  } else if (situation == "pointers") {
    pass_pointers(arguments[2], arguments[3]);
  } else {
    return 2;
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  std::optional<weft::init> init;
  const std::string situation = argc > 1 ? argv[1] : "";
  if (situation == "no_init") {
    std::cout << start_processes_here() << std::endl;
    return 0;
  }
  init.emplace(argc, argv);
  return run(situation, argv);
}
