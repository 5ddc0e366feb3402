#pragma once

#include "tests/support/seeded_random.hpp"

#include <cstdint>
#include <string>

namespace weft::test {

/// What one seed plays: drawn from it, and nothing else. Times are in nanoseconds, chances in thousandths.
struct plan {
  std::uint64_t seed = 0;

  // -- who takes part
  unsigned workers = 1;      ///< at the beginning; some join a little later
  unsigned workers_most = 1; ///< at any time while work runs
  unsigned threads_most = 1; ///< of a worker
  unsigned clients = 1;
  unsigned acts = 1; ///< of each client: it submits a graph, cancels, releases, waits…

  // -- how fast everything is
  std::int64_t delay_least = 0; ///< of a link
  std::int64_t delay_most = 0;
  std::int64_t act_gap = 0;    ///< between two acts of a client, on the average
  std::int64_t run_time = 0;   ///< of a task, on the average
  std::int64_t horizon = 0;    ///< faults end here
  bool takes_several = false;  ///< threads take several short tasks at once
  bool shares_process = false; ///< workers and clients live with the scheduler: values travel in every report
  bool reports_directly = false; ///< a worker's report also goes to the holder, past the scheduler

  // -- what tasks are like
  unsigned throws_some = 0; ///< fails a few times, is retried as often
  unsigned throws = 0;      ///< fails always
  unsigned kills = 0;       ///< its worker dies whenever it runs
  unsigned large = 0;       ///< its result is too large for a report
  unsigned restricted = 0;  ///< names workers
  unsigned prioritised = 0;
  unsigned secedes = 0; ///< waits inside for something, and leaves its thread meanwhile
  unsigned keyed = 0;
  unsigned other_module = 0; ///< lives in a module that few workers have
  unsigned points = 0;       ///< is called with a pointer into that module; only who tries it finds that out

  // -- what users do besides submitting; weights
  unsigned releases = 0;
  unsigned cancels = 0;
  unsigned watches = 0;
  unsigned wants = 0;
  unsigned takes = 0;
  unsigned scatters = 0;
  unsigned drops_intermediates = 0; ///< chance that a handle is dropped as soon as its future was used

  // -- what goes wrong: how often, before the horizon
  unsigned deaths = 0;
  unsigned cuts = 0; ///< a worker's link dies; it finds out later than the scheduler, or earlier
  unsigned stalls = 0;
  unsigned retirements = 0;
  unsigned joins = 0;
  unsigned data_cuts = 0;   ///< a data connection dies
  unsigned client_ends = 0; ///< clients that close or are cut off while their work runs

  /// Nothing goes wrong that could justify computing anything twice, or waiting for a deadline.
  bool calm() const noexcept { return deaths + cuts + stalls + data_cuts + kills == 0; }

  static plan from(std::uint64_t seed);
  /// One line for people.
  std::string text() const;
};

} // namespace weft::test
