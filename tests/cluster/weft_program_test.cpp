// The `weft` program and what users do wrong with it: every mistake has an exit code and a sentence that
// names it.

#include "tests/cluster/child_process.hpp"
#include "tests/cluster/task_library.hpp"

#include <weft/scheduler.hpp>
#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <random>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {
struct locked_note {};
} // namespace

template <>
struct weft::codec<locked_note> {
  static void encode(encoder&, const locked_note&) { throw std::runtime_error("the note is locked"); }
  static locked_note decode(decoder&) { return {}; }
};

namespace weft {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

int inc(int x) {
  return x + 1;
}

const std::string& weft_program() {
  static const std::string path = test::program_folder() + "/weft";
  return path;
}

std::string word_count() {
  return test::program_folder() + "/020_word_count";
}

/// A plain TCP socket on loopback, listening or connected.
class plain_socket {
 public:
  plain_socket() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~plain_socket() { close(descriptor_); }
  plain_socket(const plain_socket&) = delete;
  plain_socket& operator=(const plain_socket&) = delete;

  std::string listen_anywhere() {
    sockaddr_in where = loopback(0);
    bind(descriptor_, reinterpret_cast<sockaddr*>(&where), sizeof where);
    listen(descriptor_, 8);
    socklen_t size = sizeof where;
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&where), &size);
    return std::to_string(ntohs(where.sin_port));
  }
  void connect_to(const std::string& address) {
    const sockaddr_in where =
        loopback(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    ASSERT_EQ(connect(descriptor_, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  }
  int accept_one() { return accept(descriptor_, nullptr, nullptr); }
  void send_all(const std::string& bytes) {
    // The other end may close in the middle: it has seen enough.
    [[maybe_unused]] const auto sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// Reads until the other end closes; returns how much came.
  std::size_t drain() {
    char bytes[4096];
    std::size_t total = 0;
    for (ssize_t size = 0; (size = recv(descriptor_, bytes, sizeof bytes, 0)) > 0;)
      total += static_cast<std::size_t>(size);
    return total;
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(port);
    return where;
  }
  int descriptor_;
};

/// A `weft scheduler` of its own, with its own key.
class weft_program_test : public ::testing::Test {
 protected:
  weft_program_test() { setenv("WEFT_KEY_FILE", key_file_.c_str(), 1); }

  const test::temporary_folder folder_;
  const std::string key_file_ = folder_.file("cluster.key");
  test::child_process scheduler_{{weft_program(), "scheduler", "--port", "0", "--key-file", key_file_}};
  const std::string address_ = scheduler_.read_line();
};

TEST(weft_program_alone, says_how_it_is_used_and_which_version_it_is) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"scheduler", "--help"},
                                                    {"worker", "--help"},
                                                    {"demo", "--help"}}) {
    std::vector<std::string> command{weft_program()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto end = test::run(command);
    EXPECT_EQ(end.exit_code, 0) << arguments.front() << end.errors;
    EXPECT_NE(end.output.find("usage: weft"), std::string::npos) << end.output;
  }
  EXPECT_EQ(test::run({weft_program(), "--version"}).output.rfind("weft ", 0), 0u);
}

TEST(weft_program_alone, refuses_what_it_does_not_know_with_exit_code_2) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"scheduler", "--prot", "1"},
                                                    {"scheduler", "--por", "1"},
                                                    {"scheduler", "--port", "x"},
                                                    {"worker"},
                                                    {"worker", "a", "b"},
                                                    {"worker", "a:1", "--nworkers", "0"},
                                                    {"dance"}}) {
    std::vector<std::string> command{weft_program()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto end = test::run(command);
    EXPECT_EQ(end.exit_code, 2) << arguments.front() << end.errors;
    EXPECT_NE(end.errors.find("weft " + arguments.front() + ": "), std::string::npos) << end.errors;
  }
  EXPECT_EQ(test::run({weft_program()}).exit_code, 2);
}

