// What does not travel, and how it is said.

#include <weft/codec.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <typeinfo>
#include <vector>

union coded_union {
  int number;
  double fraction;
};
template <>
struct weft::codec<coded_union> {
  static void encode(encoder& to, const coded_union& value) { weft::encode(to, value.number); }
  static coded_union decode(decoder& from) { return {weft::decode<int>(from)}; }
};

namespace weft {
namespace {

struct base {
  int number;
};
struct derived : base {
  int other;
};
struct with_bit_fields {
  unsigned low : 3;
  unsigned high : 5;
};
struct around_bit_fields {
  int number;
  with_bit_fields flags;
};
struct __attribute__((packed)) packed {
  char letter;
  int number;
};
struct tagged {
  bool whole;
  union {
    int number;
    double fraction;
  };
};
union named_union {
  int number;
  double fraction;
};

TEST(codec_refusal, a_struct_with_a_bit_field_or_a_union_does_not_travel_nor_does_one_around_it) {
  EXPECT_FALSE(travels<with_bit_fields>);
  EXPECT_FALSE(travels<around_bit_fields>);
  EXPECT_FALSE(travels<std::vector<with_bit_fields>>);
  EXPECT_FALSE(travels<tagged>);
  EXPECT_FALSE(travels<std::optional<tagged>>);
  struct with_named {
    int number;
    named_union value;
  };
  EXPECT_FALSE(travels<with_named>);
  struct with_coded {
    int number;
    coded_union value;
  };
  EXPECT_TRUE(travels<with_coded>);
}

struct of_constants {
  const int number;
  const std::string text;
  const std::unique_ptr<int> owned;
};
struct of_reference {
  int number;
  const std::string& text;
};
struct with_reference {
  int& number;
};
class with_constant_field {
 public:
  friend auto weft_fields(with_constant_field& its) { return std::tie(its.number_, its.text_); }

 private:
  const int number_ = 1;
  std::string text_;
};
class with_optional_constant {
 public:
  friend auto weft_fields(with_optional_constant& its) { return std::tie(its.number_); }

 private:
  std::optional<const int> number_;
};
class with_fields_of_constant {
 public:
  friend auto weft_fields(const with_fields_of_constant& its) { return std::tie(its.number_); }

 private:
  int number_ = 1;
};
class with_member_fields {
 public:
  auto weft_fields() { return std::tie(number_); }

 private:
  int number_ = 1;
};
struct with_long_array {
  char text[300];
};

TEST(codec_refusal, a_struct_with_constants_travels_and_one_with_references_does_not) {
  EXPECT_TRUE(travels<of_constants>);
  EXPECT_FALSE(travels<of_reference>) << "what it refers to would be gone once it is decoded";
  EXPECT_FALSE(travels<with_reference>);
  EXPECT_FALSE(travels<std::reference_wrapper<int>>);
}

TEST(codec_refusal, a_class_whose_weft_fields_name_what_cannot_be_set_does_not_travel) {
  EXPECT_FALSE(travels<with_constant_field>);
  EXPECT_FALSE(travels<with_optional_constant>);
  EXPECT_FALSE(travels<std::vector<with_constant_field>>);
}

template <class T>
std::string refusal_of() {
  try {
    detail::throw_cannot_travel(typeid(T), detail::shape_of<T>);
  } catch (const cannot_travel& error) {
    return error.what();
  }
}

TEST(codec_refusal, what_does_not_travel_says_why) {
  const std::string start = "weft: values of type ";
  const std::string cannot = " cannot travel to another process";
  const std::string own = " does only with a weft_fields function or a weft::codec; "
                          "weft_fields is a free or friend function that takes a T&";
  EXPECT_EQ(refusal_of<int*>(),
            start + "int*" + cannot + ": pointers to data, references and views never do");
  EXPECT_NE(refusal_of<std::vector<int*>>().find(
                cannot + ", because of the int* in them: pointers to data, references and views never do"),
            std::string::npos);
  EXPECT_NE(refusal_of<derived>().find(": a struct with a base class" + own), std::string::npos);
  const std::string hidden = ": a struct with a bit-field or a union, or a packed one," + own;
  EXPECT_NE(refusal_of<with_bit_fields>().find(hidden), std::string::npos);
  EXPECT_NE(refusal_of<packed>().find(hidden), std::string::npos);
  const std::string closed = ": a class with constructors or private members" + own;
  EXPECT_NE(refusal_of<with_fields_of_constant>().find(closed), std::string::npos);
  EXPECT_NE(refusal_of<with_member_fields>().find(closed), std::string::npos);
  EXPECT_NE(
      refusal_of<with_long_array>().find(
          ": a struct with more than 32 fields, more than 256 elements of C arrays or a reference" + own),
      std::string::npos);
  EXPECT_NE(
      refusal_of<of_reference>().find(
          ": a struct with a reference or another field that cannot be set does only with a weft::codec"),
      std::string::npos);
  EXPECT_NE(
      refusal_of<with_constant_field>().find(
          ": a struct with a reference or another field that cannot be set does only with a weft::codec"),
      std::string::npos);
  EXPECT_NE(refusal_of<std::function<void()>>().find(closed), std::string::npos);
  EXPECT_NE(refusal_of<std::nullptr_t>().find(": that type does only with a weft::codec"), std::string::npos);
}

} // namespace
} // namespace weft
