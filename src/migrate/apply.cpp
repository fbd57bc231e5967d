#include "migrate/apply.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/completeness.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "ledger/events.hpp"
#include "ledger/repeatables.hpp"
#include "ledger/runs.hpp"
#include "migrate/journal.hpp"
#include "sql/transaction_control.hpp"

namespace weir::migrate {
namespace {

using project::Migration;
using project::Section;
using project::SectionKind;

void check_verify(db::Connection& connection, const Migration& migration) {
  const auto violations = backfill::count_violations(connection, migration);
  if (violations.value_or(0) == 0) return;
  throw Error(Code::kVerificationFailed, fmt::format("migrate:verify counts {} violations", human_count(*violations)))
      .at({migration.file, migration.first(SectionKind::kVerify)->line, 1, ""})
      .hint("the migration was rolled back if it ran in a transaction");
}

bool is_applied(ledger::Ledger& ledger, const project::Version& version) {
  const auto entry = ledger::read_entry(ledger, version);
  return entry && entry->state == ledger::EntryState::kApplied;
}

// The gates' evidence stays readable after a contract has dropped what it was measured on.
void record_complete(const ApplyContext& context, ledger::Ledger& ledger, const Migration& migration,
                     const std::vector<Work>& work, const Gates& gates, Milliseconds elapsed) {
  ledger::record_complete(ledger, migration, std::ssize(work), elapsed, context.actor);
  if (context.former != nullptr) context.former->record_applied(ledger, migration, elapsed, context.actor);
  ledger::record_event(ledger, context.actor, "applied", migration.version, std::nullopt, migration.file);
  for (const auto* gate : gates) {
    ledger::record_event(ledger, context.actor, "gate-passed", gate->version, std::nullopt,
                         fmt::format("by {}: residual 0, violations 0", migration.label()));
  }
}

void apply_in_transaction(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work,
                          const Gates& gates) {
  const auto started = context.clock.now();
  const auto body = [&](ledger::Ledger& ledger) {
    if (!ledger::record_started(ledger, migration, std::ssize(work), context.actor)) return;  // another was faster
    for (const auto& one : work) context.executor.execute(one);
    check_verify(ledger.connection(), migration);
    const auto elapsed = std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
    record_complete(context, ledger, migration, work, gates, elapsed);
  };
  const auto happened = [&](ledger::Ledger& ledger) { return is_applied(ledger, migration.version); };
  context.executor.with_retries([&] { context.executor.in_transaction(context.ledger, body, happened); });
}

void apply_one_by_one(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work,
                      const ledger::Entry* partial, const Gates& gates) {
  const auto started = context.clock.now();
  execute_one_by_one(context, migration, work, partial);
  check_verify(context.executor.connection(), migration);
  const auto elapsed = std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
  db::Transaction transaction(context.ledger.connection());
  record_complete(context, context.ledger, migration, work, gates, elapsed);
  transaction.commit();
}

// A data migration that required what is rolled back now: its record goes, unfinished runs are cancelled.
void reopen(const ApplyContext& context, ledger::Ledger& ledger, const Migration& migration) {
  ledger::remove_entry(ledger, migration.version);
  const auto run = ledger::read_latest_run(ledger, migration.version);
  if (run && !ledger::is_final(run->state)) ledger::move_run(ledger, run->id, run->state, ledger::RunState::kCancelled);
  ledger::record_event(ledger, context.actor, "reopened", migration.version, std::nullopt,
                       "a migration that it requires was rolled back");
}

// False when another deployer has rolled it back already.
bool forget(const ApplyContext& context, ledger::Ledger& ledger, const Migration& migration,
            const std::vector<const Migration*>& also_reopen) {
  if (!ledger::remove_entry(ledger, migration.version)) return false;
  if (context.former != nullptr) context.former->record_rolled_back(ledger, migration, Milliseconds(0), context.actor);
  ledger::record_event(ledger, context.actor, "rolled-back", migration.version, std::nullopt, migration.file);
  for (const auto* data : also_reopen) reopen(context, ledger, *data);
  return true;
}

}  // namespace

void check_statements(const Migration& migration, const sql::Dialect& dialect) {
  if (migration.foreign)
    throw Error(Code::kNotAvailable,
                fmt::format("{} is a program that only {} can execute", migration.label(), migration.former_tool))
        .at({migration.file, 0, 0, ""})
        .hint(fmt::format("let {} execute it, then `weir adopt`; nothing was changed", migration.former_tool));
  for (const auto& section : migration.sections) {
    for (const auto& statement : section.statements) {
      if (!sql::controls_transaction(statement.text, dialect)) continue;
      throw Error(
          Code::kInvalidFile,
          fmt::format("{} stands in migrate:{}: weir begins and ends the transaction itself",
                      statement.text.substr(0, statement.text.find_first_of(" \t\n;(")), to_string(section.kind)))
          .at(migration.place_in(statement))
          .hint(section.transaction
                    ? "remove it; `transaction:false` behind the marker runs the statements without a transaction"
                    : "transaction:false commits every statement alone; put what belongs into one transaction into a "
                      "migration of its own, without transaction:false");
    }
  }
}

bool is_transactional(const db::Database& database, const std::vector<const Section*>& sections) {
  return std::all_of(sections.begin(), sections.end(), [&](const Section* section) {
    return section->transaction &&
           std::all_of(section->statements.begin(), section->statements.end(),
                       [&](const auto& statement) { return database.runs_in_transaction(statement.text); });
  });
}

Milliseconds apply_migration(const ApplyContext& context, const Migration& migration, const ledger::Entry* partial,
                             const Gates& gates) {
  const auto started = context.clock.now();
  const auto sections = migration.all(SectionKind::kUp);
  const auto work = work_of(context.config, migration, sections);
  if (partial == nullptr && is_transactional(context.database, sections)) {
    apply_in_transaction(context, migration, work, gates);
  } else {
    apply_one_by_one(context, migration, work, partial, gates);
  }
  context.executor.leave(migration);
  return std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
}

Milliseconds apply_repeatable(const ApplyContext& context, const Migration& migration) {
  const auto started = context.clock.now();
  const auto sections = migration.all(SectionKind::kUp);
  const auto work = work_of(context.config, migration, sections);
  const auto elapsed = [&] { return std::chrono::duration_cast<Milliseconds>(context.clock.now() - started); };
  const auto record = [&](ledger::Ledger& ledger) {
    ledger::record_repeatable(ledger, migration, elapsed(), context.actor);
    if (context.former != nullptr) context.former->record_applied(ledger, migration, elapsed(), context.actor);
    ledger::record_event(ledger, context.actor, "applied", {}, std::nullopt, migration.file);
  };
  if (is_transactional(context.database, sections)) {
    const auto body = [&](ledger::Ledger& ledger) {
      for (const auto& one : work) context.executor.execute(one);
      check_verify(ledger.connection(), migration);
      record(ledger);
    };
    const auto happened = [&](ledger::Ledger& ledger) {
      const auto all = ledger::read_repeatables(ledger);
      return std::any_of(all.begin(), all.end(), [&](const auto& one) {
        return one.name == migration.name && one.checksum == migration.checksum;
      });
    };
    context.executor.with_retries([&] { context.executor.in_transaction(context.ledger, body, happened); });
  } else {
    repeat_one_by_one(context, work);
    check_verify(context.executor.connection(), migration);
    db::Transaction transaction(context.ledger.connection());
    record(context.ledger);
    transaction.commit();
  }
  context.executor.leave(migration);
  return elapsed();
}

Milliseconds roll_back_migration(const ApplyContext& context, const Migration& migration,
                                 const std::vector<const Migration*>& also_reopen) {
  const auto started = context.clock.now();
  const auto sections = migration.all(SectionKind::kDown);
  const auto work = work_of(context.config, migration, sections);
  if (is_transactional(context.database, sections)) {
    const auto body = [&](ledger::Ledger& ledger) {
      // First, because the row's lock keeps a second deployer away.
      if (!forget(context, ledger, migration, also_reopen)) return;
      for (const auto& one : work) context.executor.execute(one);
    };
    const auto happened = [&](ledger::Ledger& ledger) { return !is_applied(ledger, migration.version); };
    context.executor.with_retries([&] { context.executor.in_transaction(context.ledger, body, happened); });
  } else {
    repeat_one_by_one(context, work);
    db::Transaction transaction(context.ledger.connection());
    forget(context, context.ledger, migration, also_reopen);
    transaction.commit();
  }
  context.executor.leave(migration);
  return std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
}

}  // namespace weir::migrate
