#include "sql/mask.hpp"

#include <gtest/gtest.h>

#include "support/dialects.hpp"

namespace weir::sql {
namespace {

TEST(MaskLiterals, HidesEveryValue) {
  EXPECT_EQ(mask_literals("SELECT *\n  FROM t -- id 7\n WHERE a = 'x''y' AND b > 12 AND c = $q$z$q$", test::postgres()),
            "SELECT * FROM t WHERE a = ? AND b > ? AND c = ?");
}

TEST(MaskLiterals, CutsLongTexts) {
  const std::string shown = mask_literals("SELECT " + std::string(300, 'a'), test::postgres(), 20);
  EXPECT_EQ(shown, "SELECT …");
}

TEST(MaskLiterals, ATextCutByTheServerShowsNothingOfItsOpenString) {
  EXPECT_EQ(mask_literals("SELECT 1 WHERE a = 'secr", test::postgres()), "SELECT ? WHERE a = …");
}

}  // namespace
}  // namespace weir::sql
