#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "engines/registry.hpp"
#include "project/source_file.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

void check_name(const std::string& name) {
  const auto ok = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!name.empty() && std::all_of(name.begin(), name.end(), ok)) return;
  throw Error(Code::kUsage, fmt::format("{} is not a name for a migration", shown_argument(name)))
      .hint("letters, digits and '_': add_users_locale");
}

void check_one_line(const std::string& option, const std::string& value) {
  if (value.find_first_of("\r\n") != std::string::npos)
    throw Error(Code::kUsage, fmt::format("--{} must be one line", option));
}

// Versions only grow: two files made within a second, or a file of a clock that runs ahead, must not collide or sort
// wrongly.
std::string next_version(const Context& context) {
  project::Version latest("0");
  for (const auto& folder : {context.config.schema_folder, context.config.data_folder}) {
    if (!fs::exists(context.config.root / folder)) continue;
    for (const auto& entry : fs::directory_iterator(context.config.root / folder)) {
      const std::string name = entry.path().filename().string();
      const project::Version version(name.substr(0, std::min(name.find_first_not_of("0123456789"), name.size())));
      if (!version.text().empty() && latest < version) latest = version;
    }
  }
  for (EpochMs time = context.clock.wall();; time += 1000) {
    const project::Version version(to_version(time));
    if (latest < version) return version.text();
    // A version that is no timestamp (00042 is fine, 99999999999999 is not) cannot be followed by a time.
    if (latest.text().size() > 14 || latest.text() > "9998")
      throw Error(Code::kInvalidFile, fmt::format("no timestamp comes after version {}", latest.text()));
  }
}

std::string header(const std::string& change, const std::vector<std::string>& required) {
  std::string text;
  if (!change.empty()) text += fmt::format("-- change: {}\n", change);
  if (!required.empty()) text += fmt::format("-- requires: {}\n", fmt::join(required, ", "));
  return text;
}

int write_file(const Context& context, const std::string& folder, project::Kind kind, const std::string& name,
               const std::string& text) {
  const std::string file_name = fmt::format("{}_{}.sql", next_version(context), name);
  const std::string display = (fs::path(folder) / file_name).string();
  // The header is read back before it is written, so that a wrong --where or --change is refused here. The statement is
  // a placeholder.
  const auto dialect_of =
      context.config.url ? context.open_database() : engines::open_database(db::parse_url("sqlite:none"), "/");
  project::parse_migration(kind, file_name, display, text, dialect_of->dialect());
  std::error_code failed;
  fs::create_directories(context.config.root / folder, failed);
  std::ofstream out(context.config.root / display);
  out << text;
  if (!out.flush()) throw Error(Code::kConfig, fmt::format("cannot write {}", display));
  context.print(context.global.json ? report::created_to_json({display}) : fmt::format("created  {}\n", display));
  return 0;
}

}  // namespace

int run_command(const Context& context, const NewSchemaOptions& options) {
  check_name(options.name);
  check_one_line("change", options.change);
  for (const auto& required : options.required) check_one_line("requires", required);
  const std::string text = header(options.change, options.required) + "-- migrate:up\n\n\n-- migrate:down\n\n";
  return write_file(context, context.config.schema_folder, project::Kind::kSchema, options.name, text);
}

int run_command(const Context& context, const NewDataOptions& options) {
  check_name(options.name);
  check_one_line("over", options.over);
  check_one_line("where", options.where);
  check_one_line("change", options.change);
  for (const auto& required : options.required) check_one_line("requires", required);
  std::string text = header(options.change, options.required) + fmt::format("-- over: {}\n", options.over);
  if (!options.where.empty()) text += fmt::format("-- where: {}\n", options.where);
  text += fmt::format(
      "-- migrate:batch\n-- One statement changes one batch; :batch is its key range{}.\nUPDATE {} SET "
      "column_name = value WHERE :batch;\n",
      options.where.empty() ? "" : " and `where`", options.over);
  return write_file(context, context.config.data_folder, project::Kind::kData, options.name, text);
}

}  // namespace weir::cli
