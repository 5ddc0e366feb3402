#pragma once

#include "actors/node.hpp"
#include "actors/process_actors.hpp"

#include <functional>
#include <memory>
#include <string>

namespace weft::detail {

/// A worker of this process whose scheduler is in another one; see node::join_cluster.
std::shared_ptr<worker_handle> join_remote_cluster(std::shared_ptr<process_actors> actors,
                                                   cluster_address where, const worker_options& options,
                                                   std::function<void(const std::string&)> left);

/// A client of this process whose scheduler is in another one; see node::connect.
std::shared_ptr<client_connection> connect_to_remote_cluster(std::shared_ptr<process_actors> actors,
                                                             cluster_address where,
                                                             const std::string& client_name);

} // namespace weft::detail
