// Any bytes as a file of every tool: only weir::Error may come out, and every statement stands in the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "engines/languages.hpp"
#include "project/formats/format.hpp"
#include "project/source_file.hpp"

namespace {

using namespace weir;
using project::formats::Format;

void read(Format format, const project::formats::SourceText& source, const sql::Dialect& dialect) {
  try {
    const auto contents = project::formats::read_file(format, source, {{"a", "b"}}, dialect);
    if (contents.sections.empty()) std::abort();
    for (const auto& section : contents.sections) {
      if (section.name.empty()) std::abort();
    }
  } catch (const Error& error) {
    if (error.message().empty() || !error.place() || error.place()->file != "f.sql") std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  project::formats::SourceText source{"1_f.sql", "f.sql", "", {}};
  try {
    source.text = project::normalise_source(bytes, "f.sql");
  } catch (const Error&) {
    return 0;
  }
  for (const auto* engine : {"postgres", "mysql", "sqlite"}) {
    const auto& dialect = engines::language_of(engine).dialect;
    project::formats::detect_format(source, dialect);
    for (const auto format : {Format::kRaw, Format::kDbmate, Format::kGoose, Format::kSqlx, Format::kTern,
                              Format::kGraphileMigrate, Format::kAtlas, Format::kFlyway, Format::kLiquibase})
      read(format, source, dialect);
  }
  return 0;
}
