#include "engines/postgres/dump_program.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "engines/postgres/dialect.hpp"

namespace weir::engines::postgres {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "pg_dump";

// Folders with one sub-folder a version, and what follows in it: Debian and Ubuntu; Red Hat and SUSE; Homebrew; macOS.
struct VersionedFolder {
  const char* parent;
  const char* bin;
};
constexpr VersionedFolder kVersionedFolders[] = {{"/usr/lib/postgresql", "bin"},
                                                 {"/usr", "bin"},
                                                 {"/usr/local/opt", "bin"},
                                                 {"/opt/homebrew/opt", "bin"},
                                                 {"/Library/PostgreSQL", "bin"}};

bool may_hold_versions(const fs::path& folder, std::string_view parent) {
  const std::string name = folder.filename().string();
  if (parent == "/usr") return name.starts_with("pgsql-");
  if (parent.ends_with("/opt")) return name.starts_with("postgresql") || name == "libpq";
  return true;
}

std::vector<fs::path> folders() {
  std::vector<fs::path> list;
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path != nullptr ? path : "", ':')) {
    if (!folder.empty()) list.emplace_back(folder);
  }
  for (const auto& [parent, bin] : kVersionedFolders) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(parent, none)) {
      if (may_hold_versions(entry.path(), parent)) list.push_back(entry.path() / bin);
    }
  }
  return list;
}

// "pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
std::optional<DumpProgram> identify(const fs::path& path) {
  constexpr std::string_view kProduct = "(PostgreSQL) ";
  const auto answer = run_and_capture({path.string(), "--version"}, {{"LC_ALL", "C"}});
  const auto at = answer.out.find(kProduct);
  if (answer.exit_code != 0 || at == std::string::npos) return std::nullopt;
  const std::string rest = answer.out.substr(at + kProduct.size());
  const std::string version = rest.substr(0, rest.find_first_not_of("0123456789."));
  const auto major = parse_integer(version.substr(0, version.find('.')));
  if (!major) return std::nullopt;
  return DumpProgram{path.string(), static_cast<int>(*major), version};
}

std::string list_of(const std::vector<DumpProgram>& programs) {
  std::vector<std::string> parts;
  for (const auto& program : programs) parts.push_back(fmt::format("{} ({})", program.path, program.version));
  return fmt::format("{}", fmt::join(parts, ", "));
}

// The program connects by itself, with the same parameters; a secret goes through the environment.
std::string connection_string(const Conninfo& info) {
  std::string text;
  for (const auto& [name, value] : info.parameters) {
    if (name == "password" || name == "sslpassword" || name == "client_encoding") continue;
    std::string quoted;
    for (const char c : value) {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
    text += fmt::format("{}{}='{}'", text.empty() ? "" : " ", name, quoted);
  }
  return text;
}

// The zone decides how time stamps in defaults and partition bounds are written.
std::map<std::string, std::string> environment(const Conninfo& info) {
  std::map<std::string, std::string> values{{"PGTZ", "UTC"}, {"LC_ALL", "C"}, {"PGCLIENTENCODING", "UTF8"}};
  const auto password = info.parameters.find("password");
  if (password != info.parameters.end()) values["PGPASSWORD"] = password->second;
  return values;
}

Error failure(const DumpProgram& program, const ProgramOutput& output) {
  const std::string said(trim(output.err.substr(0, output.err.find('\n'))));
  const auto says = [&](std::string_view words) { return output.err.find(words) != std::string::npos; };
  Error error(says("permission denied") ? Code::kPrivilege
              : says("timeout")         ? Code::kLockTimeout
                                        : Code::kDatabase,
              said.empty() ? fmt::format("{} ended with {}", program.path, output.exit_code) : said);
  if (error.code() == Code::kLockTimeout)
    return std::move(error).hint("another session holds a lock on a table; `weir doctor` lists long transactions");
  return error;
}

}  // namespace

std::vector<DumpProgram> find_dump_programs() {
  std::vector<DumpProgram> found;
  std::vector<fs::path> seen;
  for (const auto& folder : folders()) {
    const fs::path path = folder / kName;
    if (::access(path.c_str(), X_OK) != 0) continue;
    std::error_code failed;
    const fs::path real = fs::canonical(path, failed);
    // Debian's wrapper runs a version of its own choice; the programs behind it are looked for themselves.
    if (failed || real.filename() == "pg_wrapper" || std::find(seen.begin(), seen.end(), real) != seen.end()) continue;
    seen.push_back(real);
    if (auto program = identify(path)) found.push_back(std::move(*program));
  }
  return found;
}

const DumpProgram& choose_dump_program(const std::vector<DumpProgram>& found, int server_major) {
  const DumpProgram* best = nullptr;
  for (const auto& one : found) {
    if (one.major >= server_major && (best == nullptr || one.major < best->major)) best = &one;
  }
  if (best != nullptr) return *best;
  const std::string where = found.empty() ? "none was found in PATH or where packages put it"
                                          : fmt::format("found only {}, which is older", list_of(found));
  throw Error(Code::kNotFound, fmt::format("pg_dump {} or newer is needed for this server: {}", server_major, where))
      .hint(fmt::format("install it (Debian, Ubuntu: postgresql-client-{0}; Red Hat: postgresql{0}; Homebrew: "
                        "postgresql@{0}), or put its folder into PATH",
                        server_major));
}

// Owners, grants, tablespaces and replication belong to one installation, not to the schema.
std::string run_dump_program(const DumpProgram& program, const Conninfo& info,
                             const std::vector<sql::TableName>& without) {
  std::vector<std::string> command = {program.path,
                                      "--schema-only",
                                      "--no-owner",
                                      "--no-privileges",
                                      "--no-tablespaces",
                                      "--no-security-labels",
                                      "--no-publications",
                                      "--no-subscriptions",
                                      "--no-password",
                                      "--encoding=UTF8",
                                      "--lock-wait-timeout=30000"};
  for (const auto& table : without) command.push_back("--exclude-table=" + sql::quote(dialect(), table));
  command.push_back("--dbname=" + connection_string(info));
  auto output = run_and_capture(command, environment(info));
  if (output.exit_code != 0) throw failure(program, output);
  return std::move(output.out);
}

}  // namespace weir::engines::postgres
