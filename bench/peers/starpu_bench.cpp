// The workloads on StarPU, with two processor workers beside the main thread, which submits: prints lines
// "starpu WORKLOAD METRIC VALUE UNIT".

#include "bench/support/completion_queue.hpp"
#include "bench/support/round_trip.hpp"
#include "bench/support/runner.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <starpu.h>
#include <stdexcept>
#include <vector>

namespace {

using namespace bench;

using number = std::int64_t;
using handle = starpu_data_handle_t;

number& at(void* buffer) {
  return *reinterpret_cast<number*>(STARPU_VARIABLE_GET_PTR(buffer));
}

number* argument(void* given) {
  return static_cast<number*>(given);
}

struct pair_to_add {
  completion_queue* queue;
  number x, y;
};

// What tasks do. Those with a pointer as argument have no data handles, and no dependencies.
void run_inc(void**, void* value) {
  ++*argument(value);
}
void run_inc_in_place(void** buffers, void*) {
  ++at(buffers[0]);
}
void run_twice(void** buffers, void*) {
  at(buffers[1]) = 2 * at(buffers[0]);
}
void run_add(void** buffers, void*) {
  at(buffers[2]) = at(buffers[0]) + at(buffers[1]);
}
void run_push(void**, void* given) {
  const auto* pair = static_cast<pair_to_add*>(given);
  pair->queue->push(pair->x + pair->y);
}

struct codelet : starpu_codelet {
  codelet(void (*run)(void**, void*), const char* title,
          std::initializer_list<starpu_data_access_mode> access) {
    starpu_codelet_init(this);
    cpu_funcs[0] = run;
    name = title;
    nbuffers = static_cast<int>(access.size());
    std::copy(access.begin(), access.end(), modes);
  }
};

codelet inc{run_inc, "inc", {}};
codelet inc_in_place{run_inc_in_place, "inc", {STARPU_RW}};
codelet twice{run_twice, "twice", {STARPU_R, STARPU_W}};
codelet add{run_add, "add", {STARPU_R, STARPU_R, STARPU_W}};
codelet push{run_push, "push", {}};

starpu_task* make_task(codelet& what, void* given, std::initializer_list<handle> data = {}) {
  starpu_task* task = starpu_task_create();
  task->cl = &what;
  task->cl_arg = given;
  task->cl_arg_size = sizeof(void*);
  std::copy(data.begin(), data.end(), task->handles);
  return task;
}

void submit(codelet& what, void* given, std::initializer_list<handle> data = {}) {
  if (starpu_task_submit(make_task(what, given, data)) != 0) throw std::runtime_error("StarPU takes no task");
}

// Numbers that StarPU watches over, while this lives.
class watched {
 public:
  explicit watched(std::size_t count) : numbers(count), handles(count) {
    for (std::size_t i = 0; i < count; ++i) {
      numbers[i] = static_cast<number>(i);
      starpu_variable_data_register(&handles[i], STARPU_MAIN_RAM, reinterpret_cast<uintptr_t>(&numbers[i]),
                                    sizeof numbers[i]);
    }
  }
  // Waits for the tasks and makes the numbers readable.
  void finish() {
    starpu_task_wait_for_all();
    for (const handle each : handles)
      starpu_data_unregister(each);
  }

  std::vector<number> numbers;
  std::vector<handle> handles;
};

measures throughput(double tasks, double seconds) {
  return {{"throughput", tasks / seconds, "tasks/s", true}};
}

measures independent_tasks(const settings& how) {
  const auto count = static_cast<std::size_t>(how.scaled(200'000));
  std::vector<number> results(count);
  const double begun = now();
  for (auto& each : results)
    submit(inc, &each);
  starpu_task_wait_for_all();
  const double done = now() - begun;
  for (const number each : results)
    expect(each == 1, "W1");
  return throughput(static_cast<double>(count), done);
}

measures chain(const settings& how) {
  const int count = how.scaled(50'000);
  watched value{1};
  const double begun = now();
  for (int i = 0; i < count; ++i)
    submit(inc_in_place, nullptr, {value.handles[0]});
  value.finish();
  const double done = now() - begun;
  expect(value.numbers[0] == count, "W2");
  return {{"hop", done / count * 1e6, "us"}};
}

measures notebook_graph(const settings& how) {
  const auto count = static_cast<std::size_t>(how.scaled(10'000));
  const double begun = now();
  watched data{3 * count};
  for (std::size_t i = 0; i < count; ++i) {
    const handle x = data.handles[3 * i], y = data.handles[3 * i + 1], z = data.handles[3 * i + 2];
    submit(inc_in_place, nullptr, {x});
    submit(twice, nullptr, {x, y});
    submit(add, nullptr, {x, y, z});
  }
  data.finish();
  number total = 0, wanted = 0;
  for (std::size_t i = 0; i < count; ++i) {
    total += data.numbers[3 * i + 2];
    wanted += 3 * (3 * static_cast<number>(i) + 1);
  }
  const double done = now() - begun;
  expect(total == wanted, "W3");
  return throughput(3.0 * static_cast<double>(count) + 1, done);
}

measures tree_reduction(const settings& how) {
  const auto count = static_cast<std::size_t>(how.scaled(1 << 14));
  const double begun = now();
  watched data{2 * count}; // [1] is the root, [count] the first leaf
  for (std::size_t i = count; i < 2 * count; ++i)
    submit(inc_in_place, nullptr, {data.handles[i]});
  for (std::size_t i = count - 1; i >= 1; --i)
    submit(add, nullptr, {data.handles[2 * i], data.handles[2 * i + 1], data.handles[i]});
  data.finish();
  const double done = now() - begun;
  const auto leaves = static_cast<number>(count);
  expect(data.numbers[1] == leaves * leaves + leaves * (leaves + 1) / 2, "W4");
  return throughput(2.0 * static_cast<double>(count) - 1, done);
}

measures as_completed_reduction(const settings& how) {
  const int count = how.scaled(50'000);
  completion_queue queue;
  std::vector<pair_to_add> pairs;
  pairs.reserve(2 * static_cast<std::size_t>(count)); // tasks point into it
  const double begun = now();
  const number total = reduce_as_completed(queue, count, [&](number x, number y) {
    pairs.push_back({&queue, x, y});
    submit(push, &pairs.back());
  });
  const double done = now() - begun;
  starpu_task_wait_for_all();
  expect(total == number{count} * (count + 1) / 2, "W5");
  return throughput(2.0 * count - 1, done);
}

measures round_trips(const settings& how) {
  const auto round_trip = [](int) {
    number value = 0;
    starpu_task* task = make_task(inc, &value);
    task->detach = 0;
    if (starpu_task_submit(task) != 0) throw std::runtime_error("StarPU takes no task");
    if (starpu_task_wait(task) != 0) throw std::runtime_error("StarPU lost a task");
    expect(value == 1, "W6");
  };
  return time_round_trips(how, round_trip);
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<workload> workloads = {
      {"W1", independent_tasks},      {"W2", chain},       {"W3", notebook_graph}, {"W4", tree_reduction},
      {"W5", as_completed_reduction}, {"W6", round_trips},
  };
  const settings how = read_settings(argc, argv, {}, names_of(workloads));
  starpu_conf configuration;
  starpu_conf_init(&configuration);
  configuration.ncpus = 2;
  if (starpu_init(&configuration) != 0) return 1;
  const int failed = run_workloads(how, "starpu", "", workloads);
  starpu_shutdown();
  return failed;
}