TEST(weft_program_alone, refuses_numbers_that_make_no_sense_with_exit_code_2) {
  const std::vector<std::vector<std::string>> wrong = {
      {"scheduler", "--port", "-1"},         {"scheduler", "--port", "65536"},
      {"worker", "x:1", "--nthreads", "0"},  {"worker", "x:1", "--nthreads", "-1"},
      {"worker", "x:1", "--nworkers", "-1"}, {"worker", "x:1", "--nworkers", "2x"}};
  for (auto arguments : wrong) {
    const std::string given = arguments.back();
    arguments.insert(arguments.begin(), weft_program());
    const auto end = test::run(arguments);
    EXPECT_EQ(end.exit_code, 2) << end.errors;
    EXPECT_NE(end.errors.find("not '" + given + "'"), std::string::npos) << end.errors;
  }
}

TEST(weft_program_alone, demonstrates_itself_in_both_modes) {
  const auto end = test::run({weft_program(), "demo"});
  EXPECT_EQ(end.exit_code, 0) << end.errors;
  EXPECT_EQ(end.output, "in one process: 338350\nover worker processes: 338350\n");
}

TEST(weft_program_alone, says_that_nobody_is_at_an_address_with_exit_code_3) {
  const test::temporary_folder folder;
  const std::string key = folder.file("key");
  { const test::child_process scheduler{{weft_program(), "scheduler", "--port", "0", "--key-file", key}}; }
  std::string port;
  { port = plain_socket().listen_anywhere(); } // nobody listens there any more
  const std::string address = "127.0.0.1:" + port;
  weft::scheduler makes_the_key{{.port = 0, .key_file = key}};
  const auto end = test::run({weft_program(), "worker", address, "--key-file", key});
  EXPECT_EQ(end.exit_code, 3) << end.errors;
  EXPECT_NE(end.errors.find(address), std::string::npos) << end.errors;
  try {
    const client client{address, {.key_file = key}};
    ADD_FAILURE() << "did not throw";
  } catch (const connection_error& error) {
    EXPECT_NE(std::string(error.what()).find(address), std::string::npos) << error.what();
  }
}

TEST(weft_program_alone, refuses_addresses_that_other_machines_reach) {
  const test::temporary_folder folder;
  const auto end = test::run(
      {weft_program(), "scheduler", "--host", "0.0.0.0", "--port", "0", "--key-file", folder.file("key")});
  EXPECT_EQ(end.exit_code, 2) << end.errors;
  EXPECT_NE(end.errors.find("0.0.0.0"), std::string::npos) << end.errors;
}

TEST_F(weft_program_test, its_scheduler_and_workers_end_cleanly_when_asked) {
  test::child_process worker{
      {test::own_program(), "--weft-worker", address_, "--name", "alice", "--nthreads", "2"}};
  {
    client client{address_};
    client.wait_for_workers(1, 30s);
    EXPECT_EQ(client.workers().at(0).name, "alice");
    EXPECT_EQ(client.submit(inc, 41).result(), 42);
  }
  worker.send_signal(SIGTERM);
  EXPECT_EQ(worker.wait().exit_code, 0);
  scheduler_.send_signal(SIGINT);
  const auto end = scheduler_.wait();
  EXPECT_EQ(end.exit_code, 0);
  const std::string alice = "weft: worker alice (process " + std::to_string(worker.pid()) + " on ";
  const std::string self = "(process " + std::to_string(getpid()) + " on ";
  for (const std::string& who : {alice, self}) {
    const auto joined = end.errors.find(who);
    EXPECT_NE(joined, std::string::npos) << who << '\n' << end.errors;
    EXPECT_NE(end.errors.find(who, joined + 1), std::string::npos) << who << " has not left\n" << end.errors;
  }
  EXPECT_NE(end.errors.find(" joined\n"), std::string::npos) << end.errors;
  EXPECT_NE(end.errors.find(" left: "), std::string::npos) << end.errors;
}

