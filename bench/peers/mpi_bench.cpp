// What messages between two processes cost with OpenMPI, whose ranks spin while they wait: prints lines
// "mpi-TRANSPORT WORKLOAD METRIC VALUE UNIT". For mpirun -np 2; TRANSPORT, the first word of its command
// line, is what the caller has told mpirun to use.

#include "bench/support/runner.hpp"
#include "bench/support/statistics.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mpi.h>
#include <string>
#include <vector>

namespace {

using namespace bench;

constexpr int task_bytes = 64;

int rank() {
  int result = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &result);
  return result;
}

void send(const char* data, int size) {
  MPI_Send(data, size, MPI_BYTE, 1 - rank(), 0, MPI_COMM_WORLD);
}
void receive(char* data, int size) {
  MPI_Recv(data, size, MPI_BYTE, 1 - rank(), 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

// Adds one to the number that each task begins with.
void run_tasks(std::vector<char>& message) {
  for (std::size_t i = 0; i < message.size(); i += task_bytes) {
    std::int64_t number = 0;
    std::memcpy(&number, &message[i], sizeof number);
    ++number;
    std::memcpy(&message[i], &number, sizeof number);
  }
}

// Rank 0 sends tasks, rank 1 answers with results; a window of messages is under way.
double exchange_tasks(int messages, int tasks_per_message, int window) {
  const auto size = static_cast<std::size_t>(tasks_per_message * task_bytes);
  MPI_Barrier(MPI_COMM_WORLD);
  const double begun = now();
  if (rank() == 1) {
    std::vector<char> message(size);
    for (int i = 0; i < messages; ++i) {
      receive(message.data(), static_cast<int>(size));
      run_tasks(message);
      send(message.data(), static_cast<int>(size));
    }
    return now() - begun;
  }
  const auto slots = static_cast<std::size_t>(window);
  std::vector<std::vector<char>> tasks(slots, std::vector<char>(size)), results = tasks;
  for (int sent = 0; sent < messages; sent += window) {
    const auto count = static_cast<std::size_t>(std::min(window, messages - sent));
    std::vector<MPI_Request> requests(2 * count);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < size; k += task_bytes) {
        const std::int64_t number = sent + static_cast<std::int64_t>(i);
        std::memcpy(&tasks[i][k], &number, sizeof number);
      }
      MPI_Irecv(results[i].data(), static_cast<int>(size), MPI_BYTE, 1, 0, MPI_COMM_WORLD, &requests[2 * i]);
      MPI_Isend(tasks[i].data(), static_cast<int>(size), MPI_BYTE, 1, 0, MPI_COMM_WORLD,
                &requests[2 * i + 1]);
    }
    MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
    std::int64_t last = 0;
    std::memcpy(&last, &results[count - 1][size - task_bytes], sizeof last);
    expect(last == sent + static_cast<std::int64_t>(count), "W1");
  }
  return now() - begun;
}

measures independent_tasks(const settings& how) {
  const int count = how.scaled(1'000'000), batch = 64;
  const int messages = std::max(1, count / batch);
  const double one = exchange_tasks(count, 1, 256);
  const double many = exchange_tasks(messages, batch, 8);
  return {{"throughput", count / one, "tasks/s", true},
          {"throughput_by_64", messages * static_cast<double>(batch) / many, "tasks/s", true}};
}

double round_trip() {
  char message[task_bytes] = {};
  const double begun = now();
  if (rank() == 0) {
    send(message, task_bytes);
    receive(message, task_bytes);
  } else {
    receive(message, task_bytes);
    send(message, task_bytes);
  }
  return (now() - begun) * 1e6;
}

measures chain(const settings& how) {
  const int count = how.scaled(50'000);
  MPI_Barrier(MPI_COMM_WORLD);
  const double begun = now();
  for (int i = 0; i < count; ++i)
    round_trip();
  return {{"hop_across", (now() - begun) / (2.0 * count) * 1e6, "us"}};
}

measures round_trips(const settings& how) {
  MPI_Barrier(MPI_COMM_WORLD);
  std::vector<double> times;
  for (int i = 0; i < how.scaled(5'000); ++i)
    times.push_back(round_trip());
  return {{"round_trip", median(times), "us"}, {"round_trip_p99", quantile(times, 0.99), "us"}};
}

measures transfers(const settings& how) {
  const int size = how.scaled(100'000'000);
  static std::vector<char> data; // the same in each repetition: it is warm
  data.resize(static_cast<std::size_t>(size), 1);
  char answer = 0;
  MPI_Barrier(MPI_COMM_WORLD);
  const double begun = now();
  if (rank() == 0) {
    send(data.data(), size);
    receive(&answer, 1);
  } else {
    receive(data.data(), size);
    send(&answer, 1);
  }
  return {{"worker_to_worker", size / 1e6 / (now() - begun), "MB/s", true}};
}

} // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const std::vector<workload> workloads = {
      {"W1", independent_tasks}, {"W2", chain}, {"W6", round_trips}, {"W7", transfers}};
  const settings how = read_settings(argc, argv, {"tcp", "shm"}, names_of(workloads));
  const int failed = run_workloads(how, "mpi-" + how.modes.front(), "", workloads, rank() != 0);
  MPI_Finalize();
  return failed;
}
