#include "cli/commands.hpp"
#include "cli/options.hpp"

#include <weft/scheduler.hpp>
#include <weft/worker.hpp>

#include <iostream>

namespace weft_program {

namespace po = boost::program_options;

int run_scheduler(const std::vector<std::string>& arguments) {
  weft::scheduler_options how;
  command_options options{
      "usage: weft scheduler [OPTION]...\n\n"
      "Runs a scheduler until SIGINT or SIGTERM. Prints its address on standard output once it listens, and "
      "on standard\nerror who joins and leaves."};
  options.add()("host", po::value(&how.host)->default_value(how.host), "where to listen")(
      "port", options.number<std::uint16_t>("port", how.port, 0, 65535), "0: any that is free")(
      "key-file", po::value(&how.key_file),
      "the file with the cluster's key, made if there is none (default: WEFT_KEY_FILE, else "
      "~/.config/weft/cluster.key)")(
      "insecure", po::bool_switch(&how.insecure),
      "allow an address that other machines reach: what goes over the network is not "
      "encrypted");
  if (!options.parse(arguments)) return 0;

  weft::stop_signals signals; // before any thread is started
  const weft::scheduler scheduler{how};
  std::cout << scheduler.address() << std::endl;
  std::cerr << "weft: the scheduler listens at " << scheduler.address() << '\n';
  signals.wait();
  std::cerr << "weft: the scheduler ends\n";
  return 0;
}

} // namespace weft_program