TEST_F(weft_program_test, a_worker_that_gets_too_few_threads_says_so_and_ends_with_1) {
  const std::string program =
      std::filesystem::path(test::own_program()).parent_path() / "few_threads_program";
  const auto end = test::run({program, "--weft-worker", address_, "--name", "bob", "--nthreads", "500"});
  EXPECT_EQ(end.exit_code, 1) << end.errors;
  EXPECT_NE(end.errors.find("weft: worker bob cannot start a thread: "), std::string::npos) << end.errors;
  // Its name is free again.
  const test::child_process bob{{test::own_program(), "--weft-worker", address_, "--name", "bob"}};
  client client{address_};
  client.wait_for_workers(1, 30s);
  EXPECT_EQ(client.submit({.workers = {"bob"}}, inc, 41).result(), 42);
}

TEST_F(weft_program_test, a_worker_that_is_asked_to_end_hands_over_what_only_it_has) {
  test::child_process alice{{test::own_program(), "--weft-worker", address_, "--name", "alice"}};
  const test::child_process bob{{test::own_program(), "--weft-worker", address_, "--name", "bob"}};
  client client{address_};
  client.wait_for_workers(2, 30s);
  const auto length = [](const std::string& text) { return text.size(); };
  const auto datum = client.scatter(std::string(1000, 'x'), {.workers = {"alice"}});
  ASSERT_EQ(client.submit({.workers = {"alice"}}, length, datum).result(), 1000u);
  alice.send_signal(SIGTERM);
  const auto end = alice.wait();
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_NE(end.errors.find("worker alice ends: retired"), std::string::npos) << end.errors;
  EXPECT_EQ(client.submit(length, datum).result(), 1000u);
}

TEST_F(weft_program_test, what_needs_a_task_whose_arguments_cannot_be_sent_fails_with_the_reason) {
  client client{address_};
  auto length = client.submit([](const locked_note&) { return 1; }, locked_note{});
  auto dependent = client.submit([](int x) { return x + 1; }, length);
  for (const auto& future : {length, dependent}) {
    try {
      future.result();
      ADD_FAILURE() << "did not throw";
    } catch (const task_error& error) {
      EXPECT_NE(
          std::string(error.what()).find("encoding the arguments: the note is locked (in " + length.key()),
          std::string::npos)
          << error.what();
    }
  }
}

TEST_F(weft_program_test, a_port_in_use_is_named_with_exit_code_3) {
  const std::string port = address_.substr(address_.rfind(':') + 1);
  const auto end = test::run({weft_program(), "scheduler", "--port", port});
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_NE(end.errors.find(port), std::string::npos) << end.errors;
}

TEST_F(weft_program_test, a_wrong_or_missing_key_is_refused_in_words) {
  const std::string other_key = folder_.file("other.key");
  const weft::scheduler other{{.port = 0, .key_file = other_key}};
  const std::string sentence = "refused: wrong cluster key (it is from " + other_key + ")";
  try {
    client{address_, {.key_file = other_key}};
    ADD_FAILURE() << "did not throw";
  } catch (const connection_error& error) {
    EXPECT_NE(std::string(error.what()).find(sentence), std::string::npos) << error.what();
  }
  const auto wrong = test::run({weft_program(), "worker", address_, "--key-file", other_key});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_NE(wrong.errors.find(sentence), std::string::npos) << wrong.errors;
  const std::string missing = folder_.file("missing.key");
  const auto none = test::run({weft_program(), "worker", address_, "--key-file", missing});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_NE(none.errors.find(missing), std::string::npos) << none.errors;
}

