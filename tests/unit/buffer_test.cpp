#include "runtime/services/connector.hpp"
#include "runtime/services/encoded_value.hpp"
#include "runtime/services/listener.hpp"
#include "runtime/services/passed_descriptors.hpp"
#include "runtime/wire/data_message.hpp"
#include "tests/unit/transfer_processes.hpp"

#include <weft/buffer.hpp>
#include <weft/detail/typed_value.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

namespace weft::detail {
namespace {

using test::process;
using test::recorder;
using test::the_key;

constexpr std::size_t large = 1 << 20; // elements: far above what is worth passing

buffer<int> filled(std::size_t size, int first = 1) {
  buffer<int> result(size);
  for (auto& element : result.writable())
    element = first++;
  return result;
}

bool equal(const buffer<int>& a, const buffer<int>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

template <class T>
std::vector<std::byte> encoded(const T& value) {
  encoder to;
  encode(to, value);
  const auto bytes = to.flatten();
  return {bytes->data(), bytes->data() + bytes->size()};
}

unique_descriptor memory_file(std::size_t size, int seals) {
  unique_descriptor file{::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  EXPECT_EQ(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
  EXPECT_EQ(::fcntl(file.get(), F_ADD_SEALS, seals), 0);
  return file;
}

struct with_pointer {
  int* pointer;
};

struct two_buffers {
  buffer<int> first;
  std::string between;
  buffer<double> second;
};

// What arrives when near asks far for this value.
value_ptr fetched(process& near, process& far, value_ptr value) {
  recorder alice{far.data, worker_id{1}};
  recorder bob{near.data, worker_id{2}};
  bob.mover->introduce(worker_id{1}, far.where);
  bob.say(request_value{worker_id{1}, task_id{1}});
  alice.answer(std::move(value));
  return bob.hear<value_arrived>().value;
}

void only_tcp(transfer::settings& how) {
  how.same_machine = false;
}

} // namespace

TEST(buffer, is_zero_at_first_and_keeps_what_is_written) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, large}) {
    buffer<int> fresh(size);
    ASSERT_EQ(fresh.size(), size);
    EXPECT_TRUE(std::all_of(fresh.begin(), fresh.end(), [](int i) { return i == 0; }));
    fresh.writable()[size - 1] = 5;
    EXPECT_EQ(fresh[size - 1], 5);
  }
  EXPECT_TRUE(buffer<int>().empty());
  EXPECT_TRUE(buffer<int>(0).empty());
  EXPECT_EQ(buffer<int>().writable().size(), 0u);
  EXPECT_THROW(buffer<double>(~std::size_t{0} / 2), std::bad_alloc);
}

TEST(buffer, copied_shares_its_memory_until_one_of_the_two_is_written) {
  auto original = filled(large);
  const auto* const address = original.data();
  auto copy = original;
  EXPECT_EQ(copy.data(), address);
  copy.writable()[0] = 77;
  EXPECT_NE(copy.data(), address);
  EXPECT_EQ(original[0], 1);
  EXPECT_EQ(original.writable().data(), address) << "it is alone again";
}

TEST(buffer, of_pointers_does_not_travel) {
  EXPECT_TRUE(travels<buffer<double>>);
  EXPECT_TRUE((travels<std::vector<buffer<std::array<float, 3>>>>));
  EXPECT_FALSE(travels<buffer<with_pointer>>);
}

TEST(buffer, arrives_from_plain_bytes) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, large}) {
    const auto original = filled(size);
    const auto bytes = encoded(original);
    decoder from(bytes);
    EXPECT_TRUE(equal(decode<buffer<int>>(from), original));
    from.finish();
  }
}

TEST(buffer, cut_short_is_refused_before_memory_is_taken) {
  auto bytes = encoded(filled(3));
  bytes.pop_back();
  decoder from(bytes);
  EXPECT_THROW(decode<buffer<int>>(from), decode_error);
  encoder to;
  to.write_size(std::size_t{1} << 60);
  const auto huge = to.flatten();
  decoder from_huge(huge->bytes());
  EXPECT_THROW(decode<buffer<int>>(from_huge), decode_error);
}

