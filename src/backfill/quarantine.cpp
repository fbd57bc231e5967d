#include "backfill/quarantine.hpp"

#include "backfill/program.hpp"
#include "backfill/run_end.hpp"
#include "base/error.hpp"

namespace weir::backfill {
namespace {

class Retry {
 public:
  Retry(const db::Database& database, db::Connection& worker, const ledger::Ledger& ledger, const Program& program,
        const ledger::Run& run)
      : database_(database), worker_(worker), ledger_(ledger.over(worker)), program_(program), run_(run) {
    fragments_ = batch_fragments(program, database.dialect(), Lower::kExactly);
    fragments_.insert(program.typed_parameters.begin(), program.typed_parameters.end());
  }

  // Nothing: another one has it.
  void process(const ledger::QuarantinedRow& row) {
    db::Transaction transaction(worker_);
    if (!ledger::take_from_quarantine(ledger_, row.id)) return;
    db::Bindings bound = program_.parameters;
    bind_key(bound, "weir_hi", row.key);
    std::int64_t changed = 0;
    for (const auto& statement : program_.migration->first(project::SectionKind::kBatch)->statements) {
      const auto rendered = sql::Template(statement.text, database_.dialect()).render(fragments_);
      changed = worker_.execute({rendered.sql, db::bind(rendered.names, bound)}).affected;
    }
    ledger::count_rows(ledger_, run_.id, changed);
    transaction.commit();
  }

 private:
  const db::Database& database_;
  db::Connection& worker_;
  ledger::Ledger ledger_;
  const Program& program_;
  const ledger::Run& run_;
  std::map<std::string, std::string> fragments_;
};

}  // namespace

Retried retry_quarantine(const db::Database& database, db::Connection& worker, ledger::Ledger& ledger,
                         const project::Migration& migration, const ledger::Run& run, const StopToken& stop) {
  refuse_held(ledger, run.id);
  const Program program = prepare_program(database, ledger.connection(), migration, decode_parameters(run.parameters));
  Retry retry(database, worker, ledger, program, run);
  Retried retried;
  const auto rows = ledger::read_quarantine(ledger, run.id);
  for (const auto& row : rows) {
    if (stop.requested()) break;
    try {
      retry.process(row);
      ++retried.processed;
    } catch (const Error& error) {
      if (!error.is_of_data()) throw;
      ledger::note_failure(ledger, row.id, error);
      ++retried.failed;
    }
  }
  retried.left = std::ssize(rows) - retried.processed - retried.failed;
  return retried;
}

}  // namespace weir::backfill
