#include "cli/dump.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "report/schema_file.hpp"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStandardOutput = "-";

std::string make_dump(const db::Database& database) {
  const auto connection = database.connect(db::Purpose::kRead);
  auto ledger = ledger::Ledger::open(database, *connection);
  return report::schema_file(database, ledger ? &*ledger : nullptr);
}

// As it is, byte for byte.
std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Beside it and then renamed, so that nobody reads half of it. False, and the file untouched, when it is the same.
bool write_file(const fs::path& path, const std::string& text) {
  if (fs::is_regular_file(path) && read_bytes(path) == text) return false;
  const fs::path building = path.string() + ".new";
  const auto fail = [&](const std::string& why) {
    throw Error(Code::kConfig, fmt::format("cannot write {}: {}", path.string(), why))
        .hint("--file names another place");
  };
  std::error_code failed;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failed);
  if (failed) fail(failed.message());
  std::ofstream out(building, std::ios::binary);
  out << text;
  out.close();
  if (!out) fail("the folder cannot be written, or the disk is full");
  fs::rename(building, path, failed);
  if (failed) fail(failed.message());
  return true;
}

int check(const Context& context, const fs::path& path, const std::string& shown, const std::string& text) {
  if (!fs::is_regular_file(path))
    throw Error(Code::kNotFound, fmt::format("there is no {}", shown)).hint("`weir dump` writes it; commit it");
  const auto differences = report::compare_schema_files(read_bytes(path), text);
  context.print(context.global.json ? report::to_json(differences, shown) : report::to_text(differences, shown));
  return differences.empty() ? 0 : exit_code(Code::kVerificationFailed);
}

void print_written(const Context& context, const std::string& shown, bool changed) {
  if (!context.global.json) {
    context.print(fmt::format("{}  {}\n", changed ? "written" : "same   ", shown));
    return;
  }
  const nlohmann::ordered_json json{{"schema", 1}, {"file", shown}, {"changed", changed}};
  context.print(json.dump(2) + "\n");
}

}  // namespace

int run_command(const Context& context, const DumpOptions& options) {
  const std::string shown = options.file.value_or(context.config.dump_file);
  if (shown == kStandardOutput && (options.check || context.global.json))
    throw Error(Code::kUsage, "--file - prints the dump and nothing else").hint("leave --check and --json out");
  // A file of the command line is meant from here, one of weir.toml from the project.
  const fs::path path = options.file ? fs::path(shown) : context.config.root / shown;
  const auto database = context.open_existing_database();
  const std::string text = make_dump(*database);
  if (options.check) return check(context, path, shown, text);
  if (shown == kStandardOutput) {
    context.print(text);
  } else {
    print_written(context, shown, write_file(path, text));
  }
  return 0;
}

void dump_after_migrate(const Context& context, const db::Database& database) {
  if (!context.config.dump_after_migrate) return;
  try {
    const bool changed = write_file(context.config.root / context.config.dump_file, make_dump(database));
    if (changed && !context.global.json) context.print(fmt::format("written  {}\n", context.config.dump_file));
  } catch (const Error& error) {
    std::fputs(fmt::format("warning: {} was not written: {}\n", context.config.dump_file, error.message()).c_str(),
               stderr);
    if (!error.hint().empty()) std::fputs(fmt::format("  {}\n", error.hint()).c_str(), stderr);
  }
}

}  // namespace weir::cli
