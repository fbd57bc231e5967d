#include "crash/migration.hpp"

#include <fmt/format.h>
#include <fstream>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::crash {

Project::Project(const Context& context, std::string url)
    : options_(context.options), folder_(context.folder / "project"), url_(std::move(url)) {
  std::filesystem::remove_all(folder_);
  write("weir.toml", "# all defaults\n");
}

void Project::write(const std::filesystem::path& file, const std::string& text) const {
  std::filesystem::create_directories((folder_ / file).parent_path());
  std::ofstream(folder_ / file) << text;
}

void Project::add_data_migration(Where where, int batch, const std::string& also) {
  write("db/data/20260101000000_bump.sql",
        fmt::format("-- over: t\n{}-- batch: {}\n-- migrate:batch\nUPDATE t SET n = n + 1{} WHERE {}\n",
                    where == Where::kUndone ? "-- where: n = 0\n" : "", batch, also,
                    where == Where::kUndone ? ":batch" : ":range"));
}

void Project::add_data_migration_with(const std::string& header, const std::string& assignment,
                                      const std::string& condition, const std::string& sections) {
  write("db/data/20260101000000_bump.sql", fmt::format("-- over: t\n{}-- migrate:batch\nUPDATE t SET {} WHERE {};\n{}",
                                                       header, assignment, condition, sections));
}

void Project::add_schema_migration(const std::string& sections) {
  write("db/migrate/20260101000000_change.sql", sections);
}

void Project::add_numbered_migration(int number, const std::string& sections) {
  write(fmt::format("db/migrate/{0}_m{0}.sql", number), sections);
}

void Project::add_repeatable(const std::string& name, const std::string& sections) {
  write(fmt::format("db/migrate/R__{}.sql", name), sections);
}

void Project::configure(const std::string& lines) { write("weir.toml", lines); }

std::vector<std::string> Project::command(const std::filesystem::path& program,
                                          const std::vector<std::string>& words) const {
  std::vector<std::string> command{program.string(), "-C", folder_.string(), "--url", url_};
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

std::unique_ptr<Process> Project::start(const std::vector<std::string>& words) const {
  return std::make_unique<Process>(command(options_.weir, words), folder_.parent_path() / "weir.log");
}

std::unique_ptr<Process> Project::start_with(const std::string& actions, const std::filesystem::path& log,
                                             const std::vector<std::string>& words) const {
  return std::make_unique<Process>(
      command(options_.weir_sync, words), folder_.parent_path() / "weir.log",
      std::vector<std::string>{"WEIR_SYNC_POINTS=" + actions, "WEIR_SYNC_LOG=" + log.string()});
}

std::unique_ptr<Process> Project::run(const std::vector<std::string>& more) const {
  std::vector<std::string> words{"run", "bump"};
  words.insert(words.end(), more.begin(), more.end());
  return start(words);
}

std::unique_ptr<Process> Project::run_on(const std::vector<std::string>& prefix, const std::string& url,
                                         const std::vector<std::string>& more) const {
  std::vector<std::string> command = prefix;
  for (const auto& word : {options_.weir.string(), std::string("-C"), folder_.string(), std::string("--url"), url,
                           std::string("run"), std::string("bump")})
    command.push_back(word);
  command.insert(command.end(), more.begin(), more.end());
  return std::make_unique<Process>(command, folder_.parent_path() / (prefix.back() + ".log"));
}

int some_workers(const Sql& sql, Random& random) {
  return sql.is_server() ? static_cast<int>(random.between(1, 8)) : 1;
}

std::vector<std::string> workers_option(int workers) { return {"--workers", std::to_string(workers)}; }

std::unique_ptr<Process> Project::migrate() const { return start({"migrate"}); }

std::unique_ptr<Process> Project::roll_back_all() const { return start({"rollback", "--to", "0"}); }

RunView look_at_run(Sql& sql) {
  std::vector<TextRow> found;
  try {
    found = sql.rows(
        "SELECT r.state, r.attempt, coalesce(max(s.pass), 0), coalesce(sum(s.rows_done), 0), "
        "coalesce(sum(s.batches), 0) "
        "FROM weir_runs r LEFT JOIN weir_slices s ON s.version = r.version AND s.attempt = r.attempt "
        "GROUP BY r.state, r.attempt ORDER BY r.attempt DESC LIMIT 1");
  } catch (const Error& error) {
    if (error.code() != Code::kUndefinedObject) throw;
  }
  if (found.empty()) return {};
  const auto number = [&](std::size_t i) { return parse_integer(found[0][i]).value_or(-1); };
  return {true, found[0][0], number(1), number(2), number(3), number(4)};
}

void check_ledger(Sql& sql, std::int64_t rows_done) {
  const RunView run = look_at_run(sql);
  if (run.state != "succeeded") throw Failure("the run is " + run.state + " instead of succeeded");
  if (run.attempts != 1) throw Failure(fmt::format("there are {} runs instead of one", run.attempts));
  if (run.rows_done != rows_done)
    throw Failure(fmt::format("the ledger counts {} rows, {} were changed", run.rows_done, rows_done));
  const auto history = sql.integer("SELECT count(*) FROM weir_migrations WHERE state = 'applied'");
  if (history != 1) throw Failure(fmt::format("the history has {} rows instead of one", history));
}

void check_complete(Sql& sql, const Table& table) {
  check_rows(sql, table);
  check_ledger(sql, table.rows);
}

}  // namespace weir::crash
