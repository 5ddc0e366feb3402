#pragma once

/// Describes a struct's members once, for equality, the text form and the wire:
///
///     struct task_kept {
///       task_id task;
///       run_id run;
///       WEFT_MEMBERS(task_kept, task, run)
///     };
///
/// gives `task_kept::event_name()`, `task_kept::visit_members(self, visitor)`, which calls visitor("task",
/// self.task) and so on in this order, and operator==. WEFT_NO_MEMBERS(leave) does the same for an empty
/// struct.

#define WEFT_PARENS ()
#define WEFT_EXPAND(...) WEFT_EXPAND_2(WEFT_EXPAND_2(WEFT_EXPAND_2(__VA_ARGS__)))
#define WEFT_EXPAND_2(...) WEFT_EXPAND_1(WEFT_EXPAND_1(WEFT_EXPAND_1(__VA_ARGS__)))
#define WEFT_EXPAND_1(...) __VA_ARGS__
#define WEFT_VISIT_EACH(...) __VA_OPT__(WEFT_EXPAND(WEFT_VISIT_NEXT(__VA_ARGS__)))
#define WEFT_VISIT_NEXT(member, ...)                                                                         \
  visitor(#member, self.member);                                                                             \
  __VA_OPT__(WEFT_VISIT_AGAIN WEFT_PARENS(__VA_ARGS__))
#define WEFT_VISIT_AGAIN() WEFT_VISIT_NEXT

#define WEFT_MEMBERS(type, ...)                                                                              \
  static constexpr const char* event_name() noexcept {                                                       \
    return #type;                                                                                            \
  }                                                                                                          \
  template <class Self, class Visitor>                                                                       \
  static constexpr void visit_members(Self& self, Visitor&& visitor) {                                       \
    WEFT_VISIT_EACH(__VA_ARGS__)                                                                             \
  }                                                                                                          \
  friend bool operator==(const type&, const type&) = default;

#define WEFT_NO_MEMBERS(type)                                                                                \
  static constexpr const char* event_name() noexcept {                                                       \
    return #type;                                                                                            \
  }                                                                                                          \
  template <class Self, class Visitor>                                                                       \
  static constexpr void visit_members(Self&, Visitor&&) {}                                                   \
  friend bool operator==(const type&, const type&) = default;
