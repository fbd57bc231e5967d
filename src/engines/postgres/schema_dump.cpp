#include "engines/postgres/schema_dump.hpp"

#include <fmt/format.h>

#include "engines/postgres/connect.hpp"
#include "engines/postgres/dialect.hpp"
#include "engines/postgres/dump_program.hpp"
#include "engines/postgres/dump_text.hpp"
#include "engines/postgres/libpq.hpp"

namespace weir::engines::postgres {
namespace {

// Names stand with their schema; function bodies are not checked, because what they use may come later. A fixed list:
// which settings pg_dump writes depends on its version.
constexpr const char* kPrologue = R"sql(SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = '';
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;)sql";

}  // namespace

db::SchemaDump dump_schema(const Conninfo& info, const std::vector<sql::TableName>& ledger) {
  const int major = PQserverVersion(open_session(info, db::Purpose::kRead).get()) / 10000;
  const auto programs = find_dump_programs();
  db::SchemaDump dump;
  dump.prologue = kPrologue;
  dump.objects = read_dump(run_dump_program(choose_dump_program(programs, major), info, ledger));
  if (!ledger.empty())
    dump.ledger_prologue = fmt::format("SET search_path = {};", dialect().quote(ledger.front().schema));
  return dump;
}

}  // namespace weir::engines::postgres
