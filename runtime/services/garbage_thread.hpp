#pragma once

namespace weft::detail {

/// Destroys what holds objects of the user's for threads that must not run their destructors: a thread that
/// runs actors or moves data would hold everybody up, and one that waits there for Weft would wait for
/// itself. One thread for the process, begun with the first such object and never ended. Thread-safe.
class garbage_thread {
 public:
  /// Whether the calling thread must not destroy the user's objects.
  static bool is_wanted() noexcept;

  /// Has `destroy(object)` called there; here, if there is no thread to be had.
  static void take(const void* object, void (*destroy)(const void*) noexcept) noexcept;

  /// Returns when all that was taken before is destroyed; at once on the thread itself.
  static void drain();
};

} // namespace weft::detail
