// The command line as values. CLI11 is known to options.cpp only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace weir::cli {

struct GlobalOptions {
  std::string directory = ".";
  std::optional<std::string> url;
  bool json = false;
};

struct InitOptions {};
struct NewSchemaOptions {
  std::string name;
  std::string change;
  std::vector<std::string> required;
};
struct NewDataOptions {
  std::string name;
  std::string over;
  std::string where;
  std::string change;
  std::vector<std::string> required;
};
struct MigrateOptions {
  bool dry_run = false;
  bool strict = false;
  bool late_too = false;                                                    // whatever out_of_order says
  std::vector<std::string> skip_statement, repeat_statement, mark_applied;  // versions or names
  Milliseconds lock_wait{300'000};
};
struct RollbackOptions {
  std::optional<std::int64_t> steps;
  std::optional<std::string> to;
  std::vector<std::string> skip_statement, repeat_statement;  // versions or names
  Milliseconds lock_wait{300'000};
};
struct BaselineOptions {
  std::string to;
  Milliseconds lock_wait{300'000};
};
struct AdoptOptions {
  std::optional<std::string> from;    // the tool; empty: found by its table
  std::optional<std::string> folder;  // of its files
  bool keep_history = false;
  bool dry_run = false;
  Milliseconds lock_wait{300'000};
};
struct RedoOptions {
  Milliseconds lock_wait{300'000};
};
struct StatusOptions {};
struct RunOptions {
  std::string name;
  std::map<std::string, std::string> parameters;
  bool restart = false;
  bool continue_changed = false;
  bool detach = false;
  bool dry_run = false;
  bool explain = false;
  bool masked = false;
  bool allow_scan = false;
  int batches = 1;  // of a dry run
  int workers = 1;
};
struct PauseOptions {
  std::string name;
};
struct ResumeOptions {
  std::string name;
};
struct CancelOptions {
  std::string name;
};
struct TuneOptions {
  std::string name;
  std::map<std::string, std::string> settings;
};
enum class QuarantineAction { kList, kRetry, kDiscard };
struct QuarantineOptions {
  QuarantineAction action = QuarantineAction::kList;
  std::string name;
};
struct WatchOptions {
  bool once = false;
};
struct UndoOptions {
  std::string name;
  bool discard = false;
};
struct WorkerOptions {
  bool once = false;
  int workers = 1;
};
struct VerifyOptions {
  std::optional<std::string> name;
};
struct InspectOptions {
  std::string file;
  std::optional<std::string> engine;
  std::optional<std::string> format;
};

struct DumpOptions {
  std::optional<std::string> file;
  bool check = false;
};
struct DoctorOptions {};

// Text to print and the exit code: --help, --version.
struct Printed {
  std::string text;
};

using Command = std::variant<Printed, InitOptions, NewSchemaOptions, NewDataOptions, MigrateOptions, RollbackOptions,
                             BaselineOptions, AdoptOptions, RedoOptions, StatusOptions, RunOptions, PauseOptions,
                             ResumeOptions, CancelOptions, TuneOptions, QuarantineOptions, WatchOptions, UndoOptions,
                             WorkerOptions, VerifyOptions, InspectOptions, DumpOptions, DoctorOptions>;

struct CommandLine {
  GlobalOptions global;
  Command command;
};

// Errors: kUsage with the nearest known command or option. `json` is set as soon as --json stands anywhere, even if the
// rest is wrong.
CommandLine parse_command_line(const std::vector<std::string>& arguments, bool& json);

}  // namespace weir::cli
