#include <weft/detail/failure.hpp>
#include <weft/ids.hpp>

#include <gtest/gtest.h>

using namespace weft;
using detail::failure;

namespace {

detail::failure_ptr failure_of(auto throwing) {
  try {
    throwing();
  } catch (...) {
    return failure::from_exception(std::current_exception(), "load-1f", "worker-2");
  }
  return nullptr;
}

} // namespace

TEST(ids, a_task_id_keeps_its_client_and_sequence) {
  auto id = task_id::make(client_id{0xabcdef}, task_id::sequence_max);
  EXPECT_EQ(id.client().value, 0xabcdefu);
  EXPECT_EQ(id.sequence(), task_id::sequence_max);
}

TEST(failure, a_standard_exception_becomes_a_task_error_that_names_type_message_key_and_worker) {
  auto failed = failure_of([] { throw std::out_of_range("no such row"); });
  try {
    failed->raise();
  } catch (const task_error& error) {
    EXPECT_STREQ(error.what(), "std::out_of_range: no such row (in load-1f, on worker-2)");
    EXPECT_THROW(std::rethrow_exception(error.original()), std::out_of_range);
  }
}

TEST(failure, nested_exceptions_are_told_outermost_first) {
  auto failed = failure_of([] {
    try {
      throw std::runtime_error("disk full");
    } catch (...) {
      std::throw_with_nested(std::logic_error("cannot save"));
    }
  });
  EXPECT_EQ(failed->messages, (std::vector<std::string>{"cannot save", "disk full"}));
  EXPECT_EQ(failed->type, "std::logic_error");
}

TEST(failure, an_exception_that_could_nest_another_and_does_not_is_told_alone) {
  auto failed = failure_of([] { std::throw_with_nested(std::invalid_argument("negative")); });
  EXPECT_EQ(failed->messages, std::vector<std::string>{"negative"});
}

TEST(failure, what_is_no_std_exception_is_named_by_its_type) {
  auto failed = failure_of([] { throw 42; });
  EXPECT_EQ(failed->type, "int");
  EXPECT_THROW(failed->raise(), task_error);
}

// A task whose own call fails so has begun: nobody else may run it in its place.
TEST(failure, for_want_of_a_module_is_a_build_mismatch_to_whom_it_is_thrown_and_no_more_than_that) {
  const auto absent = failure::make(detail::failure_kind::module_absent, "a pointer leads elsewhere");
  EXPECT_THROW(absent->raise(), build_mismatch);
  const auto again = failure_of([&] { absent->raise(); });
  EXPECT_EQ(again->kind, detail::failure_kind::build_mismatch);
  EXPECT_EQ(again->messages, absent->messages);
}

TEST(failure, wefts_own_errors_keep_their_type) {
  auto failed = failure_of([] { throw lost_data_error("the only copy of x is gone"); });
  EXPECT_THROW(failed->raise(), lost_data_error);
}
