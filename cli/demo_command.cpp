#include "cli/commands.hpp"
#include "cli/options.hpp"

#include <weft/weft.hpp>

#include <iostream>
#include <vector>

namespace weft_program {

namespace {

int square(int x) {
  return x * x;
}

int add(int x, int y) {
  return x + y;
}

int sum_of_squares(weft::client& client) {
  std::vector<int> numbers;
  for (int i = 1; i <= 100; ++i)
    numbers.push_back(i);
  weft::as_completed squares{client.map(square, numbers)};
  while (squares.count() > 1)
    squares.add(client.submit(add, squares.next(), squares.next()));
  return squares.next().result();
}

} // namespace

int run_demo(const std::vector<std::string>& arguments) {
  command_options options{
      "usage: weft demo\n\nAdds up the squares of 1 to 100, whichever is there first, on threads "
      "of this process and then on worker processes."};
  if (!options.parse(arguments)) return 0;
  for (const bool processes : {false, true}) {
    weft::local_cluster cluster{{.workers = 2, .threads_per_worker = 2, .processes = processes}};
    weft::client client{cluster};
    std::cerr << client << '\n';
    std::cout << (processes ? "over worker processes: " : "in one process: ") << sum_of_squares(client)
              << std::endl;
  }
  return 0;
}

} // namespace weft_program
