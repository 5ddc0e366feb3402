// What can be encoded: as it is, this compiles; each macro asks for something that cannot.

#include <weft/buffer.hpp>
#include <weft/codec.hpp>

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

class secret {
 public:
  explicit secret(int n) : number_(n) {}

 private:
  int number_;
};

class open {
 public:
  friend auto weft_fields(open& self) { return std::tie(self.number_); }
#if defined(FIELDS_BY_VALUE)
  struct careless {
    int number;
    friend auto weft_fields(careless& self) { return std::make_tuple(self.number); }
  };
#endif

 private:
  int number_ = 0;
};

int main() {
  weft::encoder to;
#if defined(ENCODE_POINTER)
  int number = 0;
  weft::encode(to, std::vector<int*>{&number});
#elif defined(ENCODE_CLASS)
  weft::encode(to, secret(1));
#elif defined(DECODE_VIEW)
  weft::decoder from({});
  weft::decode<std::string_view>(from);
#elif defined(FIELDS_BY_VALUE)
  weft::encode(to, open::careless());
#elif defined(BUFFER_OF_STRINGS)
  weft::buffer<std::string> names(3);
#elif defined(BUFFER_OF_POINTERS)
  weft::encode(to, weft::buffer<int*>(3));
#else
  weft::encode(to, weft::buffer<int>(3));
  weft::encode(to, std::vector<std::string>{"a"});
  weft::encode(to, open());
#endif
}
