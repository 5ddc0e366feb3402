#include "runtime/services/modules.hpp"

#include <elf.h>
#include <link.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace weft::detail {

namespace {

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string program_name() {
  std::string path(4096, '\0');
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return "program";
  path.resize(static_cast<std::size_t>(length));
  const std::string deleted = " (deleted)"; // what the kernel appends once the file is gone or replaced
  if (path.ends_with(deleted)) path.resize(path.size() - deleted.size());
  return base_name(path);
}

/// Of the file's header, if the segment begins with it. It tells where in the file the sections are, which
/// are other places in a stripped copy.
std::size_t header_size(const loaded_module::segment& segment) {
  const bool has_header = segment.end - segment.begin >= sizeof(ElfW(Ehdr)) &&
                          std::memcmp(reinterpret_cast<const void*>(segment.begin), ELFMAG, SELFMAG) == 0;
  return has_header ? sizeof(ElfW(Ehdr)) : 0;
}

/// What a segment began with that has been written to since, if only by its relocation. Nothing, if the file
/// cannot be read.
std::string initial_bytes(const loaded_module& module, const loaded_module::segment& segment) {
  std::ifstream file{module.path, std::ios::binary};
  std::string bytes(segment.file_size, '\0');
  file.seekg(static_cast<std::streamoff>(segment.file_offset));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

constexpr std::size_t note_padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

/// Looks for the build-id among the notes at [begin, begin + size).
bool find_build_id(const char* begin, std::size_t size, build_id& id) {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, begin, sizeof header);
    const auto whole = sizeof header + note_padded(header.n_namesz) + note_padded(header.n_descsz);
    if (whole > size) return false;
    const auto* const name = begin + sizeof header;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      std::memcpy(id.bytes.data(), name + 4, std::min<std::size_t>(header.n_descsz, id.bytes.size()));
      return true;
    }
    begin += whole;
    size -= whole;
  }
  return false;
}

int add_module(dl_phdr_info* info, std::size_t, void* result) {
  auto& modules = *static_cast<std::vector<loaded_module>*>(result);
  auto& module = modules.emplace_back();
  module.program = modules.size() == 1;
  module.path = module.program ? "/proc/self/exe" : info->dlpi_name;
  module.name = module.program ? program_name() : base_name(module.path);
  module.base = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    const auto begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD)
      module.segments.push_back({.begin = begin,
                                 .end = begin + header.p_memsz,
                                 .executable = (header.p_flags & PF_X) != 0,
                                 .read_only = (header.p_flags & (PF_R | PF_W)) == PF_R,
                                 .file_offset = header.p_offset,
                                 .file_size = header.p_filesz});
    else if (header.p_type == PT_NOTE && !module.noted)
      module.noted = find_build_id(reinterpret_cast<const char*>(begin), header.p_memsz, module.id);
  }
  return 0;
}

} // namespace

std::string build_id::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

bool loaded_module::contains(std::uintptr_t address) const noexcept {
  return std::any_of(segments.begin(), segments.end(),
                     [&](const segment& s) { return s.begin <= address && address < s.end; });
}

bool loaded_module::executes(std::uintptr_t address) const noexcept {
  return std::any_of(segments.begin(), segments.end(),
                     [&](const segment& s) { return s.executable && s.begin <= address && address < s.end; });
}

std::vector<loaded_module> scan_modules() {
  std::vector<loaded_module> modules;
  ::dl_iterate_phdr(&add_module, &modules);
  return modules;
}

std::uint64_t modules_generation() {
  std::uint64_t generation = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        *static_cast<std::uint64_t*>(result) = info->dlpi_adds + info->dlpi_subs;
        return 1; // the same for every module
      },
      &generation);
  return generation;
}

build_id identify(const loaded_module& module) {
  if (module.noted) return module.id;
  const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context{::EVP_MD_CTX_new(),
                                                                          &::EVP_MD_CTX_free};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  bool hashed = context && ::EVP_DigestInit_ex(context.get(), ::EVP_sha256(), nullptr) == 1;
  const auto hash = [&](const void* bytes, std::size_t size) {
    hashed = hashed && ::EVP_DigestUpdate(context.get(), bytes, size) == 1;
  };
  for (const auto& segment : module.segments) {
    if (segment.read_only) {
      const auto begin = segment.begin + header_size(segment);
      hash(reinterpret_cast<const void*>(begin), segment.end - begin);
    } else {
      const std::string bytes = initial_bytes(module, segment);
      hash(bytes.data(), bytes.size());
    }
  }
  hashed = hashed && ::EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  if (!hashed) throw std::runtime_error("weft: cannot hash the code of " + module.name);
  build_id id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

} // namespace weft::detail
