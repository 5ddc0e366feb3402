#pragma once

// What the services use of Boost.Asio. Only .cpp files and headers of theirs include this: it is slow to
// compile. Sockets are handled as descriptors that asio waits for; reading and writing is done with the
// system's own calls.

#include <utility> // asio 1.74 uses std::exchange without including it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace weft::detail {

namespace asio = boost::asio;
using boost_error = boost::system::error_code;

} // namespace weft::detail
