#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = R"toml(# weir: everything here is optional; the values shown are the defaults.

# The database. Stronger than DATABASE_URL and .env, weaker than --url. Keep passwords out of version control: leave it to .env.
# url = "postgres://user@localhost:5432/app"
# url = "sqlite:app.db"

# A table with at most this many rows is backfilled by `weir migrate` itself; a larger one waits for `weir run`.
# inline_rows = 10000

# How long one attempt of a DDL statement waits for its lock before it steps back and tries again.
# lock_timeout = "2s"

# [paths]
# schema = "db/migrate"
# data = "db/data"

# [dump]
# file = "db/schema.sql"
# after_migrate = false
)toml";

}  // namespace

int run_command(const Context& context, const InitOptions&) {
  // Here, not in a parent's project: init makes a new one.
  const fs::path root = fs::absolute(context.global.directory);
  std::vector<std::string> created;
  try {
    for (const auto* folder : {"db/migrate", "db/data"}) {
      if (fs::create_directories(root / folder)) created.emplace_back(std::string(folder) + "/");
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(Code::kConfig, fmt::format("cannot make the folders: {}", error.code().message()));
  }
  if (!fs::exists(root / "weir.toml")) {
    std::ofstream out(root / "weir.toml");
    out << kConfig;
    if (!out.flush()) throw Error(Code::kConfig, "cannot write weir.toml");
    created.emplace_back("weir.toml");
  }
  if (context.global.json) {
    context.print(report::created_to_json(created));
    return 0;
  }
  for (const auto& path : created) context.print(fmt::format("created  {}\n", path));
  if (created.empty()) context.print("everything is there already\n");
  context.print("next: weir new schema NAME\n");
  return 0;
}

}  // namespace weir::cli
