#pragma once

#include "actors/node.hpp"
#include "actors/process_actors.hpp"
#include "runtime/services/transfer.hpp"

#include <memory>
#include <string>

namespace weft::detail {

class scheduler_host;

/// How other processes come into a scheduler's cluster: the port, the hellos, and the links that those lead
/// to.
class scheduler_gate final : public std::enable_shared_from_this<scheduler_gate> {
 public:
  /// Precondition: the options have a key.
  scheduler_gate(std::shared_ptr<process_actors> actors, std::weak_ptr<scheduler_host> host,
                 const scheduler_options& options);
  ~scheduler_gate();

  /// Listens, if the options say so. Throws as scheduler_handle's start does.
  void open();
  void adopt(unique_descriptor socket);
  /// Closes the port and all links, and waits until they are.
  void close();

  std::string address() const;
  /// Where workers of this process can be asked for data.
  std::string data_address() const;
  std::shared_ptr<transfer> data() const;
  void worker_process_ended(const std::string& name, const std::string& how);

 private:
  class implementation;
  std::shared_ptr<implementation> implementation_;
};

} // namespace weft::detail
