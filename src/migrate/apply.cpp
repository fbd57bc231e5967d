#include "migrate/apply.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>

#include "backfill/completeness.hpp"
#include "backfill/retry.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "ledger/events.hpp"
#include "ledger/runs.hpp"
#include "sql/transaction_control.hpp"

namespace weir::migrate {
namespace {

using project::Migration;
using project::Section;
using project::SectionKind;

// A statement with what its section says about it.
struct Work {
  const sql::Statement* statement;
  Milliseconds lock_timeout;
};

std::vector<Work> work_of(const ApplyContext& context, const std::vector<const Section*>& sections) {
  std::vector<Work> work;
  for (const auto* section : sections) {
    for (const auto& statement : section->statements)
      work.push_back({&statement, section->lock_timeout.value_or(context.config.lock_timeout)});
  }
  return work;
}

void execute(db::Connection& connection, const Migration& migration, const Work& work) {
  connection.set_lock_timeout(work.lock_timeout);
  try {
    connection.execute_text(work.statement->text);
  } catch (Error& error) {
    const sql::Origin origin{migration.file, work.statement->line, work.statement->column};
    const Place place = sql::place_of(work.statement->text, error.sql_offset().value_or(0), origin);
    throw std::move(error).at(place);
  }
}

void check_verify(db::Connection& connection, const Migration& migration) {
  const auto violations = backfill::count_violations(connection, migration);
  if (violations.value_or(0) == 0) return;
  throw Error(Code::kVerificationFailed, fmt::format("migrate:verify counts {} violations", human_count(*violations)))
      .at({migration.file, migration.first(SectionKind::kVerify)->line, 1, ""})
      .hint("the migration was rolled back if it ran in a transaction");
}

bool is_applied(ledger::Ledger& ledger, const project::Version& version) {
  const auto history = ledger::read_history(ledger);
  return std::any_of(history.begin(), history.end(),
                     [&](const auto& e) { return e.version == version && e.state == ledger::EntryState::kApplied; });
}

// Repeats `act` while a lock is not granted. Between attempts nothing is held, so the application's queries pass.
template <typename Act>
void with_lock_retries(const ApplyContext& context, Act act) {
  constexpr int kAttempts = 8;
  backfill::Backoff backoff;
  for (;;) {
    try {
      return act();
    } catch (const Error& error) {
      const bool again = error.next() == Next::kRetry && backoff.attempt() + 1 < kAttempts && !context.stop.requested();
      if (!again) throw;
      backoff.wait(context.clock, context.stop);
    }
  }
}

// One transaction around `body`. A COMMIT whose answer never came is looked up on a fresh connection: `happened` tells
// from the ledger.
void in_transaction(const ApplyContext& context, const std::function<void(db::Connection&, ledger::Ledger&)>& body,
                    const std::function<bool(ledger::Ledger&)>& happened) {
  const auto connection = context.database.connect(db::Purpose::kControl);
  auto ledger = context.ledger.over(*connection);
  db::Transaction transaction(*connection);
  body(*connection, ledger);
  try {
    transaction.commit();
  } catch (const Error& error) {
    if (error.next() != Next::kReconnect) throw;
    const auto fresh = context.database.connect(db::Purpose::kControl);
    auto look = context.ledger.over(*fresh);
    if (!happened(look)) throw;
  }
}

std::int64_t count(const std::vector<Work>& work) { return static_cast<std::int64_t>(work.size()); }

void apply_in_transaction(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work) {
  const auto started = context.clock.now();
  const auto body = [&](db::Connection& connection, ledger::Ledger& ledger) {
    if (is_applied(ledger, migration.version)) return;
    for (const auto& one : work) execute(connection, migration, one);
    check_verify(connection, migration);
    const auto elapsed = std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
    ledger::record_applied(ledger, migration, count(work), elapsed, context.actor);
    ledger::record_event(ledger, context.actor, "applied", migration.version, std::nullopt, migration.file);
  };
  with_lock_retries(context, [&] {
    in_transaction(context, body, [&](ledger::Ledger& ledger) { return is_applied(ledger, migration.version); });
  });
}

// What is done already must stand unchanged at the beginning of the file.
void check_done_part(const Migration& migration, const ledger::Entry& partial, const std::vector<Work>& work,
                     const sql::Dialect& dialect) {
  const Migration before =
      project::parse_migration(migration.kind, partial.version.text() + "_" + partial.name + ".sql", migration.file,
                               partial.applied_text, dialect);
  std::vector<std::string> old_texts;
  for (const auto* section : before.all(SectionKind::kUp)) {
    for (const auto& statement : section->statements) old_texts.push_back(statement.text);
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(partial.statements_done); ++i) {
    if (i < work.size() && i < old_texts.size() && work[i].statement->text == old_texts[i]) continue;
    throw Error(Code::kDefinitionChanged,
                fmt::format("statement {} of {} was executed already and has changed since", i + 1, migration.file))
        .hint("put it back; only the statements that are not done yet may be edited");
  }
}

void apply_one_by_one(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work,
                      const ledger::Entry* partial) {
  const auto started = context.clock.now();
  const std::int64_t done = partial != nullptr ? partial->statements_done : 0;
  if (partial != nullptr) check_done_part(migration, *partial, work, context.database.dialect());
  ledger::record_started(context.ledger, migration, count(work), context.actor);
  const auto connection = context.database.connect(db::Purpose::kControl);
  for (std::int64_t i = done; i < count(work); ++i) {
    try {
      with_lock_retries(context, [&] { execute(*connection, migration, work[static_cast<std::size_t>(i)]); });
    } catch (Error& error) {
      throw std::move(error).context(
          fmt::format("statement {} of {} failed, {} already committed", i + 1, work.size(), i));
    }
    ledger::record_statement_done(context.ledger, migration.version, i + 1);
  }
  check_verify(*connection, migration);
  const auto elapsed = std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
  db::Transaction transaction(context.ledger.connection());
  ledger::record_applied(context.ledger, migration, count(work), elapsed, context.actor);
  ledger::record_event(context.ledger, context.actor, "applied", migration.version, std::nullopt, migration.file);
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

void forget(const ApplyContext& context, ledger::Ledger& ledger, const Migration& migration,
            const std::vector<const Migration*>& also_reopen) {
  ledger::remove_entry(ledger, migration.version);
  ledger::record_event(ledger, context.actor, "rolled-back", migration.version, std::nullopt, migration.file);
  for (const auto* data : also_reopen) reopen(context, ledger, *data);
}

}  // namespace

void check_statements(const Migration& migration, const sql::Dialect& dialect) {
  for (const auto& section : migration.sections) {
    for (const auto& statement : section.statements) {
      if (!sql::controls_transaction(statement.text, dialect)) continue;
      throw Error(
          Code::kInvalidFile,
          fmt::format("{} stands in migrate:{}: weir begins and ends the transaction itself",
                      statement.text.substr(0, statement.text.find_first_of(" \t\n;(")), to_string(section.kind)))
          .at({migration.file, statement.line, statement.column, ""})
          .hint("remove it; `-- migrate:up transaction:false` runs the statements without a transaction");
    }
  }
}

bool is_transactional(const db::Database& database, const std::vector<const Section*>& sections) {
  if (!database.capabilities().transactional_ddl) return false;
  return std::all_of(sections.begin(), sections.end(), [&](const Section* section) {
    return section->transaction &&
           std::all_of(section->statements.begin(), section->statements.end(),
                       [&](const auto& statement) { return database.runs_in_transaction(statement.text); });
  });
}

Milliseconds apply_migration(const ApplyContext& context, const Migration& migration, const ledger::Entry* partial) {
  const auto started = context.clock.now();
  const auto sections = migration.all(SectionKind::kUp);
  const auto work = work_of(context, sections);
  if (partial == nullptr && is_transactional(context.database, sections)) {
    apply_in_transaction(context, migration, work);
  } else {
    apply_one_by_one(context, migration, work, partial);
  }
  return std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
}

Milliseconds roll_back_migration(const ApplyContext& context, const Migration& migration,
                                 const std::vector<const Migration*>& also_reopen) {
  const auto started = context.clock.now();
  const auto sections = migration.all(SectionKind::kDown);
  const auto work = work_of(context, sections);
  if (is_transactional(context.database, sections)) {
    const auto body = [&](db::Connection& connection, ledger::Ledger& ledger) {
      for (const auto& one : work) execute(connection, migration, one);
      forget(context, ledger, migration, also_reopen);
    };
    with_lock_retries(context, [&] {
      in_transaction(context, body, [&](ledger::Ledger& ledger) { return !is_applied(ledger, migration.version); });
    });
  } else {
    const auto connection = context.database.connect(db::Purpose::kControl);
    for (std::size_t i = 0; i < work.size(); ++i) {
      try {
        with_lock_retries(context, [&] { execute(*connection, migration, work[i]); });
      } catch (Error& error) {
        throw std::move(error).context(
            fmt::format("statement {} of {} of migrate:down failed, {} already committed", i + 1, work.size(), i));
      }
    }
    db::Transaction transaction(context.ledger.connection());
    forget(context, context.ledger, migration, also_reopen);
    transaction.commit();
  }
  return std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
}

}  // namespace weir::migrate
