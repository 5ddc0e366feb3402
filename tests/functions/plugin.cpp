#include <weft/detail/typed_body.hpp>

/// A task library that is loaded while the programs run. Returns a body that its caller owns.
extern "C" __attribute__((visibility("default"))) const weft::detail::task_body*
weft_trial_plugin_task(int x) {
  return weft::detail::make_body([k = 30](int y) { return y + k; }, x).detach();
}
