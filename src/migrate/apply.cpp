#include "migrate/apply.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <span>

#include "backfill/completeness.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "base/text.hpp"
#include "ledger/events.hpp"
#include "ledger/repeatables.hpp"
#include "ledger/runs.hpp"
#include "migrate/journal.hpp"
#include "migrate/tables.hpp"
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

bool applied_meanwhile(const ApplyContext& context, const project::Version& version) {
  try {
    auto look = context.ledger.over(context.executor.connection());
    return is_applied(look, version);
  } catch (const Error&) {
    return false;  // what failed first is told
  }
}

void refuse_after_stop(const ApplyContext& context) {
  if (!context.stop.requested()) return;
  throw Error(Code::kInterrupted, "stopped between two migrations").hint("`weir migrate` goes on with the next one");
}

// What goes with the entry. The gates' evidence stays readable after a contract has dropped what it was measured on.
void add_events(const Todo& todo, std::vector<ledger::Event>& events) {
  const Migration& migration = *todo.migration;
  events.push_back({"applied", migration.version, migration.file});
  for (const auto* gate : todo.gates) {
    events.push_back({"gate-passed", gate->version, fmt::format("by {}: residual 0, violations 0", migration.label())});
  }
}

Milliseconds since(const Clock& clock, std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration_cast<Milliseconds>(clock.now() - begun);
}

// Inside a transaction, without any record.
ledger::Applied execute_all(const ApplyContext& context, db::Connection& connection, const Migration& migration) {
  const auto began = context.clock.now();
  const auto work = work_of(context.config, migration, migration.all(SectionKind::kUp));
  for (const auto& one : work) context.executor.execute(one);
  check_verify(connection, migration);
  return {&migration, std::ssize(work), since(context.clock, began)};
}

void record(const ApplyContext& context, ledger::Ledger& ledger, std::span<const Todo> todos,
            const std::vector<ledger::Applied>& applied) {
  ledger::record_applied_together(ledger, applied, context.actor);
  std::vector<ledger::Event> events;
  for (std::size_t i = 0; i < applied.size(); ++i) {
    if (context.former != nullptr)
      context.former->record_applied(ledger, *applied[i].migration, applied[i].duration, context.actor);
    add_events(todos[i], events);
  }
  ledger::record_events(ledger, context.actor, events);
}

// One transaction.
struct Together {
  std::vector<ledger::Applied> applied;  // in it
  std::size_t failed = 0;                // this one failed; 0: none, or the first
};

// As many of `todos` as fit into one transaction of kShare.
void apply_some(const ApplyContext& context, ledger::Ledger& ledger, std::span<const Todo> todos, Together& together) {
  constexpr Milliseconds kShare{50};
  const auto began = context.clock.now();
  together = {};
  auto& applied = together.applied;
  applied.push_back(execute_all(context, ledger.connection(), *todos[0].migration));
  while (applied.size() < todos.size() && since(context.clock, began) < kShare) {
    try {
      applied.push_back(execute_all(context, ledger.connection(), *todos[applied.size()].migration));
    } catch (const Error& error) {
      together.failed = applied.size();
      // It is tried again, with pauses, when it is alone.
      throw error.next() == Next::kRetry ? Error(error).next(Next::kFail) : error;
    }
  }
  record(context, ledger, todos, applied);
}

// Those that are applied afterwards, at least the first. When one of several fails, those before
// it are applied without it; it comes first in the next transaction, and there its error is the user's.
std::vector<ledger::Applied> apply_in_transaction(const ApplyContext& context, std::span<const Todo> todos) {
  for (;;) {
    Together together;
    const auto body = [&](ledger::Ledger& ledger) { apply_some(context, ledger, todos, together); };
    const auto happened = [&](ledger::Ledger& ledger) {
      return !together.applied.empty() && is_applied(ledger, together.applied.back().migration->version);
    };
    try {
      context.executor.with_retries([&] { context.executor.in_transaction(context.ledger, body, happened); });
      return together.applied;
    } catch (const Error& error) {
      const bool may_go_on = error.code() != Code::kInterrupted && error.next() != Next::kReconnect;
      if (may_go_on && (together.failed > 0 || together.applied.size() > 1)) {
        // Of an error that only COMMIT shows nobody knows whose it is.
        todos = todos.first(together.failed > 0 ? together.failed : 1);
        continue;
      }
      // It was rolled back; and it is no error when another deployer was faster.
      if (applied_meanwhile(context, todos[0].migration->version)) return {{todos[0].migration, 0, Milliseconds(0)}};
      if (error.place()) throw;
      throw Error(error).at({todos[0].migration->file, 0, 0, ""});
    }
  }
}

