#pragma once

#include <weft/weft.hpp>

/// A library with a task function of its own, which a program links and `weft worker --load` loads.
WEFT_API weft::future<int> submit_triple(weft::client& client, int x);
/// A function to be found by its name, for a program that opens the library and passes a pointer to it.
extern "C" WEFT_API int triple_by_pointer(int x);
/// The sum of triple(x) for x from 0 up to `count`, by map_reduce.
WEFT_API weft::future<int> submit_sum_of_triples(weft::client& client, int count);
