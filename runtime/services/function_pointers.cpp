#include "runtime/services/function_pointers.hpp"

#include "runtime/core/demangle.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unwind.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace weft::detail {

namespace {

/// A file mapped for reading; empty if it cannot be.
class mapped_file {
 public:
  explicit mapped_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct ::stat status {};
    if (::fstat(file, &status) == 0 && status.st_size > 0) {
      const auto size = static_cast<std::size_t>(status.st_size);
      void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
      if (data != MAP_FAILED) bytes_ = {static_cast<const std::byte*>(data), size};
    }
    ::close(file);
  }
  ~mapped_file() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;

  std::span<const std::byte> bytes() const noexcept { return bytes_; }

  /// The T at `offset`, if the file reaches that far.
  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || sizeof(T) > bytes_.size() - offset) return std::nullopt;
    T result;
    std::memcpy(&result, bytes_.data() + offset, sizeof result);
    return result;
  }

  /// The text from `offset` to the next zero.
  std::string text_at(std::uint64_t offset) const {
    if (offset >= bytes_.size()) return {};
    const auto* const begin = reinterpret_cast<const char*>(bytes_.data()) + offset;
    return {begin, ::strnlen(begin, bytes_.size() - offset)};
  }

 private:
  std::span<const std::byte> bytes_;
};

std::optional<Elf64_Shdr> section_header(const mapped_file& file, const Elf64_Ehdr& header,
                                         std::uint64_t index) {
  return file.at<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
}

/// The file may have been replaced since it was loaded; only the same build's symbols mean anything.
bool holds_build(const mapped_file& file, const loaded_module& module) {
  if (module.program || !module.noted)
    return true; // /proc/self/exe is the file that runs, whatever its path holds now
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  return text.find({reinterpret_cast<const char*>(module.id.bytes.data()), module.id.bytes.size()}) !=
         std::string_view::npos;
}

/// The mangled name of the function whose value is `value` in the symbol table `table`.
std::string find_symbol(const mapped_file& file, const Elf64_Shdr& table, const Elf64_Shdr& names,
                        std::uint64_t value) {
  for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
    const auto symbol = file.at<Elf64_Sym>(table.sh_offset + at);
    if (!symbol) return {};
    if (symbol->st_value == value && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
        symbol->st_shndx != SHN_UNDEF)
      return file.text_at(names.sh_offset + symbol->st_name);
  }
  return {};
}

std::string symbol_name(const loaded_module& module, std::uint64_t value) {
  const mapped_file file(module.path);
  const auto header = file.at<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof(Elf64_Shdr) ||
      !holds_build(file, module))
    return {};
  std::string exported;
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const auto section = section_header(file, *header, i);
    if (!section) return {};
    if (section->sh_type != SHT_SYMTAB && section->sh_type != SHT_DYNSYM) continue;
    const auto names = section_header(file, *header, section->sh_link);
    if (!names) return {};
    auto name = find_symbol(file, *section, *names, value);
    if (section->sh_type == SHT_SYMTAB && !name.empty()) return name;
    if (!name.empty()) exported = std::move(name);
  }
  return exported;
}

std::string demangled_symbol(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name{
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free};
  return status == 0 ? name.get() : symbol; // a C function's name is its symbol
}

/// Without <…>, but for the operators that have such signs in their names.
std::string without_template_arguments(const std::string& text) {
  if (text.find("operator") != std::string::npos) return text;
  std::string result;
  int depth = 0;
  for (const char c : text) {
    if (c == '<')
      ++depth;
    else if (c == '>')
      --depth;
    else if (depth == 0)
      result += c;
  }
  return result;
}

std::string last_part(const std::string& text) {
  const auto colon = text.rfind(':');
  return colon == std::string::npos ? text : text.substr(colon + 1);
}

} // namespace

bool is_function_start(std::uintptr_t address) {
  // The tables are asked for the function around a return address, which lies behind the call's first byte.
  return reinterpret_cast<std::uintptr_t>(
             ::_Unwind_FindEnclosingFunction(reinterpret_cast<void*>(address + 1))) == address;
}

std::string function_name_at(const loaded_module& module, std::uintptr_t address) {
  const auto symbol = symbol_name(module, address - module.base);
  return symbol.empty() ? "function" : short_function_name(demangled_symbol(symbol));
}

std::string short_function_name(std::string text) {
  if (text.find("{lambda") != std::string::npos) return "lambda";
  const std::string_view anonymous = "(anonymous namespace)::";
  for (std::size_t at = 0; (at = text.find(anonymous, at)) != std::string::npos;)
    text.erase(at, anonymous.size());
  const auto call = text.find("operator()");
  const auto parameters = text.find('(', call == std::string::npos ? 0 : call + std::strlen("operator()"));
  text = without_template_arguments(text.substr(0, parameters));
  if (const auto operation = text.rfind("operator"); operation != std::string::npos)
    return text.substr(operation);
  if (const auto suffix = text.find_first_of(".["); suffix != std::string::npos)
    text.resize(suffix); // f.isra.0, f[abi:x]
  text = last_part(text);
  text = text.substr(text.rfind(' ') + 1); // a template's name begins with its result type
  return text.empty() ? "function" : text;
}

std::string short_type_name(const std::type_info& callable) {
  auto text = without_template_arguments(demangled(callable)); // a functor may be made of lambdas
  if (text.find("{lambda") != std::string::npos) return "lambda";
  text = last_part(text);
  return text.empty() || text == "*" ? "function" : text; // a pointer to a member that is no function
}

} // namespace weft::detail
