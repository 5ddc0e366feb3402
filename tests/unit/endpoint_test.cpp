#include "runtime/services/address_lookup.hpp"
#include "runtime/services/endpoint.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

using weft::detail::endpoint;

TEST(endpoint, understands_the_usual_ways_to_write_an_address) {
  EXPECT_EQ(endpoint::parse("example.org:8786"), (endpoint{"example.org", 8786}));
  EXPECT_EQ(endpoint::parse("tcp://10.0.0.1:1"), (endpoint{"10.0.0.1", 1}));
  EXPECT_EQ(endpoint::parse("[::1]:65535"), (endpoint{"::1", 65535}));
  EXPECT_EQ(endpoint::parse(":8786"), (endpoint{"127.0.0.1", 8786}));
  EXPECT_EQ(endpoint::parse("example.org", 8786), (endpoint{"example.org", 8786}));
  EXPECT_EQ(endpoint::parse("[::1]", 8786), (endpoint{"::1", 8786}));
}

TEST(endpoint, a_text_that_is_no_address_is_named_with_what_is_wrong) {
  auto refusal = [](std::string_view text) -> std::string {
    try {
      endpoint::parse(text);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(
      refusal("host:80x"),
      "\"host:80x\" is not an address: \"80x\" is not a port (expected host:port, as in 127.0.0.1:8786)");
  for (auto text : {"", "host", "host:", "host:65536", "host:-1", "::1:8786", "[::1:8786", "[zz]:1",
                    "[::1]8786", "udp://host:1", "a b:1", "http://host/x:1"})
    EXPECT_NE(refusal(text).find("\"" + std::string{text} + "\" is not an address"), std::string::npos)
        << refusal(text);
}

TEST(endpoint, what_is_printed_can_be_parsed_again) {
  for (const auto& where : {endpoint{"::1", 1}, endpoint{"example.org", 8786}})
    EXPECT_EQ(endpoint::parse(to_string(where)), where);
}

TEST(endpoint, knows_what_only_this_machine_can_reach) {
  for (auto host : {"127.0.0.1", "127.8.9.1", "::1", "localhost"})
    EXPECT_TRUE((endpoint{host, 1}.is_loopback())) << host;
  for (auto host : {"0.0.0.0", "::", "128.0.0.1", "localhost.example.org"})
    EXPECT_FALSE((endpoint{host, 1}.is_loopback())) << host;
}

TEST(look_up, localhost_is_this_machine_whether_or_not_the_system_knows_the_name) {
  const endpoint where{"localhost", 1};
  const auto addresses = weft::detail::look_up(where, true);
  ASSERT_EQ(addresses.size(), 2u);
  EXPECT_EQ(addresses[0].family(), AF_INET6);
  EXPECT_EQ(addresses[1].family(), AF_INET);
  EXPECT_NO_THROW(weft::detail::require_loopback(where, addresses));
}
