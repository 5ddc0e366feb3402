#pragma once

#include "bench/support/measure.hpp"
#include "bench/support/settings.hpp"

#include <functional>

namespace bench {

/// W6 of any system: how long calls of `round_trip` take, one after the other and each after 20 ms of rest.
measures time_round_trips(const settings& how, const std::function<void(int)>& round_trip);

} // namespace bench
