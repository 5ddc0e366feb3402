// What a user's codec does wrong, over worker processes: who reads the error learns the type, the task and
// the worker.

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace {

enum class trouble { none, encoding, decoding, leftover };

struct parcel {
  trouble its = trouble::none;
};

parcel pack(trouble its) {
  return {its};
}

int open(const parcel& what) {
  return static_cast<int>(what.its);
}

} // namespace

template <>
struct weft::codec<parcel> {
  static void encode(encoder& to, const parcel& what) {
    if (what.its == trouble::encoding) throw std::runtime_error("too large");
    weft::encode(to, what.its);
    if (what.its == trouble::leftover) weft::encode(to, true);
  }
  static parcel decode(decoder& from) {
    const parcel what{weft::decode<trouble>(from)};
    if (what.its == trouble::decoding) throw std::runtime_error("torn");
    return what;
  }
};

namespace weft {
namespace {

class codec_errors : public ::testing::Test {
 protected:
  template <class T>
  static void expect_told(const future<T>& future, const std::string& sentence, const std::string& worker) {
    try {
      future.result();
      ADD_FAILURE() << "did not throw";
    } catch (const task_error& error) {
      EXPECT_EQ(error.type(), "std::runtime_error");
      EXPECT_EQ(error.key(), future.key());
      EXPECT_EQ(error.worker(), worker);
      EXPECT_NE(std::string(error.what()).find(sentence), std::string::npos) << error.what();
    }
  }

  template <class T>
  static void expect_decode_error(const future<T>& future, const std::string& sentence) {
    try {
      future.result();
      ADD_FAILURE() << "did not throw";
    } catch (const decode_error& error) {
      const std::string said = error.what();
      EXPECT_NE(said.find(sentence), std::string::npos) << said;
      EXPECT_NE(said.find("(in " + future.key()), std::string::npos) << said;
    }
  }

  local_cluster cluster_{{.workers = 2, .threads_per_worker = 1, .processes = true}};
  client client_{cluster_};
};

TEST_F(codec_errors, of_a_result_that_cannot_be_encoded_name_its_type_its_task_and_its_worker) {
  expect_told(client_.submit({.workers = {"worker-1"}}, pack, trouble::encoding),
              "encoding a value of type (anonymous namespace)::parcel: too large", "worker-1");
}

TEST_F(codec_errors, of_an_input_that_cannot_be_encoded_name_the_task_that_needs_it) {
  const auto parcel = client_.submit({.workers = {"worker-0"}}, pack, trouble::encoding);
  expect_told(client_.submit({.workers = {"worker-1"}}, open, parcel), "parcel: too large", "worker-1");
}

TEST_F(codec_errors, of_arguments_name_the_task) {
  expect_told(client_.submit({.workers = {"worker-1"}}, open, parcel{trouble::encoding}),
              "encoding the arguments: too large", "worker-1");
  expect_told(client_.submit({.key = "mine", .workers = {"worker-1"}}, open, parcel{trouble::encoding}),
              "encoding the arguments: too large", "worker-1");
  expect_told(client_.submit({.workers = {"worker-0"}}, open, parcel{trouble::decoding}),
              "decoding the arguments of open: torn", "worker-0");
}

TEST_F(codec_errors, of_a_result_that_the_client_cannot_decode_are_errors_of_its_task) {
  expect_told(client_.submit(pack, trouble::decoding),
              "decoding a value of type (anonymous namespace)::parcel: torn", "");
}

TEST_F(codec_errors, of_a_result_that_is_taken_leave_it_where_it_was) {
  auto future = client_.submit(pack, trouble::decoding);
  const std::string key = future.key();
  try {
    future.take();
    ADD_FAILURE() << "did not throw";
  } catch (const task_error& error) {
    EXPECT_EQ(error.key(), key);
    EXPECT_NE(std::string(error.what()).find("parcel: torn"), std::string::npos) << error.what();
  }
  EXPECT_EQ(future.status(), future_status::finished);
  EXPECT_EQ(future.key(), key);
}

TEST_F(codec_errors, of_bytes_that_are_left_over_name_the_type) {
  expect_decode_error(client_.submit(pack, trouble::leftover),
                      "cannot decode a value of type (anonymous namespace)::parcel: 1 bytes too many");
  expect_decode_error(client_.submit(open, parcel{trouble::leftover}),
                      "cannot decode the arguments of open: ");
}

} // namespace
} // namespace weft
