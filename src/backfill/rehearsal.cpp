#include "backfill/rehearsal.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "backfill/carried_parameters.hpp"
#include "backfill/lease.hpp"
#include "backfill/lookup.hpp"
#include "backfill/shrinkage.hpp"
#include "backfill/slicing.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::backfill {
namespace {

// Batches without a row that matches are passed over, as long as that is quick.
constexpr std::int64_t kMostSkipped = 10'000;
constexpr Milliseconds kSkipLimit{2000};
// For all batches together: their rows stay locked to the end.
constexpr Milliseconds kTimeLimit{5000};

// One batch of the table as a rehearsal sees it.
struct Range {
  Lower lower = Lower::kOpen;
  db::Bindings bindings;
};

class Rehearsing {
 public:
  Rehearsing(const db::Database& database, db::Connection& worker, ledger::Ledger& ledger, Clock& clock,
             const StopToken& stop, const Program& program, const RehearsalPlan& plan)
      : database_(database),
        worker_(worker),
        ledger_(ledger),
        clock_(clock),
        stop_(stop),
        program_(program),
        plan_(plan) {}

  Rehearsal act() {
    Rehearsal rehearsal;
    rehearsal.table = program_.migration->data.over.text;
    rehearsal.key = program_.key;
    rehearsal.has_where = program_.where.has_value();
    rehearsal.behind_cursor = plan_.from.has_value();
    rehearsal.wanted = plan_.batches;
    rehearsal.masked = plan_.values == Values::kMasked;
    refuse_unfit_changes();
    const db::Transaction rolled_back_at_the_end(worker_);
    const auto upper = find_upper(database_, worker_, program_);
    std::optional<db::Row> cursor = plan_.from;
    const auto began = clock_.now();
    while (upper && cursor != upper && std::ssize(rehearsal.batches) < plan_.batches) {
      refuse_when_stopped();
      rehearsal.time_is_up = !rehearsal.batches.empty() && clock_.now() - began >= kTimeLimit;
      if (rehearsal.time_is_up) break;
      const db::Row end = end_of_batch(database_, worker_, program_, cursor, *upper);
      const Range range{cursor ? Lower::kExclusive : Lower::kOpen, batch_bindings(program_, cursor, end)};
      cursor = end;
      const std::int64_t matching = count_matching(range);
      const bool patient = rehearsal.skipped < kMostSkipped && clock_.now() - began < kSkipLimit;
      if (matching == 0 && rehearsal.batches.empty() && program_.where && patient) {
        ++rehearsal.skipped;
        continue;
      }
      rehearsal.batches.push_back(rehearse_batch(range));
    }
    return rehearsal;
  }

 private:
  void refuse_when_stopped() const {
    if (stop_.requested()) throw Error(Code::kInterrupted, "stopped; all was rolled back, and no row was changed");
  }

  // The engine's own word on what it would not execute in a batch, such as a COMMIT.
  void refuse_unfit_changes() {
    try {
      worker_.compile(batch_source(program_, ledger_, Lower::kExclusive, kLeaseTime));
    } catch (Error& error) {
      if (error.place()) throw;
      throw std::move(error).at(program_.migration->place_in(statements().front()));
    }
  }

  const std::vector<sql::Statement>& statements() const { return program_.migration->batch_statements(); }

  std::int64_t count_matching(const Range& range) {
    const auto row =
        first_row(database_, worker_, matching_sql(program_, database_.dialect(), range.lower), range.bindings);
    return db::as_integer(row.value().at(0));
  }

  RehearsedBatch rehearse_batch(const Range& range) {
    const Shrinkage shrinkage(program_, database_.dialect(), range.lower);
    const Matching matching = shrinkage.look(worker_, range.bindings);
    RehearsedBatch batch;
    batch.matching = matching.rows;
    const auto before =
        look_up(database_, worker_, sample_sql(program_, database_.dialect(), range.lower, plan_.sample_rows),
                range.bindings)
            .rows;
    const auto log_before = worker_.log_position();
    const auto began = clock_.now();
    for (const auto& statement : statements()) batch.changed = execute(statement, range);
    batch.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(clock_.now() - began);
    if (const auto log_after = worker_.log_position(); log_before && log_after)
      batch.log_bytes = *log_after - *log_before;
    if (program_.where) {
      const Matching left = shrinkage.look(worker_, range.bindings);
      batch.left = left.rows;
      batch.shrinks = shrinks(matching, left);
    }
    for (const auto& row : before) batch.rows.push_back(compare(row));
    return batch;
  }

  std::int64_t execute(const sql::Statement& statement, const Range& range) {
    auto fragments = batch_fragments(program_, database_.dialect(), range.lower);
    fragments.insert(program_.typed_parameters.begin(), program_.typed_parameters.end());
    const auto rendered = sql::Template(statement.text, database_.dialect()).render(fragments);
    try {
      return worker_.execute({rendered.sql, db::bind(rendered.names, range.bindings)}).affected;
    } catch (Error& error) {
      const std::size_t offset = error.sql_offset() ? rendered.source_offset(*error.sql_offset()) : 0;
      throw std::move(error).at(program_.migration->place_in(statement, offset));
    }
  }

