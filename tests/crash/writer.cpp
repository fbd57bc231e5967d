// An application inserts, deletes, updates and moves rows (changes their key) while the run is killed and resumed.
//
// What is promised, and checked here. With `where`: at the end no row matches it, and every row was processed exactly
// once, wherever it went. Without: a row that keeps its key from start to end is processed exactly once, an inserted
// one at most once, a moved one at most once more for every move (0, 1 or 2 times after one move). In both cases the
// ledger counts what was changed, also in rows that are gone.
#include <atomic>
#include <fmt/format.h>
#include <map>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crash/scenarios.hpp"

namespace weir::crash {
namespace {

class Writer {
 public:
  Writer(const std::string& url, const Table& table, std::uint64_t seed)
      : sql_(url), table_(table), random_(seed, "writer"), thread_([this] { loop(); }) {}
  ~Writer() { stop(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    if (!problem_.empty()) throw_problem();
  }

  // To be read after stop().
  std::set<std::int64_t> inserted, deleted, moved;
  std::int64_t processed_and_gone = 0;  // the sum of n of deleted rows
  std::int64_t updates = 0;

 private:
  void throw_problem() {
    const std::string problem = std::exchange(problem_, "");
    throw Failure("the writer: " + problem);
  }

  void loop() {
    try {
      while (!stop_) {
        act();
        // The application is not the only one that writes: SQLite's lock is not fair.
        if (!sql_.is_server()) system_clock().sleep(Milliseconds(3));
      }
    } catch (const std::exception& error) {
      problem_ = error.what();
    }
  }

  void act() {
    const std::int64_t tag = random_.between(0, table_.rows - 1);
    const auto touched = [&] { return deleted.contains(tag) || moved.contains(tag); };
    switch (random_.between(0, 3)) {
      case 0: return insert();
      case 1:
        if (!touched()) remove(tag);
        return;
      case 2:
        if (!touched()) move(tag);
        return;
      default: updates += sql_.execute(fmt::format("UPDATE t SET pad = pad || '.' WHERE tag = {}", tag)); return;
    }
  }

  std::string new_key() {
    ++next_;
    return random_.chance(0.3) ? table_.low_key_literal(next_) : table_.key_literal(table_.rows + next_);
  }

  void insert() {
    const std::string key = new_key();
    const std::int64_t tag = table_.rows + next_;
    sql_.execute(fmt::format("INSERT INTO t ({}, tag) VALUES ({}, {})", table_.column_list(), key, tag));
    inserted.insert(tag);
  }

  void remove(std::int64_t tag) {
    deleted.insert(tag);
    for (const auto& row : sql_.rows(fmt::format("DELETE FROM t WHERE tag = {} RETURNING n", tag)))
      processed_and_gone += parse_integer(row[0]).value_or(0);
  }

  void move(std::int64_t tag) {
    moved.insert(tag);
    const char* pattern =
        table_.columns.size() == 1 ? "UPDATE t SET {} = {} WHERE tag = {}" : "UPDATE t SET ({}) = ({}) WHERE tag = {}";
    sql_.execute(fmt::format(fmt::runtime(pattern), table_.column_list(), new_key(), tag));
  }

  Sql sql_;
  const Table& table_;
  Random random_;
  std::int64_t next_ = 0;
  std::string problem_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct Seen {
  std::int64_t inserted = 0, processed_inserted = 0, moved = 0, moved_by_times[3] = {0, 0, 0};
};

void check(Sql& sql, const Table& table, const Writer& writer, Where where, Seen& seen) {
  std::int64_t processed = writer.processed_and_gone;
  std::set<std::int64_t> there;
  for (const auto& row : sql.rows("SELECT tag, n FROM t")) {
    const auto tag = parse_integer(row[0]).value_or(-1);
    const auto n = parse_integer(row[1]).value_or(-1);
    const bool moved = writer.moved.contains(tag);
    const bool inserted = writer.inserted.contains(tag);
    if (!there.insert(tag).second) throw Failure(fmt::format("row {} is doubled", tag));
    const std::int64_t least = where == Where::kUndone || (!moved && !inserted) ? 1 : 0;
    const std::int64_t most = where == Where::kNone && moved ? 2 : 1;
    if (n < least || n > most) {
      throw Failure(fmt::format("row {}{} was processed {} times", tag,
                                moved      ? ", which was moved,"
                                : inserted ? ", which was inserted,"
                                           : "",
                                n));
    }
    processed += n;
    if (inserted) ++seen.inserted, seen.processed_inserted += n;
    if (moved) ++seen.moved, ++seen.moved_by_times[n];
  }
  for (std::int64_t tag = 0; tag < table.rows; ++tag) {
    if (there.contains(tag) == writer.deleted.contains(tag))
      throw Failure(fmt::format("row {} was lost or is back", tag));
  }
  for (const auto tag : writer.inserted) {
    if (!there.contains(tag)) throw Failure(fmt::format("the inserted row {} was lost", tag));
  }
  // With `where` a run that succeeded is followed by another one when rows match again.
  const auto counted = sql.integer("SELECT sum(rows_done) FROM weir_slices");
  const auto open = sql.integer("SELECT count(*) FROM weir_runs WHERE state <> 'succeeded'");
  if (counted != processed || open != 0)
    throw Failure(
        fmt::format("the ledger counts {} rows, {} were processed; {} runs are open", counted, processed, open));
}

}  // namespace

std::string rows_written_meanwhile(Context& context) {
  const int wanted = context.amount(40, 6);
  int kills = 0;
  int rounds = 0;
  std::int64_t writes = 0;
  Seen seen;
  for (; kills < wanted || rounds % 2 == 1; ++rounds) {
    const Where where = rounds % 2 == 0 ? Where::kNone : Where::kUndone;
    const auto store = context.engine.fresh(context.folder, context.random);
    Sql sql(store->url());
    const Table table = create_table(sql, key_type_of_round(rounds / 2), 10'000 + context.random.between(0, 999));
    sql.execute("CREATE UNIQUE INDEX t_tag ON t (tag)");
    Project project(context, store->url());
    project.add_data_migration(where, static_cast<int>(context.random.between(15, 40)));
    Writer writer(store->url(), table, static_cast<std::uint64_t>(context.random.between(0, 1'000'000)));
    // With `where` a run cannot end while rows keep coming that match it; it may say so and fail.
    for (int starts = 0; starts < 4; ++starts) {
      const auto process = project.run();
      const auto before = look_at_run(sql).batches;
      if (await(*process, [&] { return look_at_run(sql).batches > before; }))
        process->wait_for(context.random.moment(Microseconds(250'000)));
      if (process->kill()) {
        ++kills;
        context.count_kill(1);
        continue;
      }
      const int code = process->wait();
      if (code == 0) break;
      if (where == Where::kNone || process->whole_output().find("still match `where`") == std::string::npos)
        throw Failure(fmt::format("weir run ended with {}:\n{}", code, process->output()));
    }
    // Without `where` the run ends while the writer writes on.
    if (where == Where::kUndone) writer.stop();
    const auto last = project.run();
    if (const int code = last->wait(); code != 0)
      throw Failure(fmt::format("the last weir run ended with {}:\n{}", code, last->output()));
    writer.stop();
    check(sql, table, writer, where, seen);
    writes += static_cast<std::int64_t>(writer.inserted.size() + writer.deleted.size() + writer.moved.size()) +
              writer.updates;
  }
  return fmt::format(
      "{} kills, {} completions, {} writes; without `where`: inserted rows processed {} of {}; moved rows processed "
      "0/1/2 times: {}/{}/{}",
      kills, rounds, writes, seen.processed_inserted, seen.inserted, seen.moved_by_times[0], seen.moved_by_times[1],
      seen.moved_by_times[2]);
}

}  // namespace weir::crash