TEST(buffer, counts_as_what_it_holds) {
  EXPECT_GE(make_value<buffer<int>>(filled(large))->nbytes(), large * sizeof(int));
}

TEST(buffer, between_processes_of_one_machine_is_read_where_it_was_built) {
  process far{the_key}, near{the_key};
  const auto original = make_value<buffer<int>>(filled(large));
  const auto arrived = fetched(near, far, original);
  auto& theirs = value_as<buffer<int>>(*original);
  auto& ours = value_as<buffer<int>>(*arrived);
  EXPECT_TRUE(equal(ours, theirs));
  EXPECT_NE(ours.data(), theirs.data()) << "mapped once more";
  // Against the rules, to see that the memory is the same: whoever built it still has a way to write.
  const_cast<int*>(theirs.data())[9] = 1234;
  EXPECT_EQ(ours[9], 1234);

  auto written = ours;
  written.writable()[9] = 5;
  EXPECT_EQ(theirs[9], 1234);
  auto taken = std::move(const_cast<buffer<int>&>(theirs));
  const auto* const address = taken.data();
  taken.writable()[9] = 6;
  EXPECT_NE(taken.data(), address) << "another process still reads it";
  EXPECT_EQ(ours[9], 1234);
}

TEST(buffer, is_passed_on_by_who_has_only_read_it) {
  process far{the_key}, middle{the_key}, near{the_key};
  const auto original = make_value<buffer<int>>(filled(large));
  const auto first = fetched(middle, far, original);
  const auto before_decoding = fetched(near, middle, first);
  value_as<buffer<int>>(*first);
  const auto after_decoding = fetched(near, middle, first);
  const_cast<int*>(value_as<buffer<int>>(*original).data())[0] = 1234;
  EXPECT_EQ(value_as<buffer<int>>(*before_decoding)[0], 1234);
  EXPECT_EQ(value_as<buffer<int>>(*after_decoding)[0], 1234);
}

TEST(buffer, over_tcp_travels_as_bytes) {
  process far{the_key, only_tcp}, near{the_key, only_tcp};
  const auto original = make_value<buffer<int>>(filled(large));
  const auto arrived = fetched(near, far, original);
  auto ours = value_as<buffer<int>>(*arrived);
  EXPECT_TRUE(equal(ours, value_as<buffer<int>>(*original)));
  const_cast<int*>(value_as<buffer<int>>(*original).data())[9] = 1234;
  EXPECT_EQ(ours[9], 10);
}

