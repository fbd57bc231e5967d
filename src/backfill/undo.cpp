#include "backfill/undo.hpp"

#include <fmt/format.h>

#include "backfill/image_sql.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "govern/batch_sizer.hpp"
#include "ledger/events.hpp"
#include "ledger/history.hpp"
#include "ledger/slices.hpp"

namespace weir::backfill {
namespace {

using ledger::ImageState;
using ledger::RunState;

constexpr Milliseconds kLockTimeout{2000};

// Of the newest run that has images and is not undone.
std::optional<ledger::ImageSet> newest_set(ledger::Ledger& ledger, const project::Version& version) {
  std::optional<ledger::ImageSet> newest;
  for (auto& set : ledger::read_image_sets(ledger)) {
    if (!(set.run.version == version) || set.state == ImageState::kUndone) continue;
    if (!newest || newest->run.attempt < set.run.attempt) newest = std::move(set);
  }
  return newest;
}

ledger::Run read_run(ledger::Ledger& ledger, const ledger::RunId& id) {
  for (auto& run : ledger::read_runs(ledger)) {
    if (run.id.version == id.version && run.id.attempt == id.attempt) return std::move(run);
  }
  throw Error(Code::kLedgerCorrupt,
              fmt::format("there are old values of run {} of {}, but no such run", id.attempt, id.version.text()));
}

[[noreturn]] void not_reversible(const ledger::Run& run, const std::string& what) {
  throw Error(Code::kNotReversible, fmt::format("{} cannot be undone: {}", run.name, what))
      .hint("roll back the migration that changed it; nothing was restored");
}

}  // namespace

Undo::Undo(const db::Database& database, Clock& clock, const StopToken& stop, Observer& observer,
           const ledger::Run& run, const std::string& actor)
    : database_(database), clock_(clock), stop_(stop), observer_(observer), latest_(run), actor_(actor) {
  connect();
  prepare();
}

void Undo::connect() {
  connection_ = database_.connect(db::Purpose::kControl);
  connection_->set_lock_timeout(kLockTimeout);
  room_ = {};
  ledger_ = ledger::Ledger::open_or_create(database_, *connection_);
}

void Undo::prepare() {
  if (ledger::is_active(latest_.state)) {
    throw Error(Code::kIllegalTransition,
                fmt::format("{} is {}: it cannot be undone", latest_.name, to_string(latest_.state)))
        .hint(fmt::format("first: weir cancel {}", latest_.name));
  }
  const auto found = newest_set(*ledger_, latest_.id.version);
  if (!found)
    throw Error(Code::kNotFound, fmt::format("{} has nothing that could be undone", latest_.name))
        .hint("only runs with `-- keep: column, ...` save the old values; was it undone or discarded already?");
  set_ = *found;
  run_ = read_run(*ledger_, set_.run);
  find_table();
}

void Undo::find_table() {
  const auto table = connection_->describe_table(run_.table);
  if (!table) not_reversible(run_, fmt::format("there is no table {}", run_.table));
  program_.table = *table;
  program_.key = set_.key_columns;
  program_.batch_rows = run_.batch_rows.value_or(govern::BatchSizer::kFirstRows);
  program_.expand_row_comparisons = !database_.capabilities().row_comparisons_use_indexes;
  program_.images = ledger_->beside(set_.table_name());
  const auto images = connection_->describe_table(sql::quote(database_.dialect(), *program_.images));
  if (!images) not_reversible(run_, fmt::format("the table {} of its images is gone", set_.table_name()));
  const auto find = [&](const std::string& name, const std::string& in_images) {
    const db::Column* column = table->column(name);
    if (column == nullptr) not_reversible(run_, fmt::format("{} has no column {} any more", run_.table, name));
    const db::Column* kept = images->column(in_images);
    if (kept == nullptr || kept->declaration != column->declaration)
      not_reversible(run_, fmt::format("column {} of {} has changed its type", name, run_.table));
    return *column;
  };
  for (std::size_t i = 0; i < set_.key_columns.size(); ++i) find(set_.key_columns[i], fmt::format("key_{}", i + 1));
  for (std::size_t i = 0; i < set_.kept_columns.size(); ++i)
    program_.keep.push_back(find(set_.kept_columns[i], fmt::format("before_{}", i + 1)));
}

void Undo::begin() {
  if (set_.state == ImageState::kUndoing) return;
  db::Transaction transaction(*connection_);
  if (!ledger::move_image_set(*ledger_, set_, ImageState::kUndoing))
    throw Error(Code::kIllegalTransition, "another process undoes it in this moment").hint("wait until it is done");
  // The set's row is held now, so no run begins any more; see hold_off_undo().
  const auto now = ledger::read_latest_run(*ledger_, latest_.id.version);
  if (!now || now->id.attempt != latest_.id.attempt)
    throw Error(Code::kIllegalTransition, fmt::format("a newer run of {} has begun in this moment", latest_.name))
        .hint("`weir status` shows it; nothing was restored");
  if (!ledger::is_final(latest_.state)) ledger::move_run(*ledger_, latest_.id, latest_.state, RunState::kCancelled);
  // Of a run that failed another process may be in its last batch: it commits before this, or not at all.
  ledger::revoke_leases(*ledger_, latest_.id);
  ledger::remove_entry(*ledger_, latest_.id.version);
  ledger::record_event(*ledger_, actor_, "undo-started", set_.run.version, set_.run.attempt, "");
  sync_point(SyncPoint::kUndoBeginBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kUndoBeginCommitted);
  set_.state = ImageState::kUndoing;
}

UndoOutcome Undo::execute() {
  for (;;) {
    try {
      while (!stop_.requested()) {
        const auto began = clock_.now();
        if (!batch()) {
          if (finish()) break;
          continue;
        }
        backoff_.reset();
        report_progress();
        if (!database_.capabilities().several_writers)
          room_.leave(*connection_, clock_, std::chrono::duration_cast<Milliseconds>(clock_.now() - began));
      }
      return outcome();
    } catch (const Error& error) {
      recover(error);
    }
  }
}

void Undo::report_progress() {
  Progress progress;
  progress.name = run_.name;
  progress.rows_done = progress.rows_here = restored_here_;
  observer_.on_progress(progress);
}

db::Result Undo::run_sql(const std::string& sql, const db::Bindings& bindings) {
  const auto rendered = sql::Template(sql, database_.dialect()).render();
  return connection_->execute({rendered.sql, db::bind(rendered.names, bindings)});
}

bool Undo::batch() {
  const ImageSql sql(database_, program_);
  if (!upper_) {
    const auto last = run_sql(sql.last());
    if (last.rows.empty()) return false;
    upper_ = last.rows.front();
  }
  const Lower lower = cursor_ ? Lower::kExclusive : Lower::kOpen;
  db::Bindings bound;
  if (cursor_) bind_key(bound, "weir_lo", *cursor_);
  db::Bindings up_to_the_end = bound;
  bind_key(up_to_the_end, "weir_hi", *upper_);
  if (run_sql(sql.nth(lower, 1), up_to_the_end).rows.empty()) return false;
  const auto nth = run_sql(sql.nth(lower, program_.batch_rows), up_to_the_end);
  const db::Row hi = nth.rows.empty() ? *upper_ : nth.rows.front();
  bind_key(bound, "weir_hi", hi);
  judge_and_restore(bound, lower);
  cursor_ = hi;
  return true;
}

// What is judged must not change until it is restored, so the rows are locked first. A row that is inserted in between
// has no lock: the restore looks again, and when it finds fewer rows everything is repeated.
void Undo::judge_and_restore(const db::Bindings& bound, Lower lower) {
  const ImageSql sql(database_, program_);
  db::Transaction transaction(*connection_);
  if (const std::string lock = sql.lock(lower); !lock.empty()) run_sql(lock, bound);
  run_sql(sql.judge(lower), bound);
  const auto due = db::as_integer(run_sql(sql.count_due(lower), bound).rows.at(0).at(0));
  if (run_sql(sql.restore(lower), bound).affected != due)
    throw Error(Code::kSerialization, "rows changed while they were being restored").next(Next::kRetry);
  if (run_sql(sql.confirm(lower), bound).affected != due) {
    throw Error(Code::kNotReversible, fmt::format("rows of {} do not hold what they were given", run_.table))
        .hint("a trigger changes a kept column: disable it and undo again; nothing of this batch was restored");
  }
  sync_point(SyncPoint::kUndoBatchBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kUndoBatchCommitted);
  restored_here_ += due;
}

void Undo::recover(const Error& error) {
  if (!error.is_transient() || backoff_.exhausted()) throw error;
  observer_.on_note(fmt::format("{}: {}; trying again ({} of {})", to_string(error.code()), error.message(),
                                backoff_.attempt() + 1, Backoff::kMaxAttempts));
  for (;;) {
    backoff_.wait(clock_, stop_);
    if (!connection_->broken() && error.next() != Next::kReconnect) return;
    try {
      connect();
      return;
    } catch (const Error& again) {
      const bool may_pass = again.is_transient() || again.code() == Code::kCannotConnect;
      if (!may_pass || backoff_.exhausted() || stop_.requested()) throw;
    }
  }
}

bool Undo::finish() {
  db::Transaction transaction(*connection_);
  if (!ledger::move_image_set(*ledger_, set_, ImageState::kUndone)) return true;  // another process was faster
  const auto now = outcome();
  if (now.left > 0) {
    // Whatever came in was committed before the undo began, so there is less of it each time.
    if (left_ > 0 && now.left >= left_)
      throw Error(Code::kInternal, fmt::format("{} images of {} are never reached", now.left, run_.name));
    left_ = now.left;
    cursor_.reset();
    upper_.reset();
    return false;
  }
  ledger::record_event(*ledger_, actor_, "run-undone", set_.run.version, set_.run.attempt,
                       fmt::format("{} rows restored, {} changed since, {} gone", now.restored, now.changed, now.gone));
  sync_point(SyncPoint::kUndoEndBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kUndoEndCommitted);
  return true;
}

UndoOutcome Undo::outcome() {
  const ImageSql sql(database_, program_);
  UndoOutcome outcome;
  outcome.name = run_.name;
  outcome.run = set_.run;
  for (const auto& row : run_sql(sql.count_states()).rows) {
    const std::string state = db::as_text(row[0]);
    const auto rows = db::as_integer(row[1]);
    if (state == "undone") outcome.restored = rows;
    if (state == "changed") outcome.changed = rows;
    if (state == "gone") outcome.gone = rows;
    if (state == "kept") outcome.left = rows;
  }
  outcome.complete = outcome.left == 0;
  for (auto& row : run_sql(sql.others(kMostListed)).rows) {
    const bool gone = db::as_text(row.front()) == "gone";
    outcome.others.push_back({db::Row(row.begin() + 1, row.end()), gone});
  }
  for (const auto& set : ledger::read_image_sets(*ledger_)) {
    const bool earlier = set.run.version == set_.run.version && set.run.attempt < set_.run.attempt;
    if (earlier && set.state == ImageState::kKept) ++outcome.runs_left;
  }
  return outcome;
}

}  // namespace weir::backfill