TEST_F(weft_program_test, garbage_costs_the_scheduler_nothing) {
  client client{address_};
  const test::child_process worker{{test::own_program(), "--weft-worker", address_, "--nthreads", "1"}};
  std::mt19937 random{7};
  for (int i = 0; i < 20; ++i) {
    std::string garbage(1 << (i % 14), '\0');
    for (char& byte : garbage)
      byte = static_cast<char>(random());
    plain_socket stranger;
    stranger.connect_to(address_);
    stranger.send_all(garbage);
    if (i % 2 == 0) stranger.drain(); // the scheduler closes, at the latest after its deadline
  }
  EXPECT_EQ(client.submit(inc, 1).result(), 2);
}

TEST_F(weft_program_test, another_protocol_at_the_port_is_an_error_that_names_it) {
  plain_socket web_server;
  const std::string address = "127.0.0.1:" + web_server.listen_anywhere();
  std::thread answer([&] {
    const int visitor = web_server.accept_one();
    const std::string text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    [[maybe_unused]] const auto sent = send(visitor, text.data(), text.size(), MSG_NOSIGNAL);
    char bytes[4096];
    while (recv(visitor, bytes, sizeof bytes, 0) > 0) {
    }
    close(visitor);
  });
  try {
    const client client{address};
    ADD_FAILURE() << "did not throw";
  } catch (const connection_error& error) {
    EXPECT_NE(std::string(error.what()).find(address), std::string::npos) << error.what();
  }
  answer.join();
}

TEST_F(weft_program_test, a_worker_that_is_asked_to_end_while_it_joins_ends_cleanly) {
  plain_socket silent;
  test::child_process worker{{weft_program(), "worker", "127.0.0.1:" + silent.listen_anywhere()}};
  const int visitor = silent.accept_one();
  worker.send_signal(SIGTERM);
  close(visitor);
  const auto end = worker.wait();
  EXPECT_EQ(end.exit_code, 0) << end.errors;
  EXPECT_NE(end.errors.find("was asked to end and has not joined"), std::string::npos) << end.errors;
}

TEST_F(weft_program_test, a_worker_of_another_build_gets_no_tasks_of_ours) {
  const test::child_process stranger{{weft_program(), "worker", address_, "--name", "stranger"}};
  client client{address_};
  client.wait_for_workers(1, 30s);
  EXPECT_THROW(client.submit(inc, 1).result(), build_mismatch);
}

TEST_F(weft_program_test, a_worker_runs_the_tasks_of_a_library_that_it_loads) {
  const std::string library = std::filesystem::path(test::own_program()).parent_path() / "libtask_library.so";
  const test::child_process worker{{weft_program(), "worker", address_, "--load", library}};
  client client{address_};
  EXPECT_EQ(submit_triple(client, 14).result(), 42);
  EXPECT_EQ(submit_sum_of_triples(client, 1000).result(), 1'498'500);
  const auto none = test::run({weft_program(), "worker", address_, "--load", library + ".none"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.errors.find(library + ".none"), std::string::npos) << none.errors;
}

TEST_F(weft_program_test, a_pointer_into_a_library_finds_the_worker_that_has_it_wherever_a_task_keeps_it) {
  const auto folder = std::filesystem::path(test::own_program()).parent_path();
  const std::string library = folder / "libtask_library.so";
  const std::string program = folder / "user_program";
  const test::child_process plain{{program, "--weft-worker", address_, "--name", "plain"}};
  const test::child_process loaded{
      {program, "--weft-worker", address_, "--name", "loaded", "--load", library}};
  const auto end = test::run({program, "pointers", address_, library});
  EXPECT_EQ(end.exit_code, 0) << end.errors;
  const std::string found = "3 of loaded\n6 of loaded\n9 of loaded\n12 of loaded\n14850\n";
  ASSERT_EQ(end.output.substr(0, found.size()), found) << end.output;
  const std::string refused = end.output.substr(found.size());
  const std::string beginning =
      "no worker that may run here has the module that it points into; refused by plain; plain "
      "says: weft: a pointer leads to a "
      "function of libtask_library.so, build-id ";
  EXPECT_EQ(refused.substr(0, beginning.size()), beginning);
  EXPECT_NE(refused.find("which is not loaded here; here are user_program ("), std::string::npos) << refused;
}

TEST_F(weft_program_test, a_library_of_the_current_folder_is_named_with_the_folder) {
  const std::filesystem::path program = test::own_program();
  const auto load = [&](const std::string& library) {
    const auto end = test::run({weft_program(), "worker", "127.0.0.1:1", "--load", library},
                               {.directory = program.parent_path()});
    EXPECT_EQ(end.exit_code, 2);
    return end.errors;
  };
  const std::string here = "; for the file of that name in the current folder say ./";
  const std::string found = load("libtask_library.so");
  EXPECT_NE(found.find(here + "libtask_library.so\n"), std::string::npos) << found;
  const std::string missing = load("libmissing.so");
  EXPECT_NE(missing.find("cannot load the library libmissing.so: "), std::string::npos) << missing;
  EXPECT_EQ(missing.find(here), std::string::npos) << missing;
}

TEST_F(weft_program_test, a_lost_scheduler_wakes_who_waits) {
  client client{address_};
  auto never = client.submit(inc, 1);
  scheduler_.send_signal(SIGKILL);
  EXPECT_THROW(never.result(), cancelled_error);
  EXPECT_THROW(client.submit(inc, 1), connection_error);
  EXPECT_THROW(client.scatter(1), connection_error);
}

TEST_F(weft_program_test, what_cannot_be_read_is_named_by_the_word_count) {
  const std::string pipe = folder_.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& file :
       {folder_.file("no such file"), pipe, std::string("/proc/1/mem"), std::string("/proc/version")}) {
    const auto end = test::run({word_count(), file});
    EXPECT_EQ(end.exit_code, 1) << file;
    EXPECT_NE(end.errors.find("cannot read " + file), std::string::npos) << end.errors;
  }
}

