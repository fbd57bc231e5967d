#include "sql/transaction_control.hpp"

#include <gtest/gtest.h>

#include "support/dialects.hpp"

namespace weir::sql {
namespace {

TEST(TransactionControl, IsRecognisedByItsFirstWords) {
  for (const char* statement :
       {"BEGIN", "begin isolation level serializable", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
        "COMMIT", "commit AND CHAIN", "ROLLBACK", "rollback to s", "END", "ABORT", "PREPARE TRANSACTION 'x'",
        "-- c\nSTART /* d */ TRANSACTION"}) {
    EXPECT_TRUE(controls_transaction(statement, test::postgres())) << statement;
  }
  for (const char* statement :
       {"", "SELECT 'COMMIT'", "COMMIT PREPARED 'x'", "ROLLBACK PREPARED 'x'", "PREPARE p AS SELECT 1",
        "CREATE TRIGGER x BEGIN SELECT 1; END", "\"commit\"", "started", "SAVEPOINT s"}) {
    EXPECT_FALSE(controls_transaction(statement, test::postgres())) << statement;
  }
}

}  // namespace
}  // namespace weir::sql
