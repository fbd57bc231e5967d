#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <weir/version.hpp>

#include "backfill/runner.hpp"
#include "base/text.hpp"

namespace weir::cli {
namespace {

Milliseconds parse_wait(const std::string& text) {
  const auto ms = parse_duration_ms(text);
  if (!ms)
    throw Error(Code::kUsage, fmt::format("--lock-wait: {} is not a duration up to 24 h", shown_argument(text)))
        .hint("write it as 30s or 5m");
  return Milliseconds(*ms);
}

std::string parse_version(const std::string& text) {
  if (!text.empty() && text[0] >= '0' && text[0] <= '9' && text.find_first_not_of("0123456789._") == std::string::npos)
    return text;
  throw Error(Code::kUsage, fmt::format("--to: {} is not a version", shown_argument(text)))
      .hint("a version is digits; `weir status` lists them");
}

std::map<std::string, std::string> parse_pairs(const std::vector<std::string>& pairs, std::string_view what) {
  std::map<std::string, std::string> values;
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(Code::kUsage, fmt::format("{} is not name=value", what));
    if (!values.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second) {
      throw Error(Code::kUsage, fmt::format("'{}' is given twice", pair.substr(0, equals)));
    }
  }
  return values;
}

// CLI11 objects with the values they write to; one per command line.
struct Parser {
  CLI::App app{"weir changes schema and data of live databases without downtime.", "weir"};
  GlobalOptions global;
  NewSchemaOptions schema;
  NewDataOptions data;
  MigrateOptions migrate;
  RollbackOptions rollback;
  BaselineOptions baseline;
  AdoptOptions adopt;
  RedoOptions redo;
  RunOptions run;
  PauseOptions pause;
  ResumeOptions resume;
  CancelOptions cancel;
  TuneOptions tune;
  QuarantineOptions quarantine;
  WatchOptions watch;
  UndoOptions undo;
  WorkerOptions worker;
  std::vector<std::string> settings;
  VerifyOptions verify;
  InspectOptions inspect;
  DumpOptions dump;
  std::string url, lock_wait, rollback_wait, baseline_wait, adopt_wait, adopt_from, adopt_folder, redo_wait, to,
      verify_name, dump_file;
  std::int64_t steps = 0;
  std::vector<std::string> parameters;
  bool version = false;
  CLI::App *init_command, *new_command, *schema_command, *data_command, *migrate_command, *rollback_command,
      *baseline_command, *adopt_command, *redo_command, *status_command, *run_command, *pause_command, *resume_command,
      *cancel_command, *tune_command, *quarantine_command, *watch_command, *undo_command, *worker_command,
      *verify_command, *inspect_command, *dump_command, *doctor_command;

  Parser() {
    app.require_subcommand(0, 1);
    app.fallthrough();
    app.set_help_flag("-h,--help", "show this help");
    app.add_option("-C,--directory", global.directory,
                   "project folder (default: here, or the nearest parent with weir.toml)");
    app.add_option("-u,--url", url, "database URL: postgres://... or sqlite:path");
    app.add_flag("--json", global.json, "machine-readable output");
    app.add_flag("--version", version, "show the version");
    add_new();
    add_deploy();
    add_data();
    add_inspect();
    add_care();
  }

  void add_new() {
    init_command = app.add_subcommand("init", "make db/migrate, db/data and weir.toml");
    new_command = app.add_subcommand("new", "make a migration file")->require_subcommand(1);
    schema_command = new_command->add_subcommand("schema", "a schema migration");
    schema_command->add_option("name", schema.name, "what it does, as a file name: add_users_locale")->required();
    schema_command->add_option("--change", schema.change, "the change it belongs to");
    schema_command
        ->add_option("--requires", schema.required, "migrations that must be complete before, by name or version")
        ->delimiter(',');
    data_command = new_command->add_subcommand("data", "a data migration");
    data_command->add_option("name", data.name, "what it does, as a file name: backfill_users_locale")->required();
    data_command->add_option("--over", data.over, "the table whose rows are walked")->required();
    data_command->add_option("--where", data.where, "condition of the rows that are not done yet");
    data_command->add_option("--change", data.change, "the change it belongs to");
    data_command->add_option("--requires", data.required, "migrations that must be complete before, by name or version")
        ->delimiter(',');
  }

