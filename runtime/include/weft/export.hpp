#pragma once

/// Marks what libweft exports. Everything else is hidden, so that a program and the libraries it loads share
/// one registry of task functions and nothing more.
#if defined(__GNUC__)
#define WEFT_API __attribute__((visibility("default")))
#define WEFT_HIDDEN __attribute__((visibility("hidden")))
#else
#error "Weft needs g++ or clang++"
#endif

/// Marks what returns futures of tasks that it has submitted. The compiler warns who forgets them.
#define WEFT_KEEP_FUTURES                                                                                    \
  [[nodiscard("weft: a task is cancelled when its last future is dropped: keep what this returns")]]
