#pragma once

#include "bench/support/measure.hpp"
#include "bench/support/settings.hpp"
#include "bench/workloads/session.hpp"

namespace bench {

// One repetition of each workload. All throw std::runtime_error for a wrong result.

// graphs.cpp: how many tasks a second
measures independent_tasks(session& in, const settings& how);      // W1
measures chain(session& in, const settings& how);                  // W2
measures notebook_graph(session& in, const settings& how);         // W3
measures tree_reduction(session& in, const settings& how);         // W4
measures as_completed_reduction(session& in, const settings& how); // W5

// round_trips.cpp: how long one task takes, and how much time goes when there is none
measures round_trips(session& in, const settings& how); // W6

// transfers.cpp: how fast large values move
measures transfers(session& in, const settings& how); // W7

// grids.cpp: how small tasks may be
measures smallest_tasks(session& in, const settings& how); // W8

// pending_tasks.cpp: what a task costs that waits
measures million_pending(session& in, const settings& how);     // W9
measures ten_million_pending(session& in, const settings& how); // W9

// membership.cpp: workers that go and come. For worker processes only.
measures killed_worker(session& in, const settings& how);  // W10
measures joining_worker(session& in, const settings& how); // W10

} // namespace bench