  void add_deploy() {
    migrate_command = app.add_subcommand("migrate", "apply what is ready; queue large data migrations; wait at gates");
    migrate_command->add_flag("--dry-run", migrate.dry_run, "show what would be done");
    migrate_command->add_flag("--strict", migrate.strict, "exit with 3 when something waits at a gate");
    migrate_command->add_option("--lock-wait", lock_wait, "how long to wait for another deployer (default 5m)");
    rollback_command = app.add_subcommand("rollback", "undo the last applied schema migration");
    auto* steps_option =
        rollback_command->add_option("--steps", steps, "how many to undo (default 1)")->check(CLI::Range(1, 1'000'000));
    rollback_command->add_option("--to", to, "undo everything later than this version; 0: everything")
        ->excludes(steps_option);
    rollback_command->add_option("--lock-wait", rollback_wait, "how long to wait for another deployer (default 5m)");
    add_resolutions();
    baseline_command = app.add_subcommand("baseline", "record migrations as applied that the database already has");
    baseline_command->add_option("--to", baseline.to, "version of the last one")->required();
    baseline_command->add_option("--lock-wait", baseline_wait, "how long to wait for another deployer (default 5m)");
    add_adopt();
    redo_command = app.add_subcommand("redo", "undo the last applied schema migration, then migrate");
    redo_command->add_option("--lock-wait", redo_wait, "how long to wait for another deployer (default 5m)");
    status_command = app.add_subcommand("status", "where every change stands");
  }

  void add_adopt() {
    adopt_command = app.add_subcommand("adopt", "take over a project of another tool in place");
    adopt_command->add_option("--from", adopt_from,
                              "dbmate, rails, goose, golang-migrate, sqlx or flyway (default: by its history table)");
    adopt_command->add_option("--dir", adopt_folder, "the folder of its files (default: the tool's usual ones)");
    adopt_command->add_flag("--keep-history", adopt.keep_history, "keep its history table up to date from now on");
    adopt_command->add_flag("--dry-run", adopt.dry_run, "show what would be done");
    adopt_command->add_option("--lock-wait", adopt_wait, "how long to wait for another deployer (default 5m)");
  }

  void add_resolutions() {
    const auto add = [](CLI::App* command, const char* name, std::vector<std::string>& values, const char* text) {
      command->add_option(name, values, text)->type_name("VERSION")->take_all()->expected(1);
    };
    add(migrate_command, "--skip-statement", migrate.skip_statement, "half applied: count its next statement as done");
    add(migrate_command, "--repeat-statement", migrate.repeat_statement,
        "half applied: its next statement was not executed");
    add(rollback_command, "--skip-statement", rollback.skip_statement,
        "half rolled back: count its next statement as done");
    add(rollback_command, "--repeat-statement", rollback.repeat_statement,
        "half rolled back: its next statement was not executed");
    add(migrate_command, "--mark-applied", migrate.mark_applied, "record it as applied without executing it");
  }

  void add_data() {
    run_command = app.add_subcommand("run", "execute a data migration here; Ctrl-C pauses it, run again resumes");
    run_command->add_option("name", run.name, "name or version of the data migration")->required();
    run_command->add_option("--param", parameters, "value of a parameter: name=value")->take_all()->expected(1);
    auto* restart = run_command->add_flag("--restart", run.restart, "cancel an unfinished run and begin a new one");
    run_command->add_flag("--continue", run.continue_changed, "go on from the cursor although the file changed")
        ->excludes(restart);
    add_workers(run_command, run.workers);
    run_command->add_flag("--detach", run.detach, "only queue it, for `weir worker`")
        ->excludes(restart)
        ->excludes("--continue");
    add_looks();
    pause_command = app.add_subcommand("pause", "let the workers of a run finish their batches and leave it");
    resume_command = app.add_subcommand("resume", "queue a paused or failed run again, for `weir worker`");
    cancel_command = app.add_subcommand("cancel", "end a run for good; what it changed stays changed");
    tune_command = app.add_subcommand("tune", "change a run while it goes on: batch=1000 workers=2 max_rate=5000");
    constexpr const char* kWhich = "name or version of the data migration";
    pause_command->add_option("name", pause.name, kWhich)->required();
    resume_command->add_option("name", resume.name, kWhich)->required();
    cancel_command->add_option("name", cancel.name, kWhich)->required();
    tune_command->add_option("name", tune.name, kWhich)->required();
    tune_command
        ->add_option("settings", settings,
                     "batch=ROWS or auto, workers=THREADS of each process, max_rate=ROWS a second (none: no limit)")
        ->required();
    quarantine_command =
        app.add_subcommand("quarantine", "rows that a data migration could not process")->require_subcommand(1);
    add_quarantine("list", QuarantineAction::kList, "show their keys and errors");
    add_quarantine("retry", QuarantineAction::kRetry, "try them again");
    add_quarantine("discard", QuarantineAction::kDiscard, "forget them: they were dealt with by hand");
    watch_command = app.add_subcommand("watch", "a live view of all runs and their workers");
    watch_command->add_flag("--once", watch.once, "look once");
    undo_command = app.add_subcommand("undo", "give the columns that `keep` names their old values back");
    undo_command->add_option("name", undo.name, kWhich)->required();
    undo_command->add_flag("--discard", undo.discard, "drop the old values instead; nothing can be undone then");
    worker_command = app.add_subcommand("worker", "execute queued data migrations, whatever host queued them");
    worker_command->add_flag("--once", worker.once, "end when nothing is queued");
    add_workers(worker_command, worker.workers);
    verify_command = app.add_subcommand("verify", "measure residual and migrate:verify of what is applied");
    verify_command->add_option("name", verify_name, "name or version of one migration (default: all)");
  }

