#include "runtime/services/cluster_key.hpp"
#include "runtime/services/descriptor.hpp"

#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace weft;
using namespace weft::detail;

namespace {

namespace fs = std::filesystem;

class cluster_key_files : public testing::Test {
 protected:
  cluster_key_files() {
    auto pattern = (fs::temp_directory_path() / "weft-key-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~cluster_key_files() override { fs::remove_all(folder); }

  fs::path file_of_size(std::size_t size,
                        fs::perms permissions = fs::perms::owner_read | fs::perms::owner_write) {
    auto path = folder / "given.key";
    std::ofstream{path} << std::string(size, 'k');
    fs::permissions(path, permissions);
    return path;
  }

  static std::string refusal_of(const fs::path& path) {
    try {
      cluster_key::read_file(path);
    } catch (const connection_error& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path folder;
};

/// Sets an environment variable for a while.
class scoped_variable {
 public:
  scoped_variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~scoped_variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  scoped_variable(const scoped_variable&) = delete;
  scoped_variable& operator=(const scoped_variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

mode_t permissions_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777;
}

} // namespace

TEST_F(cluster_key_files, the_first_to_ask_makes_a_private_file_and_the_next_reads_it) {
  const scoped_variable configuration{"XDG_CONFIG_HOME", folder / "config"};
  auto path = folder / "config" / "weft" / "cluster.key";
  auto made = cluster_key::read_or_make_file(path);
  EXPECT_EQ(permissions_of(path), 0600u);
  EXPECT_EQ(permissions_of(path.parent_path()), 0700u);
  EXPECT_EQ(cluster_key::read_or_make_file(path), made);
  EXPECT_EQ(cluster_key::read_file(path), made);
  EXPECT_EQ(std::distance(fs::directory_iterator{path.parent_path()}, {}), 1) << "something was left behind";
}

TEST_F(cluster_key_files, of_which_the_user_names_the_folder_are_made_only_where_it_exists) {
  auto missing = folder / "mistyped" / "cluster.key";
  try {
    cluster_key::read_or_make_file(missing);
    FAIL() << "made " << missing;
  } catch (const connection_error& error) {
    EXPECT_EQ(error.what(), "the cluster's key, " + missing.string() +
                                ", cannot be made: there is no folder " + missing.parent_path().string());
  }
  EXPECT_FALSE(fs::exists(missing.parent_path()));
  const auto made = cluster_key::read_or_make_file(folder / "cluster.key");
  EXPECT_EQ(cluster_key::read_file(folder / "cluster.key"), made);
}

TEST_F(cluster_key_files, of_which_neither_folder_nor_file_can_be_made_say_why) {
  const auto refusal = [](const fs::path& path) -> std::string {
    try {
      cluster_key::read_or_make_file(path);
    } catch (const connection_error& error) {
      return error.what();
    }
    return "no error";
  };
  // In /proc nobody makes a file, not even root.
  EXPECT_EQ(refusal("/proc/cluster.key")
                .rfind("the cluster's key, /proc/cluster.key, cannot be made: a file beside it: ", 0),
            0u)
      << refusal("/proc/cluster.key");
  const scoped_variable configuration{"XDG_CONFIG_HOME", "/proc/config"};
  const fs::path path = "/proc/config/weft/cluster.key";
  EXPECT_EQ(refusal(path).rfind(
                "the cluster's key, " + path.string() + ", cannot be made: the folder /proc/config: ", 0),
            0u)
      << refusal(path);
}

TEST_F(cluster_key_files, of_many_that_make_it_at_once_all_get_the_same_key) {
  const scoped_variable configuration{"XDG_CONFIG_HOME", folder};
  auto path = folder / "weft" / "cluster.key";
  std::vector<cluster_key> keys(16, cluster_key{key_bytes{}});
  {
    std::vector<std::jthread> threads;
    for (auto& key : keys)
      threads.emplace_back([&] { key = cluster_key::read_or_make_file(path); });
  }
  for (const auto& key : keys)
    EXPECT_EQ(key, keys.front());
  EXPECT_NE(keys.front(), cluster_key{key_bytes{}});
}

TEST_F(cluster_key_files, a_file_that_others_may_read_is_refused) {
  auto path = file_of_size(32, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  EXPECT_EQ(refusal_of(path), "the cluster's key, " + path.string() +
                                  ", can be used by others: allow only its owner (chmod 600)");
}

TEST_F(cluster_key_files, a_file_of_another_size_is_refused) {
  for (std::size_t size : {0, 31, 33}) {
    auto path = file_of_size(size);
    EXPECT_EQ(refusal_of(path), "the cluster's key, " + path.string() + ", has " + std::to_string(size) +
                                    " bytes, where a key has 32");
  }
}

TEST_F(cluster_key_files, a_missing_file_and_a_folder_are_refused_by_name) {
  auto missing = folder / "none.key";
  EXPECT_EQ(refusal_of(missing),
            "the cluster's key, " + missing.string() + ", cannot be read: No such file or directory");
  EXPECT_EQ(refusal_of(folder), "the cluster's key, " + folder.string() + ", is not a regular file");
}

TEST_F(cluster_key_files, the_path_is_the_chosen_one_else_the_environments_else_in_the_config_folder) {
  auto before = [](const char* name) {
    return std::getenv(name) ? std::optional<std::string>{std::getenv(name)} : std::nullopt;
  };
  auto home = before("HOME");
  ::setenv("HOME", "/home/someone", 1);
  ::unsetenv("XDG_CONFIG_HOME");
  ::unsetenv("WEFT_KEY_FILE");
  EXPECT_EQ(cluster_key::file_path(), "/home/someone/.config/weft/cluster.key");
  ::setenv("XDG_CONFIG_HOME", "/etc/xdg", 1);
  EXPECT_EQ(cluster_key::file_path(), "/etc/xdg/weft/cluster.key");
  ::setenv("WEFT_KEY_FILE", "/run/key", 1);
  EXPECT_EQ(cluster_key::file_path(), "/run/key");
  EXPECT_EQ(cluster_key::file_path("given"), "given");
  ::unsetenv("XDG_CONFIG_HOME");
  ::unsetenv("WEFT_KEY_FILE");
  ::unsetenv("HOME");
  EXPECT_THROW(cluster_key::file_path(), connection_error);
  if (home) ::setenv("HOME", home->c_str(), 1);
}

TEST(cluster_key, ephemeral_keys_differ) {
  EXPECT_NE(cluster_key::make_ephemeral(), cluster_key::make_ephemeral());
}

TEST(cluster_key, passes_through_a_pipe_whole_or_not_at_all) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  unique_descriptor reader{ends[0]}, writer{ends[1]};
  auto key = cluster_key::make_ephemeral();
  key.write_to_descriptor(writer.get());
  EXPECT_EQ(cluster_key::read_from_descriptor(reader.get()), key);
  ASSERT_EQ(::write(writer.get(), "short", 5), 5);
  writer.reset();
  EXPECT_THROW(cluster_key::read_from_descriptor(reader.get()), connection_error);
}
