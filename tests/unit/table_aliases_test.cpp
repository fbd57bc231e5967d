#include "sql/table_aliases.hpp"

#include <gtest/gtest.h>

#include "support/dialects.hpp"

namespace weir::sql {
namespace {

bool may_mean(const std::string& statement, const std::string& name) {
  return names_of_table(statement, "Users", test::sqlite()).contains(name);
}

TEST(TableAliases, FindTheTableAndEveryAlias) {
  EXPECT_TRUE(may_mean("UPDATE users SET a = 1", "users"));
  EXPECT_TRUE(may_mean("UPDATE users AS u SET a = 1", "u"));
  EXPECT_TRUE(may_mean("INSERT INTO b SELECT * FROM main.\"users\" x JOIN c y", "x"));
  EXPECT_TRUE(may_mean("DELETE FROM b WHERE EXISTS (SELECT 1 FROM [Users] /* who */ AS \"Q\")", "q"));
}

TEST(TableAliases, DoNotTakeTheAliasOfAnotherTableOrColumn) {
  EXPECT_FALSE(may_mean("UPDATE users SET a = (SELECT y.v FROM c y)", "y"));
  EXPECT_FALSE(may_mean("SELECT users.id AS n FROM users", "n"));
  EXPECT_FALSE(may_mean("SELECT 'users x'", "x"));
}

}  // namespace
}  // namespace weir::sql
