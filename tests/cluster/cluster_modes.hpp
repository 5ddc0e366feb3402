#pragma once

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace weft::test {

/// A test that runs with workers as threads and with workers as processes. The cluster is started once per
/// mode and kept: each test has a client of its own.
class both_modes : public ::testing::TestWithParam<bool> {
 protected:
  static local_cluster& shared_cluster(bool processes) {
    static std::unique_ptr<local_cluster> clusters[2];
    auto& cluster = clusters[processes ? 1 : 0];
    if (!cluster)
      cluster = std::make_unique<local_cluster>(
          local_cluster_options{.workers = 2, .threads_per_worker = 2, .processes = processes});
    return *cluster;
  }

  bool processes() const { return GetParam(); }

  client client_{shared_cluster(GetParam())};
};

inline std::string name_of_mode(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "over_processes" : "in_process";
}

} // namespace weft::test

#define WEFT_IN_BOTH_MODES(fixture)                                                                          \
  INSTANTIATE_TEST_SUITE_P(modes, fixture, ::testing::Bool(), weft::test::name_of_mode)
