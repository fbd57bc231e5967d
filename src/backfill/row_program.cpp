#include "backfill/row_program.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace weir::backfill {

RowProgram* find_program(const RowPrograms* programs, const project::Migration& migration) {
  if (programs == nullptr) return nullptr;
  const auto found = programs->find(migration.name);
  return found == programs->end() ? nullptr : found->second;
}

bool can_compute(const project::Migration& migration, const RowProgram* program) {
  return !migration.has_row_program() || program != nullptr;
}

void refuse_without_program(const project::Migration& migration, const RowProgram* program) {
  if (can_compute(migration, program)) return;
  throw Error(Code::kUsage,
              fmt::format("the row program of {} is registered in a C++ program: run it there", migration.name))
      .at(migration.change_place())
      .hint("this process has no program of that name; `weir status` shows how far the other one is");
}

}  // namespace weir::backfill
