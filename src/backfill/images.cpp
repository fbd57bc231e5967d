#include "backfill/images.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/image_sql.hpp"
#include "backfill/run_end.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "ledger/events.hpp"

namespace weir::backfill {
namespace {

std::vector<std::string> names_of(const std::vector<db::Column>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

void create_table(ledger::Ledger& ledger, const Program& program) {
  try {
    ledger.connection().execute_text(ImageSql(ledger.database(), program).create());
  } catch (Error& error) {
    if (error.code() == Code::kAlreadyExists || error.code() == Code::kConstraint) return;  // another process made it
    throw std::move(error).at(program.migration->data.keep.front().place).context("the table for before-images");
  }
}

Error began_with(const Program& program, const ledger::ImageSet& set) {
  const project::DataProgram& data = program.migration->data;
  return Error(Code::kDefinitionChanged,
               fmt::format("this run began with `keep: {}`", fmt::join(set.kept_columns, ", ")))
      .at(data.keep.empty() ? data.over.place : data.keep.front().place)
      .hint("write it so again, or begin a new run with --restart");
}

Error images_are_gone(const Program& program, const ledger::ImageSet& set) {
  return Error(Code::kNotFound,
               fmt::format("the table {} with the values that this run has saved is gone", set.table_name()))
      .at(program.migration->data.keep.front().place)
      .hint(
          "bring it back, or give it up: `weir undo NAME --discard`; then begin a new run with --restart, or go on "
          "without `keep`");
}

// With the old values of a part of its rows a run cannot be undone, and nothing would tell.
void refuse_other_keep(const Program& program, const std::optional<ledger::ImageSet>& set, bool begun) {
  if (set && program.keep.empty()) throw began_with(program, *set);
  if (set || program.keep.empty() || !begun) return;
  throw Error(Code::kDefinitionChanged,
              "this run has changed rows without saving their old values, or they were dropped")
      .at(program.migration->data.keep.front().place)
      .hint("go on without `keep`, or begin a new run with --restart");
}

// The table first: where DDL cannot be rolled back a crash must leave its name in the ledger.
void discard(ledger::Ledger& ledger, const ledger::ImageSet& set, const std::string& actor) {
  const std::string table = sql::quote(ledger.database().dialect(), ledger.beside(set.table_name()));
  db::Connection& connection = ledger.connection();
  const bool atomic = ledger.database().capabilities().transactional_ddl;
  if (!atomic) connection.execute_text("DROP TABLE IF EXISTS " + table);
  db::Transaction transaction(connection);
  if (atomic) connection.execute_text("DROP TABLE IF EXISTS " + table);
  sync_point(SyncPoint::kImagesDropped);
  ledger::remove_image_set(ledger, set);
  ledger::record_event(ledger, actor, "images-discarded", set.run.version, set.run.attempt, "");
  transaction.commit();
  sync_point(SyncPoint::kImagesForgotten);
}

}  // namespace

std::optional<sql::TableName> open_images(ledger::Ledger& ledger, const Program& program, const ledger::RunId& run) {
  // Read first: what they have needed is there since, whoever works at the same time.
  const bool begun = count_batches(ledger, run) > 0;
  const auto recorded = ledger::read_image_set(ledger, run);
  refuse_other_keep(program, recorded, begun);
  if (program.keep.empty()) return std::nullopt;
  const auto set = recorded ? *recorded : ledger::record_image_set(ledger, run, program.key, names_of(program.keep));
  if (set.key_columns != program.key || set.kept_columns != names_of(program.keep)) throw began_with(program, set);
  if (set.state != ledger::ImageState::kKept)
    throw Error(Code::kIllegalTransition, "this run was undone").hint("begin a new one: weir run NAME --restart");
  sync_point(SyncPoint::kImagesRecorded);
  Program with_images = program;
  with_images.images = ledger.beside(set.table_name());
  if (!ledger.connection().find_table(sql::quote(ledger.database().dialect(), *with_images.images))) {
    if (begun) throw images_are_gone(program, set);
    create_table(ledger, with_images);
  }
  sync_point(SyncPoint::kImagesMade);
  return with_images.images;
}

void refuse_while_undoing(ledger::Ledger& ledger, const project::Version& version) {
  for (const auto& set : ledger::read_image_sets(ledger)) {
    if (!(set.run.version == version) || set.state != ledger::ImageState::kUndoing) continue;
    throw Error(Code::kIllegalTransition, "this data migration is being undone")
        .hint("complete that first: `weir undo NAME`; or give it up: `weir undo NAME --discard`");
  }
}

void hold_off_undo(ledger::Ledger& ledger, const project::Version& version) {
  ledger::hold_image_sets(ledger, version);
  refuse_while_undoing(ledger, version);
}

std::vector<ledger::ImageSet> discard_images(ledger::Ledger& ledger, const ledger::Run& latest,
                                             const std::string& actor) {
  if (ledger::is_active(latest.state)) {
    throw Error(Code::kIllegalTransition,
                fmt::format("{} is {}: it needs its images", latest.name, to_string(latest.state)))
        .hint("first: weir pause, or weir cancel");
  }
  std::vector<ledger::ImageSet> discarded;
  for (const auto& set : ledger::read_image_sets(ledger)) {
    if (!(set.run.version == latest.id.version)) continue;
    discard(ledger, set, actor);
    discarded.push_back(set);
  }
  return discarded;
}

std::vector<ledger::ImageSet> discard_expired_images(ledger::Ledger& ledger, Milliseconds age,
                                                     const std::string& actor) {
  const auto sets = ledger::read_image_sets(ledger);
  if (sets.empty()) return {};
  const auto now = db::as_integer(ledger.execute("SELECT :now").rows.at(0).at(0));
  const auto runs = ledger::read_runs(ledger);
  std::vector<ledger::ImageSet> discarded;
  for (const auto& set : sets) {
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const auto& one) {
      return one.id.version == set.run.version && one.id.attempt == set.run.attempt;
    });
    const bool ended = run == runs.end() || (ledger::is_final(run->state) && run->finished_at);
    const EpochMs since = run != runs.end() && run->finished_at ? *run->finished_at : set.created_at;
    if (!ended || set.state == ledger::ImageState::kUndoing || now - since < age.count()) continue;
    discard(ledger, set, actor);
    discarded.push_back(set);
  }
  return discarded;
}

std::optional<Error> drop_expired_images(const db::Database& database, std::int64_t keep_days,
                                         const std::string& actor) {
  if (keep_days == 0) return std::nullopt;
  try {
    const auto connection = database.connect(db::Purpose::kControl);
    auto ledger = ledger::Ledger::open(database, *connection);
    if (ledger) discard_expired_images(*ledger, std::chrono::days(keep_days), actor);
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace weir::backfill