// With the beginning of the next migration, or before anything else is done.
void defer_completion(const ApplyContext& context, const Todo& todo, std::int64_t statements, Milliseconds elapsed) {
  context.deferred.defer([&context, todo, statements, elapsed](ledger::Ledger& ledger) {
    if (!ledger::record_complete(ledger, *todo.migration, statements, elapsed, context.actor))
      throw overtaken(*todo.migration);
    if (context.former != nullptr) context.former->record_applied(ledger, *todo.migration, elapsed, context.actor);
    std::vector<ledger::Event> events;
    add_events(todo, events);
    ledger::record_events(ledger, context.actor, events);
  });
}

void apply_one_by_one(const ApplyContext& context, const Todo& todo, const ledger::Entry* partial) {
  const auto started = context.clock.now();
  const Migration& migration = *todo.migration;
  const auto work = work_of(context.config, migration, migration.all(SectionKind::kUp));
  execute_one_by_one(context, migration, ledger::EntryState::kPartial, work, partial);
  check_verify(context.executor.connection(), migration);
  defer_completion(context, todo, std::ssize(work), since(context.clock, started));
}

// A migration of one statement, whose effect the catalogue tells.
struct Opened {
  const Todo* todo;
  std::vector<Work> work;
  std::string intent;
};

// Journal before effect, for several migrations in one transaction. Returns those that were opened: the first of
// `todos`, up to one about whose statement the catalogue does not tell, or only when one before it has been executed.
std::vector<Opened> open_journals(const ApplyContext& context, std::span<const Todo> todos) {
  std::vector<Opened> all;
  std::set<std::string> made;
  for (const auto& todo : todos) {
    const auto tables = tables_touched(*todo.migration, context.database.dialect());
    const bool alone =
        tables && std::none_of(tables->begin(), tables->end(), [&](const auto& t) { return made.contains(t); });
    auto work = work_of(context.config, *todo.migration, todo.migration->all(SectionKind::kUp));
    auto intent = alone ? look_before(context, work) : std::nullopt;
    if (!intent) break;
    made.insert(tables->begin(), tables->end());
    all.push_back({&todo, std::move(work), *std::move(intent)});
  }
  if (all.empty()) return all;
  context.deferred.commit_with(context.ledger, [&] {
    for (const auto& one : all) {
      const Migration& migration = *one.todo->migration;
      if (!ledger::record_started(context.ledger, migration, std::ssize(one.work), one.intent, context.actor))
        throw overtaken(migration);
    }
  });
  return all;
}

