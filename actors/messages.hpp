#pragma once

#include "runtime/holder/protocol.hpp"
#include "runtime/services/ports.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <functional>
#include <future>
#include <memory>
#include <string>

/// All that CAF carries. Nothing here is ever serialised: other processes are reached through links.
namespace weft::detail {

/// There is something in this box for you. One type a role.
template <class Event>
struct doorbell {
  std::shared_ptr<outbox<Event>> box;
};

/// Something to be done inside the actor: seldom, as when it gets to know somebody.
struct errand {
  std::shared_ptr<std::function<void()>> action;
};

/// To a link: begin, and let this one hear the peer.
template <class Event>
struct start_request {
  port<Event> to;
};

/// To a link: set the promise when all that came before has left.
struct flush_request {
  std::shared_ptr<std::promise<void>> done;
};

/// To a link: send what there is, say goodbye with this reason, and end.
struct close_request {
  std::string why;
};

using again_atom = caf::atom_constant<caf::atom("again")>; ///< an actor to itself: go on where you stopped
using end_atom = caf::atom_constant<caf::atom("end")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>; ///< to a link: time has passed

} // namespace weft::detail

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::doorbell<weft::detail::scheduler_event>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::doorbell<weft::detail::worker_event>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::doorbell<weft::detail::holder_event>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::errand)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::start_request<weft::detail::scheduler_event>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::start_request<weft::detail::worker_event>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::start_request<weft::detail::holder_event>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::flush_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weft::detail::close_request)
