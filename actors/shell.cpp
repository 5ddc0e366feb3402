#include "actors/shell.hpp"

#include "actors/log.hpp"
#include "actors/messages.hpp"
#include "actors/process_actors.hpp"
#include "runtime/services/busy_threads.hpp"
#include "runtime/services/thread_role.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/broker.hpp>
#include <caf/io/middleman.hpp>

#include <future>

namespace weft::detail {

namespace {

// An exception that leaves a handler would end the actor without a word: said aloud here, and its part counts
// as lost.
template <class Self, class Event, class Turn>
void guarded(Self* self, shell<Event>& what, Turn&& turn) {
  this_thread_role().must_not_wait = "on a thread that runs actors";
  const busy_threads::scope busy;
  std::string trouble;
  try {
    if (turn()) self->send(self, again_atom::value);
    return;
  } catch (const std::exception& thrown) {
    trouble = thrown.what();
  } catch (...) {
    trouble = "something that is no std::exception was thrown";
  }
  log_error("an actor ends: " + trouble);
  try {
    what.end(trouble);
  } catch (const std::exception& thrown) {
    log_error(std::string("an actor could not say so: ") + thrown.what());
  }
  self->quit();
}

template <class Self, class Event>
caf::behavior behavior_of(Self* self, std::shared_ptr<shell<Event>> what) {
  // One message object serves all doorbells to oneself.
  return {
      [self, what](const doorbell<Event>& rung) {
        guarded(self, *what, [&] { return what->hear(rung.box); });
      },
      [self, what](again_atom) { guarded(self, *what, [&] { return what->go_on(); }); },
      [self, what](const errand& sent) {
        guarded(self, *what, [&] {
          (*sent.action)();
          return false;
        });
      },
      [self, what](end_atom) {
        guarded(self, *what, [&] {
          while (what->go_on()) {
          }
          what->end({});
          self->quit();
          return false;
        });
      },
  };
}

class doorbell_ringer final : public bell {
 public:
  doorbell_ringer(caf::actor target, caf::message message)
      : target_(std::move(target)), message_(std::move(message)) {}
  void ring() override {
    caf::actor_cast<caf::abstract_actor*>(target_)->enqueue(nullptr, caf::make_message_id(), message_,
                                                            nullptr);
  }

 private:
  const caf::actor target_;
  const caf::message message_; // made once: it says no more than whose box it is
};

template <class Event>
class hosted_shell final : public hosted<Event> {
 public:
  explicit hosted_shell(caf::actor its) : actor_(std::move(its)) {
    auto promise = std::make_shared<std::promise<void>>();
    ended_ = promise->get_future().share();
    actor_->attach_functor([promise](const caf::error&) { promise->set_value(); });
  }
  ~hosted_shell() override { end(); }

  std::shared_ptr<bell> bell_for(std::shared_ptr<outbox<Event>> box) override {
    return std::make_shared<doorbell_ringer>(actor_, caf::make_message(doorbell<Event>{std::move(box)}));
  }
  void post(std::function<void()> action) override {
    caf::anon_send(actor_, errand{std::make_shared<std::function<void()>>(std::move(action))});
  }
  void begin_end() override { caf::anon_send(actor_, end_atom::value); }
  void end() override {
    begin_end();
    ended_.wait();
  }

 private:
  const caf::actor actor_;
  std::shared_future<void> ended_;
};

} // namespace

template <class Event>
std::shared_ptr<hosted<Event>> host_shell(caf::actor_system& system, stage where,
                                          std::shared_ptr<shell<Event>> what) {
  const leave_actor_system scope;
  if (where == stage::io)
    return std::make_shared<hosted_shell<Event>>(system.middleman().spawn_broker(
        [what = std::move(what)](caf::io::broker* self) { return behavior_of(self, what); }));
  return std::make_shared<hosted_shell<Event>>(system.spawn(
      [what = std::move(what)](caf::event_based_actor* self) { return behavior_of(self, what); }));
}

template std::shared_ptr<hosted<scheduler_event>> host_shell(caf::actor_system&, stage,
                                                             std::shared_ptr<shell<scheduler_event>>);
template std::shared_ptr<hosted<worker_event>> host_shell(caf::actor_system&, stage,
                                                          std::shared_ptr<shell<worker_event>>);
template std::shared_ptr<hosted<holder_event>> host_shell(caf::actor_system&, stage,
                                                          std::shared_ptr<shell<holder_event>>);

} // namespace weft::detail
