#include <gtest/gtest.h>

#include "adopt/checksum.hpp"
#include "adopt/file_name.hpp"
#include "adopt/lock.hpp"
#include "adopt/settings.hpp"
#include "project/version.hpp"
#include "support/dialects.hpp"

namespace weir::adopt {
namespace {

using project::Version;

TEST(AdoptChecksum, IsCrc32OverLinesWithoutTheirEnds) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(flyway_checksum("1234\r\n56\n789\n"), static_cast<std::int32_t>(0xCBF43926U));
  EXPECT_EQ(flyway_checksum("\xEF\xBB\xBF"
                            "123456789"),
            flyway_checksum("123456789"));
  EXPECT_EQ(sqlx_checksum("abc").substr(0, 4), std::string("\xCB\x00\x75\x3F", 4));
}

TEST(AdoptVersion, ComparesPartsAndIgnoresZerosAtTheEnd) {
  EXPECT_LT(Version("1.2"), Version("1.10"));
  EXPECT_LT(Version("1"), Version("1.0.1"));
  EXPECT_EQ(Version("1_2_0"), Version("01.2"));
  EXPECT_EQ(Version("01.2.0").key(), "1.2");
  EXPECT_EQ(Version("1.0.3").key(), "1.0.3");
  EXPECT_EQ(Version("000").key(), "0");
  EXPECT_LT(Version("2"), Version("10"));
}

TEST(AdoptFileName, IsReadAsTheToolReadsIt) {
  EXPECT_EQ(read_file_name(Tool::kDbmate, "0012_a.sql")->version, "0012");
  EXPECT_EQ(read_file_name(Tool::kFlyway, "V1_2.3__a_b.sql")->version, "1.2.3");
  EXPECT_EQ(read_file_name(Tool::kFlyway, "R__v.sql")->role, FileName::Role::kRepeatable);
  EXPECT_EQ(read_file_name(Tool::kGolangMigrate, "1_a.down.sql")->role, FileName::Role::kDown);
  EXPECT_EQ(read_file_name(Tool::kSqlx, "1_a.up.sql")->name, "a");
  EXPECT_EQ(read_file_name(Tool::kGoose, "1_a.go")->role, FileName::Role::kForeign);
  EXPECT_FALSE(read_file_name(Tool::kGoose, "1_a_test.go"));
  EXPECT_FALSE(read_file_name(Tool::kGolangMigrate, "1_a.sql"));
  EXPECT_FALSE(read_file_name(Tool::kFlyway, "beforeMigrate.sql"));
  EXPECT_FALSE(read_file_name(Tool::kFlyway, "B1__base.sql"));
}

TEST(AdoptSettings, ReplaceTheirSectionAndNothingElse) {
  const project::Config::Adopted adopted{"goose", "db/m", true};
  const std::string section = "[adopt]\nformat = \"goose\"\nfolder = \"db/m\"\nkeep_history = true\n";
  EXPECT_EQ(with_settings("", adopted), section);
  EXPECT_EQ(with_settings("url = \"x\"\n[adopt]\nformat = \"a\"\n[dump]\nfile = \"f\"\n", adopted),
            "url = \"x\"\n[dump]\nfile = \"f\"\n\n" + section);
  EXPECT_EQ(with_settings(with_settings("a = 1\n", adopted), adopted), with_settings("a = 1\n", adopted));
}

TEST(AdoptLock, HasTheNumberThatTheToolComputes) {
  const auto rails = lock_of(Tool::kRails, {"public", "schema_migrations"}, test::sqlite());
  EXPECT_EQ((*rails)("123456789").number, std::int64_t{2053462845} * 0xCBF43926);
  const auto sqlx = lock_of(Tool::kSqlx, {}, test::sqlite());
  EXPECT_EQ((*sqlx)("123456789").number, std::int64_t{0x3d32ad9e} * 0xCBF43926);
  EXPECT_FALSE(lock_of(Tool::kGoose, {}, test::sqlite()));
}

}  // namespace
}  // namespace weir::adopt