  void add_quarantine(const std::string& name, QuarantineAction action, const std::string& description) {
    auto* command = quarantine_command->add_subcommand(name, description);
    command->add_option("name", quarantine.name, "name or version of the data migration")->required();
    command->callback([this, action] { quarantine.action = action; });
  }

  // What `run` does without changing anything.
  void add_looks() {
    auto* dry_run = run_command->add_flag("--dry-run", run.dry_run, "execute the first batches and roll them back");
    run_command->add_option("--batches", run.batches, "of the dry run (default: 1)")
        ->check(CLI::Range(1, 1000))
        ->needs(dry_run);
    run_command->add_flag("--masked", run.masked, "show types and lengths in the place of values")->needs(dry_run);
    auto* explain = run_command->add_flag("--explain", run.explain, "show key, slices, plan and expected duration");
    explain->excludes(dry_run);
    dry_run->excludes("--workers");
    auto* allow_scan =
        run_command->add_flag("--allow-scan", run.allow_scan, "run it although every batch reads the whole table");
    for (auto* look : {dry_run, explain})
      look->excludes("--restart")->excludes("--continue")->excludes("--detach")->excludes(allow_scan);
    allow_scan->excludes("--detach");
  }

  static void add_workers(CLI::App* command, int& workers) {
    command->add_option("--workers", workers, "threads that change rows, each with two connections (default: 1)")
        ->check(CLI::Range(1, backfill::kMostWorkers));
  }

  void add_inspect() {
    inspect_command = app.add_subcommand("inspect", "show how weir reads a file: sections, statements, transactions");
    inspect_command->add_option("file", inspect.file, "a migration, of weir or another tool, or any SQL file")
        ->required();
    inspect_command->add_option("--engine", inspect.engine,
                                "postgres, mysql, mariadb or sqlite (default: the project's)");
    inspect_command->add_option("--format", inspect.format, "raw, dbmate, goose, ... (default: as the file tells)");
  }

  void add_care() {
    dump_command = app.add_subcommand("dump", "write the schema to a file that can be loaded and merged");
    dump_command->add_option("--file", dump_file, "where to; - prints it (default: db/schema.sql)");
    dump_command->add_flag("--check", dump.check, "write nothing; exit with 7 when the file differs from the database");
    doctor_command = app.add_subcommand("doctor", "examine database, privileges, ledger and locks; name the remedies");
  }

