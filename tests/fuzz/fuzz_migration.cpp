// Any bytes as a migration file: only weir::Error may come out, with a place in that file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "db/url.hpp"
#include "engines/registry.hpp"
#include "project/config.hpp"
#include "project/migration.hpp"
#include "project/source_file.hpp"

namespace {

using namespace weir;

void parse(const std::string& bytes, project::Kind kind, const sql::Dialect& dialect) {
  try {
    const auto text = project::normalise_source(bytes, "f.sql");
    const auto migration = project::parse_migration(kind, "1_f.sql", "f.sql", text, dialect);
    if (migration.sections.empty()) std::abort();
  } catch (const Error& error) {
    if (error.message().empty() || !error.place() || error.place()->file != "f.sql") std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto postgres = engines::open_database(db::parse_url("postgres://localhost/x"), "/");
  static const auto sqlite = engines::open_database(db::parse_url("sqlite:x.db"), "/");
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const auto* database : {postgres.get(), sqlite.get()}) {
    parse(bytes, project::Kind::kSchema, database->dialect());
    parse(bytes, project::Kind::kData, database->dialect());
  }
  try {
    project::parse_dotenv(bytes, ".env");
  } catch (const Error&) {
  }
  return 0;
}
