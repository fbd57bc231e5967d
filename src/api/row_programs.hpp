// The functions that a program has registered, and each as the engine calls it: bound to the columns of the migration
// that is executed.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>
#include <weir/row_program.hpp>

#include "backfill/row_program.hpp"
#include "project/timeline.hpp"

namespace weir::api {

// Thread-safe. What was found stays valid when another function is registered under the name.
class RegisteredFunctions {
 public:
  void add(const std::string& name, RowFunction function);
  std::shared_ptr<const RowFunction> find(const std::string& name) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const RowFunction>> functions_;
};

// The programs of one call; they live as long as it. Not thread-safe, but what it gives out is as the functions are.
class CallPrograms {
 public:
  explicit CallPrograms(const RegisteredFunctions& functions) : functions_(functions) {}

  // Null when the migration needs none, or none is registered.
  backfill::RowProgram* program_of(const project::Migration& migration);
  // Those of all migrations of the project. Errors: kUsage when several have the name of one that is registered.
  const backfill::RowPrograms& programs_of(const project::Timeline& timeline);

 private:
  const RegisteredFunctions& functions_;
  std::list<std::unique_ptr<backfill::RowProgram>> made_;
  backfill::RowPrograms by_name_;
};

}  // namespace weir::api
