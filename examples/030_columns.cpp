// Numbers that are spread over the workers: 100 MB of doubles are scattered in blocks, and the work goes to
// where they are. Look at what travels: blocks once, on their way out; then only a few numbers per block.
//
//     030_columns [--processes | --connect ADDRESS]

#include "program_options.hpp"

#include <weft/weft.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iostream>
#include <limits>
#include <vector>

namespace {

constexpr std::size_t columns = 4;
constexpr std::size_t rows_per_block = 32'768; // 1 MiB
constexpr std::size_t blocks = 50;             // of each of two tables

/// Rows of four columns, row after row.
using block = std::vector<double>;

/// What is known of one column, or of a part of it.
struct column_statistics {
  double count = 0;
  double sum = 0;
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
};

using table_statistics = std::array<column_statistics, columns>;

/// Whole numbers, so that sums are exact in whatever order they are made.
block make_block(std::size_t seed) {
  block numbers(rows_per_block * columns);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t row = seed * rows_per_block + i / columns;
    const std::size_t column = i % columns;
    numbers[i] = static_cast<double>(row * (column + 3) % 1000) - static_cast<double>(100 * column);
  }
  return numbers;
}

double dot(const block& a, const block& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

double add(const double& a, const double& b) {
  return a + b;
}

table_statistics describe(const block& numbers) {
  table_statistics result;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    column_statistics& column = result[i % columns];
    ++column.count;
    column.sum += numbers[i];
    column.least = std::min(column.least, numbers[i]);
    column.greatest = std::max(column.greatest, numbers[i]);
  }
  return result;
}

table_statistics join(const table_statistics& a, const table_statistics& b) {
  table_statistics result;
  for (std::size_t i = 0; i < columns; ++i)
    result[i] = {a[i].count + b[i].count, a[i].sum + b[i].sum, std::min(a[i].least, b[i].least),
                 std::max(a[i].greatest, b[i].greatest)};
  return result;
}

template <class T>
weft::future<T> reduce(weft::client& client, T (*join)(const T&, const T&),
                       std::vector<weft::future<T>> level) {
  while (level.size() > 1) {
    std::vector<weft::future<T>> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2)
      next.push_back(client.submit(join, level[i], level[i + 1]));
    if (level.size() % 2 == 1) next.push_back(level.back());
    level = std::move(next);
  }
  return level.front();
}

void run(const example::options& options) {
  example::cluster cluster{options};
  weft::client client = cluster.connect();

  std::vector<weft::future<block>> a;
  std::vector<weft::future<block>> b;
  for (std::size_t i = 0; i < blocks; ++i) {
    a.push_back(client.scatter(make_block(i)));
    b.push_back(client.scatter(make_block(i + 1)));
  }

  const auto product = reduce(client, add, client.map(dot, a, b));
  const auto statistics = reduce(client, join, client.map(describe, a));

  std::cout.precision(15);
  std::cout << "dot product " << product.result() << '\n';
  std::cout << "column rows mean least greatest\n";
  for (std::size_t i = 0; i < columns; ++i) {
    const column_statistics& column = statistics.result()[i];
    std::cout << i << ' ' << column.count << ' ' << column.sum / column.count << ' ' << column.least << ' '
              << column.greatest << '\n';
  }
}

} // namespace

int main(int argc, char** argv) {
  weft::init init{argc, argv};
  return example::main(argc, argv, {}, run);
}
