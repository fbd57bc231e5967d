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
#include "sql/scanner.hpp"
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

void execute(db::Connection& connection, const Migration& migration, const Work& work, Milliseconds lock_timeout) {
  connection.set_lock_timeout(lock_timeout);
  try {
    connection.execute_text(work.statement->text);
  } catch (Error& error) {
    const Place place = migration.place_in(*work.statement, error.sql_offset().value_or(0));
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

Error still_locked(const Error& error, int attempts) {
  const bool lock = error.code() == Code::kLockTimeout || error.code() == Code::kBusy;
  if (!lock) return error;
  return Error(error).hint(fmt::format(
      "another session kept a lock on the table during {} attempts: find it in the server's list of sessions, or try "
      "again later; nothing of this statement was done",
      attempts));
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
      if (error.next() != Next::kRetry || context.stop.requested()) throw;
      if (backoff.attempt() + 1 == kAttempts) throw still_locked(error, kAttempts);
      backoff.wait(context.clock, context.stop);
    }
  }
}

sql::Token first_word(const ApplyContext& context, const Work& work) {
  return sql::Scanner(work.statement->text, context.database.dialect()).next();
}

bool begins_with(const ApplyContext& context, const Work& work, std::initializer_list<std::string_view> words) {
  const sql::Token first = first_word(context, work);
  return std::any_of(words.begin(), words.end(), [&](auto word) { return first.is_word(word); });
}

// Settings of the session, which a migration that goes on with its third statement needs again.
bool sets_session(const ApplyContext& context, const Work& work) {
  return begins_with(context, work, {"set", "reset", "pragma", "use"});
}

// Whether the statement and its journal can be one transaction although its section has none. CALL and DO may commit by
// themselves.
bool joins_journal(const ApplyContext& context, const Work& work) {
  return context.database.runs_in_transaction(work.statement->text) &&
         begins_with(
             context, work,
             {"insert", "update", "delete", "create", "alter", "drop", "comment", "grant", "revoke", "truncate"});
}

bool is_concurrent(const ApplyContext& context, const Work& work) {
  sql::Scanner scanner(work.statement->text, context.database.dialect());
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_word("concurrently")) return true;
  }
  return false;
}

// Without a transaction. CREATE INDEX CONCURRENTLY and its like wait for old transactions while they keep nobody from
// working: a lock timeout would only leave a half-made index behind, so they have none and are not repeated.
void execute_outside(const ApplyContext& context, db::Connection& connection, const Migration& migration,
                     const Work& work) {
  if (is_concurrent(context, work)) {
    execute(connection, migration, work, Milliseconds(0));
  } else {
    with_lock_retries(context, [&] { execute(connection, migration, work, work.lock_timeout); });
  }
}

// One transaction around `body`. A COMMIT whose answer never came is looked up on a fresh connection: `happened` tells
// from the ledger.
void in_transaction(const ApplyContext& context, const std::function<void(db::Connection&, ledger::Ledger&)>& body,
                    const std::function<bool(ledger::Ledger&)>& happened) {
  const auto connection = context.database.connect(db::Purpose::kControl);
  auto ledger = context.ledger.over(*connection);
  connection->set_lock_timeout(context.config.lock_timeout);  // an engine with one writer takes its lock when it begins
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

// The gates' evidence stays readable after a contract has dropped what it was measured on.
void record_applied(const ApplyContext& context, ledger::Ledger& ledger, const Migration& migration,
                    const std::vector<Work>& work, const Gates& gates, Milliseconds elapsed) {
  ledger::record_applied(ledger, migration, count(work), elapsed, context.actor);
  ledger::record_event(ledger, context.actor, "applied", migration.version, std::nullopt, migration.file);
  for (const auto* gate : gates) {
    ledger::record_event(ledger, context.actor, "gate-passed", gate->version, std::nullopt,
                         fmt::format("by {}: residual 0, violations 0", migration.label()));
  }
}

void apply_in_transaction(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work,
                          const Gates& gates) {
  const auto started = context.clock.now();
  const auto body = [&](db::Connection& connection, ledger::Ledger& ledger) {
    if (!ledger::record_started(ledger, migration, count(work), context.actor)) return;  // another deployer was faster
    for (const auto& one : work) execute(connection, migration, one, one.lock_timeout);
    check_verify(connection, migration);
    const auto elapsed = std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
    record_applied(context, ledger, migration, work, gates, elapsed);
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

// One statement and the record that it is done; in one transaction where that is possible.
void execute_and_journal(const ApplyContext& context, db::Connection& connection, const Migration& migration,
                         const Work& work, std::int64_t done) {
  if (!joins_journal(context, work)) {
    execute_outside(context, connection, migration, work);
    ledger::record_statement_done(context.ledger, migration.version, done);
    return;
  }
  auto ledger = context.ledger.over(connection);
  with_lock_retries(context, [&] {
    connection.set_lock_timeout(work.lock_timeout);
    db::Transaction transaction(connection);
    execute(connection, migration, work, work.lock_timeout);
    ledger::record_statement_done(ledger, migration.version, done);
    transaction.commit();
  });
}

void apply_one_by_one(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work,
                      const ledger::Entry* partial, const Gates& gates) {
  const auto started = context.clock.now();
  const std::int64_t done = partial != nullptr ? partial->statements_done : 0;
  if (partial != nullptr) check_done_part(migration, *partial, work, context.database.dialect());
  if (partial != nullptr) {
    ledger::record_partial_text(context.ledger, migration, count(work));
  } else if (!ledger::record_started(context.ledger, migration, count(work), context.actor)) {
    throw Error(Code::kDeployLockHeld, fmt::format("another deployer began {} in the same moment", migration.label()))
        .hint("`weir status` shows how far it is");
  }
  const auto connection = context.database.connect(db::Purpose::kControl);
  for (std::int64_t i = 0; i < count(work); ++i) {
    const Work& one = work[static_cast<std::size_t>(i)];
    try {
      if (i >= done) {
        execute_and_journal(context, *connection, migration, one, i + 1);
      } else if (sets_session(context, one)) {
        execute_outside(context, *connection, migration, one);
      }
    } catch (Error& error) {
      throw std::move(error).context(
          fmt::format("statement {} of {} failed, {} already committed", i + 1, work.size(), std::max(i, done)));
    }
  }
  check_verify(*connection, migration);
  const auto elapsed = std::chrono::duration_cast<Milliseconds>(context.clock.now() - started);
  db::Transaction transaction(context.ledger.connection());
  record_applied(context, context.ledger, migration, work, gates, elapsed);
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
  ledger::record_event(ledger, context.actor, "rolled-back", migration.version, std::nullopt, migration.file);
  for (const auto* data : also_reopen) reopen(context, ledger, *data);
  return true;
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
  const auto work = work_of(context, sections);
  if (partial == nullptr && is_transactional(context.database, sections)) {
    apply_in_transaction(context, migration, work, gates);
  } else {
    apply_one_by_one(context, migration, work, partial, gates);
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
      // First, because the row's lock keeps a second deployer away.
      if (!forget(context, ledger, migration, also_reopen)) return;
      for (const auto& one : work) execute(connection, migration, one, one.lock_timeout);
    };
    with_lock_retries(context, [&] {
      in_transaction(context, body, [&](ledger::Ledger& ledger) { return !is_applied(ledger, migration.version); });
    });
  } else {
    const auto connection = context.database.connect(db::Purpose::kControl);
    for (std::size_t i = 0; i < work.size(); ++i) {
      try {
        execute_outside(context, *connection, migration, work[i]);
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