// What was opened and is not executed, because one before it failed or a stop was requested, is as if it had not been.
void apply_journaled(const ApplyContext& context, std::span<const Todo> todos, const OnApplied& on_applied) {
  constexpr std::size_t kMostOpened = 16;
  while (!todos.empty()) {
    refuse_after_stop(context);
    const auto opened = open_journals(context, todos.first(std::min(todos.size(), kMostOpened)));
    if (opened.empty()) {
      on_applied(todos[0], apply_migration(context, todos[0], nullptr));
      todos = todos.subspan(1);
      continue;
    }
    for (std::size_t i = 0; i < opened.size(); ++i) {
      const auto started = context.clock.now();
      const bool stopped = context.stop.requested();
      try {
        refuse_after_stop(context);
        execute_opened(context, *opened[i].todo->migration, opened[i].work, opened[i].intent);
      } catch (const Error&) {
        for (std::size_t unsent = stopped ? i : i + 1; unsent < opened.size(); ++unsent) {
          context.deferred.defer([version = opened[unsent].todo->migration->version](ledger::Ledger& ledger) {
            ledger::remove_opened(ledger, version);
          });
        }
        throw;
      }
      const auto elapsed = since(context.clock, started);
      defer_completion(context, *opened[i].todo, std::ssize(opened[i].work), elapsed);
      on_applied(*opened[i].todo, elapsed);
    }
    todos = todos.subspan(opened.size());
  }
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

bool may_be_together(const ApplyContext& context, const Migration& migration) {
  const auto& capabilities = context.database.capabilities();
  const auto up = migration.all(SectionKind::kUp);
  if (!context.executor.leaves_session_alone(migration)) return false;
  if (capabilities.transactional_ddl && !is_transactional(context.database, up)) return false;
  if (!capabilities.several_writers) return true;
  if (!touches_only_new_tables(migration, context.database.dialect())) return false;
  return capabilities.transactional_ddl ||
         (up.size() == 1 && up[0]->statements.size() == 1 && migration.first(SectionKind::kVerify) == nullptr);
}

void apply_together(const ApplyContext& context, std::span<const Todo> todos, const OnApplied& on_applied) {
  if (!context.database.capabilities().transactional_ddl) return apply_journaled(context, todos, on_applied);
  while (!todos.empty()) {
    refuse_after_stop(context);
    const auto applied = apply_in_transaction(context, todos);
    for (std::size_t i = 0; i < applied.size(); ++i) on_applied(todos[i], applied[i].duration);
    todos = todos.subspan(applied.size());
  }
}

Milliseconds apply_migration(const ApplyContext& context, const Todo& todo, const ledger::Entry* partial) {
  const auto started = context.clock.now();
  if (partial == nullptr && is_transactional(context.database, todo.migration->all(SectionKind::kUp))) {
    apply_in_transaction(context, std::span(&todo, 1));
  } else {
    apply_one_by_one(context, todo, partial);
  }
  context.executor.leave(*todo.migration);
  return since(context.clock, started);
}

Milliseconds apply_repeatable(const ApplyContext& context, const Migration& migration) {
  const auto started = context.clock.now();
  const auto sections = migration.all(SectionKind::kUp);
  const auto work = work_of(context.config, migration, sections);
  const auto elapsed = [&] { return since(context.clock, started); };
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
    sync_point(SyncPoint::kRepeatableExecuted);
    check_verify(context.executor.connection(), migration);
    db::Transaction transaction(context.ledger.connection());
    record(context.ledger);
    transaction.commit();
  }
  context.executor.leave(migration);
  return elapsed();
}

Milliseconds roll_back_migration(const ApplyContext& context, const Migration& migration,
                                 const std::vector<const Migration*>& also_reopen, const ledger::Entry* undoing) {
  const auto started = context.clock.now();
  const auto sections = migration.all(SectionKind::kDown);
  const auto work = work_of(context.config, migration, sections);
  if (undoing == nullptr && is_transactional(context.database, sections)) {
    const auto body = [&](ledger::Ledger& ledger) {
      // First, because the row's lock keeps a second deployer away.
      if (!forget(context, ledger, migration, also_reopen)) return;
      for (const auto& one : work) context.executor.execute(one);
    };
    const auto happened = [&](ledger::Ledger& ledger) { return !is_applied(ledger, migration.version); };
    context.executor.with_retries([&] { context.executor.in_transaction(context.ledger, body, happened); });
  } else {
    execute_one_by_one(context, migration, ledger::EntryState::kUndoing, work, undoing);
    db::Transaction transaction(context.ledger.connection());
    forget(context, context.ledger, migration, also_reopen);
    sync_point(SyncPoint::kRollbackBeforeCommit);
    transaction.commit();
    sync_point(SyncPoint::kRollbackCommitted);
  }
  context.executor.leave(migration);
  return since(context.clock, started);
}

}  // namespace weir::migrate
