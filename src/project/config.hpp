// Where the project stands, which database it means and how it is set. Sources of the URL by increasing strength:
// DATABASE_URL, .env, weir.toml, --url.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace weir::project {

struct Config {
  std::filesystem::path root;                // absolute; the folder of weir.toml, or the present one
  std::string schema_folder = "db/migrate";  // relative to root
  std::string data_folder = "db/data";
  std::optional<std::string> url;
  std::string url_source;             // "--url", "weir.toml", ".env" or "DATABASE_URL"
  std::int64_t inline_rows = 10'000;  // a table with at most so many rows is backfilled by `weir migrate` itself
  Milliseconds lock_timeout{2000};    // per attempt of a DDL statement
  // What happens to a migration that is older than the newest applied one.
  enum class OutOfOrder { kApply, kRefuse } out_of_order = OutOfOrder::kApply;
  Milliseconds lock_budget{60'000};         // for all attempts of one, pauses included
  Milliseconds statement_timeout{0};        // of a statement of a schema migration; 0: none
  std::int64_t keep_days = 0;               // how long the old values of a run are kept; 0: until they are discarded
  std::string dump_file = "db/schema.sql";  // of `weir dump`; relative to root
  bool dump_after_migrate = false;
  // Whose migrations weir adopted (`weir adopt` writes it): adopt/tool.hpp.
  struct Adopted {
    std::string tool;    // "goose"
    std::string folder;  // of that tool's files; relative to root
    bool keep_history = false;
  };
  std::optional<Adopted> adopted;
};

// Reads weir.toml of `directory` or its nearest parent that has one, and .env beside it.
// Errors: kConfig with file, line and column, for unknown keys too.
Config load_config(const std::filesystem::path& directory, const std::optional<std::string>& url_option);

// KEY=value lines; quotes and `export` as shells write them. Errors: kConfig.
std::map<std::string, std::string> parse_dotenv(std::string_view text, const std::string& display_name);

}  // namespace weir::project
