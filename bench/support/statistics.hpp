#pragma once

#include <functional>
#include <vector>

namespace bench {

/// The value below which that part (0 to 1) of the values lies. There must be one.
double quantile(std::vector<double> values, double part);
double median(std::vector<double> values);

/// How long each of `count` calls takes, in microseconds.
std::vector<double> times_of(int count, const std::function<void(int)>& call);

} // namespace bench
