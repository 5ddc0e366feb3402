#pragma once

#include <weft/weft.hpp>

/// A library with a task function of its own, which a program links and `weft worker --load` loads.
WEFT_API weft::future<int> submit_triple(weft::client& client, int x);