  Command chosen() {
    if (init_command->parsed()) return InitOptions{};
    if (inspect_command->parsed()) return inspect;
    if (schema_command->parsed()) return schema;
    if (data_command->parsed()) return data;
    if (status_command->parsed()) return StatusOptions{};
    if (migrate_command->parsed()) {
      if (!lock_wait.empty()) migrate.lock_wait = parse_wait(lock_wait);
      return migrate;
    }
    if (rollback_command->parsed()) {
      if (steps != 0) rollback.steps = steps;
      if (!to.empty()) rollback.to = parse_version(to);
      if (!rollback_wait.empty()) rollback.lock_wait = parse_wait(rollback_wait);
      return rollback;
    }
    if (baseline_command->parsed()) {
      baseline.to = parse_version(baseline.to);
      if (!baseline_wait.empty()) baseline.lock_wait = parse_wait(baseline_wait);
      return baseline;
    }
    if (adopt_command->parsed()) {
      if (!adopt_from.empty()) adopt.from = adopt_from;
      if (!adopt_folder.empty()) adopt.folder = adopt_folder;
      if (!adopt_wait.empty()) adopt.lock_wait = parse_wait(adopt_wait);
      return adopt;
    }
    if (redo_command->parsed()) {
      if (!redo_wait.empty()) redo.lock_wait = parse_wait(redo_wait);
      return redo;
    }
    if (run_command->parsed()) {
      run.parameters = parse_pairs(parameters, "--param");
      return run;
    }
    if (pause_command->parsed()) return pause;
    if (resume_command->parsed()) return resume;
    if (cancel_command->parsed()) return cancel;
    if (quarantine_command->parsed()) return quarantine;
    if (watch_command->parsed()) return watch;
    if (undo_command->parsed()) return undo;
    if (worker_command->parsed()) return worker;
    if (tune_command->parsed()) {
      tune.settings = parse_pairs(settings, "a setting");
      return tune;
    }
    if (verify_command->parsed()) {
      if (!verify_name.empty()) verify.name = verify_name;
      return verify;
    }
    if (dump_command->parsed()) {
      if (!dump_file.empty()) dump.file = dump_file;
      return dump;
    }
    if (doctor_command->parsed()) return DoctorOptions{};
    return Printed{app.help()};
  }
};

// The nearest known command or option for the first word that CLI11 did not understand.
std::string suggestion(const CLI::App& app, const std::vector<std::string>& arguments) {
  static const std::vector<std::string> kLater = {"plan", "lint", "serve", "rehearse", "completion"};
  std::vector<std::string> commands;
  std::vector<std::string> options;
  const std::function<void(const CLI::App&)> collect = [&](const CLI::App& one) {
    for (const auto* option : one.get_options()) {
      for (const auto& name : option->get_lnames()) options.push_back("--" + name);
    }
    for (const auto* sub : one.get_subcommands([](const CLI::App*) { return true; })) {
      commands.push_back(sub->get_name());
      collect(*sub);
    }
  };
  collect(app);
  for (const auto& word : arguments) {
    const auto& known = word.starts_with("-") ? options : commands;
    const std::string bare = word.substr(0, word.find('='));
    if (std::find(known.begin(), known.end(), bare) != known.end()) continue;
    if (std::find(kLater.begin(), kLater.end(), bare) != kLater.end())
      return fmt::format("`weir {}` is not available yet", bare);
    if (const auto near = nearest(bare, known)) return fmt::format("did you mean '{}'?", *near);
  }
  return "`weir --help` lists the commands";
}

// What CLI11 says, without repeating a value that may hold a secret.
std::string shown_message(const CLI::ParseError& error, const std::vector<std::string>& arguments) {
  const std::string said = error.what();
  bool secret = said.find("://") != std::string::npos;
  for (const auto& argument : arguments) {
    const std::string value = argument.starts_with("-") ? argument.substr(argument.find('=') + 1) : argument;
    if (value.find('=') != std::string::npos && said.find(value) != std::string::npos) secret = true;
  }
  return secret ? "an option or argument has a value that it cannot have" : said;
}

std::string unexpected_arguments(const CLI::App& app) {
  std::string words;
  for (const auto& word : app.remaining(true)) {
    if (const auto shown = shown_argument(word); words.find(shown) == std::string::npos)
      words += (words.empty() ? "" : ", ") + shown;
  }
  return words + " was not expected here";
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments, bool& json) {
  json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  Parser parser;
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    parser.app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return {parser.global, Printed{parser.app.help("", CLI::AppFormatMode::Normal)}};
  } catch (const CLI::ExtrasError&) {
    throw Error(Code::kUsage, unexpected_arguments(parser.app)).hint(suggestion(parser.app, arguments));
  } catch (const CLI::ParseError& error) {
    throw Error(Code::kUsage, shown_message(error, arguments)).hint(suggestion(parser.app, arguments));
  }
  if (parser.version) return {parser.global, Printed{fmt::format("weir {}\n", version())}};
  if (!parser.url.empty()) parser.global.url = parser.url;
  return {parser.global, parser.chosen()};
}

}  // namespace weir::cli