TEST_F(weft_program_test, a_file_that_is_named_several_times_is_counted_as_often_as_cat_reads_it) {
  std::filesystem::create_directory(folder_.file("sub"));
  std::ofstream(folder_.file("sub/text")) << "one two two\n";
  const auto end =
      test::run({word_count(), folder_.file("sub"), folder_.file("sub/../sub/text"), folder_.file("sub/.")});
  EXPECT_EQ(end.exit_code, 0) << end.errors;
  EXPECT_EQ(end.output, "6 two\n3 one\n");
}

TEST_F(weft_program_test, an_example_has_the_exit_codes_of_the_weft_program) {
  for (const auto& question :
       {std::vector{word_count(), "--help"s}, {word_count(), "--weft-worker", "--help"}}) {
    const auto help = test::run(question);
    EXPECT_EQ(help.exit_code, 0) << help.errors;
    EXPECT_NE(help.output.find("usage: "), std::string::npos) << help.output;
  }
  for (const std::string wrong : {"--quick", "--connect"}) {
    const auto end = test::run({word_count(), wrong});
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_NE(end.errors.find(wrong), std::string::npos) << end.errors;
  }
  const auto of_another_build = [&] {
    const test::child_process stranger{{weft_program(), "worker", address_}};
    client{address_}.wait_for_workers(1, 30s);
    return test::run({word_count(), "--connect", address_, key_file_}); // any file with something in it
  }();
  EXPECT_EQ(of_another_build.exit_code, 5) << of_another_build.errors;
  scheduler_.send_signal(SIGTERM);
  scheduler_.wait();
  const auto nobody = test::run({word_count(), "--connect", address_, key_file_});
  EXPECT_EQ(nobody.exit_code, 3) << nobody.errors;
  EXPECT_NE(nobody.errors.find(address_), std::string::npos) << nobody.errors;
}

TEST_F(weft_program_test, unknown_options_of_programs_that_become_workers_are_refused) {
  const auto end = test::run({test::own_program(), "--weft-worker", address_, "--threads", "2"});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_NE(end.errors.find("--threads"), std::string::npos) << end.errors;
}

} // namespace
} // namespace weft
