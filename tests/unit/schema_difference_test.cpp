// The short diff of `weir dump --check`.
#include <gtest/gtest.h>

#include "report/schema_file.hpp"

namespace weir::report {
namespace {

using Kind = SchemaDifference::Kind;

constexpr const char* kFile =
    "-- Schema\n\n-- TABLE a\nCREATE TABLE a (\n  x int\n);\n\n-- TABLE b\nCREATE TABLE b;\n\n-- TABLE c\nC;\n";

TEST(SchemaDifference, IsNothingForEqualTexts) {
  EXPECT_TRUE(compare_schema_files(kFile, kFile).empty());
  EXPECT_EQ(to_text({}, "db/schema.sql"), "db/schema.sql is up to date\n");
}

TEST(SchemaDifference, NamesObjectsAndShowsTheirLines) {
  const auto found = compare_schema_files(
      kFile,
      "-- Schema\n\n-- TABLE a\nCREATE TABLE a (\n  x bigint\n);\n\n-- TABLE c\nC;\n\n-- VIEW v\nCREATE VIEW v;\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].kind, Kind::kChanged);
  EXPECT_EQ(found[0].object, "TABLE a");
  EXPECT_EQ(found[0].diff, "  CREATE TABLE a (\n-   x int\n+   x bigint\n  );");
  EXPECT_EQ(found[1].kind, Kind::kOnlyInFile);
  EXPECT_EQ(found[1].object, "TABLE b");
  EXPECT_EQ(found[2].kind, Kind::kOnlyInDatabase);
  EXPECT_EQ(found[2].object, "VIEW v");
}

TEST(SchemaDifference, SeesAnotherOrderAndBlankLines) {
  EXPECT_EQ(compare_schema_files("-- A\na;\n\n-- B\nb;\n", "-- B\nb;\n\n-- A\na;\n").size(), 1U);
  EXPECT_EQ(compare_schema_files("-- A\na;\n", "-- A\na;\n\n").size(), 1U);
}

}  // namespace
}  // namespace weir::report
