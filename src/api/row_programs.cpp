#include "api/row_programs.hpp"

#include "base/error.hpp"

namespace weir::api {
namespace {

class FunctionProgram final : public backfill::RowProgram {
 public:
  FunctionProgram(std::shared_ptr<const RowFunction> function, const project::Migration& migration)
      : function_(std::move(function)) {
    for (const auto& column : migration.data.read) columns_.push_back(column.text);
  }

  std::vector<std::optional<db::Row>> compute(const std::vector<db::Row>& rows) override {
    std::vector<std::optional<db::Row>> answers;
    answers.reserve(rows.size());
    for (const auto& row : rows) answers.push_back((*function_)(RowView(columns_, row)));
    return answers;
  }

 private:
  const std::shared_ptr<const RowFunction> function_;
  std::vector<std::string> columns_;
};

}  // namespace

void RegisteredFunctions::add(const std::string& name, RowFunction function) {
  if (!function) throw Error(Code::kUsage, "a row program is a function: none was given");
  auto shared = std::make_shared<const RowFunction>(std::move(function));
  const std::lock_guard lock(mutex_);
  functions_[name] = std::move(shared);
}

std::shared_ptr<const RowFunction> RegisteredFunctions::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : found->second;
}

backfill::RowProgram* CallPrograms::program_of(const project::Migration& migration) {
  if (!migration.has_row_program()) return nullptr;
  auto function = functions_.find(migration.name);
  if (!function) return nullptr;
  made_.push_back(std::make_unique<FunctionProgram>(std::move(function), migration));
  return made_.back().get();
}

const backfill::RowPrograms& CallPrograms::programs_of(const project::Timeline& timeline) {
  for (const auto& migration : timeline.migrations()) {
    auto* program = program_of(migration);
    if (program == nullptr) continue;
    timeline.find(migration.name);  // the only one of this name
    by_name_[migration.name] = program;
  }
  return by_name_;
}

}  // namespace weir::api