  // `before`: as sample_sql() shapes it.
  RehearsedRow compare(const db::Row& before) {
    RehearsedRow row;
    const auto width = static_cast<std::ptrdiff_t>(program_.key.size());
    row.key.assign(before.begin(), before.begin() + width);
    db::Bindings key;
    bind_key(key, "weir_hi",
             program_.heap ? db::Row{worker_.place_now(program_.table.name, row.key.front())} : row.key);
    const auto after = first_row(database_, worker_, row_sql(program_, database_.dialect()), key);
    if (!after) row.fate = RehearsedRow::Fate::kGone;
    for (std::size_t i = 0; after && i < program_.table.columns.size(); ++i) {
      const std::size_t at = program_.key.size() + i;
      if (before.at(at) == after->at(at)) continue;
      row.fate = RehearsedRow::Fate::kChanged;
      const db::Column& column = program_.table.columns[i];
      row.changes.push_back({column.name, shown(before[at], &column), shown((*after)[at], &column)});
    }
    for (std::size_t i = 0; i < row.key.size(); ++i)
      row.key[i] = shown(row.key[i], program_.table.column(program_.key[i]));
    return row;
  }

  db::Value shown(const db::Value& value, const db::Column* column) const {
    return plan_.values == Values::kMasked ? mask_value(value, column) : value;
  }

  const db::Database& database_;
  db::Connection& worker_;
  ledger::Ledger& ledger_;
  Clock& clock_;
  const StopToken& stop_;
  const Program& program_;
  const RehearsalPlan& plan_;
};

// Servers give decimals, dates and others as text, so the catalogue's type is asked first.
std::string kind_of(const db::Value& value, const db::Column* column) {
  constexpr std::array<std::string_view, 6> kTexts{"text", "char", "varchar", "clob", "json", "citext"};
  constexpr std::array<std::string_view, 4> kBytes{"bytea", "blob", "binary", "varbinary"};
  constexpr std::array<std::string_view, 9> kNumbers{"int",  "serial", "numeric", "decimal", "real",
                                                     "floa", "double", "number",  "money"};
  const std::string type = to_lower(column != nullptr ? column->type : "");
  const auto has = [&](const auto& words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return type.find(word) != std::string::npos; });
  };
  if (std::holds_alternative<db::Blob>(value) || has(kBytes)) return "bytes";
  if (std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value)) return "number";
  if (type.empty() || has(kTexts)) return "text";
  if (type.find("interval") == std::string::npos && type.find("point") == std::string::npos && has(kNumbers))
    return "number";
  return type.substr(0, type.find('('));
}

// Units: characters of a text, bytes of everything else.
std::size_t length_of(const db::Value& value) {
  if (const auto* blob = std::get_if<db::Blob>(&value)) return blob->bytes.size();
  const std::string text = db::as_text(value);
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void refuse_row_program(const project::Migration& migration) {
  if (!migration.has_row_program()) return;
  throw Error(Code::kNotAvailable, "--dry-run and --explain are not available for row programs yet")
      .at(migration.change_place())
      .hint("`weir status` shows how many rows there are");
}

bool Rehearsal::does_not_shrink() const {
  const auto first = std::find_if(batches.begin(), batches.end(), [](const auto& batch) { return batch.changed > 0; });
  return has_where && first != batches.end() && first->matching > 0 && !first->shrinks;
}

Rehearsal rehearse(const db::Database& database, db::Connection& worker, ledger::Ledger& ledger, Clock& clock,
                   const StopToken& stop, const Program& program, const RehearsalPlan& plan) {
  refuse_row_program(*program.migration);
  return Rehearsing(database, worker, ledger, clock, stop, program, plan).act();
}

Beginning find_beginning(ledger::Ledger& ledger, const project::Migration& migration, const ParameterValues& given) {
  const auto run = ledger::read_latest_run(ledger, migration.version);
  if (!run || ledger::is_final(run->state)) return {resolve_parameters(migration, given), {}, {}, std::nullopt};
  // A run that was only queued has not used its parameters yet.
  const bool bound = run->started_at && given.empty();
  Beginning beginning{bound ? carry_parameters(migration, *run) : resolve_parameters(migration, given), run->table,
                      run->key_columns, std::nullopt};
  for (const auto& slice : ledger::read_slices(ledger, run->id)) {
    if (slice.ordinal == ledger::kRunItself || slice.state == ledger::SliceState::kDone) continue;
    beginning.cursor = slice.cursor ? slice.cursor : slice.lower;
    break;
  }
  return beginning;
}

db::Value mask_value(const db::Value& value, const db::Column* column) {
  if (db::is_null(value)) return value;
  const std::string kind = kind_of(value, column);
  if (kind != "text" && kind != "bytes") return kind;
  return fmt::format("{}({})", kind, length_of(value));
}

}  // namespace weir::backfill
