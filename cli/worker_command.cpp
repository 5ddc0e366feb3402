#include "cli/commands.hpp"
#include "cli/options.hpp"

#include <weft/worker.hpp>

namespace weft_program {

namespace po = boost::program_options;

int run_worker(const std::vector<std::string>& arguments) {
  weft::worker_options how;
  std::string address;
  command_options options{
      "usage: weft worker ADDRESS [OPTION]...\n\n"
      "Runs a worker of the scheduler at ADDRESS (host:port) until SIGINT or SIGTERM. It has the "
      "task functions of the\nlibraries that it loads; a program's own functions need that "
      "program: `program --weft-worker ADDRESS`."};
  options.add_positional("ADDRESS", po::value(&address)->required());
  options.add()("nthreads", options.number<std::uint32_t>("nthreads", how.threads, 1, 1024),
                "how many tasks run at once (default: one per core)")(
      "nworkers", options.number<std::uint32_t>("nworkers", how.workers, 1, 1024),
      "how many workers this process is")("name", po::value(&how.name),
                                          "unique in the cluster (default: made up)")(
      "load", po::value(&how.libraries), "a library with task functions; may be given several times")(
      "key-file", po::value(&how.key_file),
      "the file with the cluster's key (default: WEFT_KEY_FILE, else ~/.config/weft/cluster.key)")(
      "insecure", po::bool_switch(&how.insecure),
      "allow an ADDRESS that is not on this machine: what goes over the network is not encrypted");
  if (!options.parse(arguments)) return 0;
  return weft::run_worker(address, how);
}

} // namespace weft_program