TEST(buffer, in_a_structure_arrives_among_the_rest) {
  process far{the_key}, near{the_key};
  two_buffers both{filled(large), std::string(200'000, 'x'), buffer<double>(3)};
  both.second.writable()[2] = 2.5;
  const auto arrived = fetched(near, far, make_value<two_buffers>(both));
  const auto& ours = value_as<two_buffers>(*arrived);
  EXPECT_TRUE(equal(ours.first, both.first));
  EXPECT_EQ(ours.between, both.between);
  EXPECT_EQ(ours.second[2], 2.5);
}

TEST(buffer, of_many_in_one_value_those_beyond_the_descriptors_of_a_message_travel_as_bytes) {
  process far{the_key}, near{the_key};
  std::vector<buffer<int>> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(filled(shared_buffer::mapped_min / sizeof(int), i));
  const auto arrived = fetched(near, far, make_value<std::vector<buffer<int>>>(many));
  const auto& ours = value_as<std::vector<buffer<int>>>(*arrived);
  ASSERT_EQ(ours.size(), many.size());
  for (std::size_t i = 0; i < many.size(); ++i)
    ASSERT_TRUE(equal(ours[i], many[i])) << i;
}

TEST(buffer, beyond_a_quarter_of_the_descriptors_lies_in_ordinary_memory) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 40, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<buffer<char>> many;
  for (int i = 0; i < 50; ++i)
    many.emplace_back(shared_buffer::mapped_min).writable()[0] = static_cast<char>(i);
  const int next = ::dup(0);
  EXPECT_GE(next, 0) << "no descriptor is left";
  ::close(next);
  EXPECT_EQ(many[49][0], 49);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(passed_memory, that_somebody_could_cut_short_or_is_of_another_size_is_refused) {
  EXPECT_NO_THROW(shared_buffer::map(memory_file(8192, F_SEAL_SHRINK).release(), 8192));
  EXPECT_THROW(shared_buffer::map(memory_file(8192, F_SEAL_GROW).release(), 8192), decode_error);
  EXPECT_THROW(shared_buffer::map(memory_file(8192, F_SEAL_SHRINK).release(), 8193), decode_error);
  EXPECT_THROW(shared_buffer::map(memory_file(8192, F_SEAL_SHRINK).release(), 4096), decode_error);
  EXPECT_THROW(shared_buffer::map(memory_file(0, F_SEAL_SHRINK).release(), 0), decode_error);
  EXPECT_THROW(shared_buffer::map(::open("/dev/zero", O_RDONLY | O_CLOEXEC), 8192), decode_error);
  EXPECT_THROW(shared_buffer::map(-1, 8192), decode_error);
}

TEST(passed_memory, cannot_be_written_by_who_is_passed_it) {
  const auto memory = shared_buffer::allocate_mapped(shared_buffer::mapped_min);
  ASSERT_GE(memory->descriptor(), 0);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory->descriptor(), 0), MAP_FAILED);
  EXPECT_EQ(::ftruncate(memory->descriptor(), 0), -1);
}

// A member of the cluster that says what it should not.
class lying : public testing::Test {
 protected:
  // What the process says of a peer that sends this put_value, with these descriptors.
  std::string reaction(const data_block& block, std::initializer_list<int> descriptors,
                       bool over_tcp = false) {
    mailbox<std::string> log;
    process careful{the_key, [&](auto& how) { how.log = [&](const std::string& why) { log.push(why); }; }};
    io_thread io;
    const auto liar = connector::connect(
        io, endpoint::parse(careful.where),
        {.key = the_key,
         .self = {.role = peer_role::worker, .purpose = connection_purpose::data, .name = "liar"},
         .same_machine = !over_tcp});
    data_message message;
    message.type = frame_type::put_value;
    message.worker = worker_id{1};
    message.length = 16 + block.size;
    message.blocks = {block};
    std::vector<std::byte> bytes;
    append_data_message(bytes, message);
    bytes.resize(bytes.size() + 16);
    iovec piece{bytes.data(), bytes.size()};
    msghdr said{};
    said.msg_iov = &piece;
    said.msg_iovlen = 1;
    EXPECT_EQ(send_with_descriptors(liar.socket.get(), said, {descriptors.begin(), descriptors.size()}),
              static_cast<ssize_t>(bytes.size()));
    return log.pop();
  }

  template <class T>
  using mailbox = test::mailbox<T>;
};

TEST_F(lying, about_memory_that_was_not_passed_costs_the_connection) {
  EXPECT_NE(reaction({16, 8192, true}, {}).find("told of and not passed"), std::string::npos);
  EXPECT_NE(reaction({16, 8192, true}, {}, true).find("told of and not passed"), std::string::npos);
}

TEST_F(lying, about_the_size_of_passed_memory_costs_the_connection) {
  const auto file = memory_file(8192, F_SEAL_SHRINK);
  EXPECT_NE(reaction({16, 8193, true}, {file.get()}).find("not sealed memory of the size"),
            std::string::npos);
}

TEST_F(lying, with_memory_that_can_be_cut_short_costs_the_connection) {
  const auto file = memory_file(8192, F_SEAL_GROW);
  EXPECT_NE(reaction({16, 8192, true}, {file.get()}).find("not sealed memory of the size"),
            std::string::npos);
}

} // namespace weft::detail
