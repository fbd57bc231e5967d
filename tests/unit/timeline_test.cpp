// One order for all migrations of a project.
#include "project/timeline.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/dialects.hpp"
#include "support/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace weir::project {
namespace {

using test::place_of_error;
using test::thrown_by;

Migration schema(const std::string& file, const std::string& header = "") {
  return parse_migration(Kind::kSchema, file, "db/migrate/" + file, header + "-- migrate:up\n", test::sqlite());
}
Migration data(const std::string& file, const std::string& header = "") {
  return parse_migration(Kind::kData, file, "db/data/" + file,
                         header + "-- over: t\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch\n", test::sqlite());
}

TEST(Version, IsANumberOfAnyLength) {
  EXPECT_LT(Version("2"), Version("10"));
  EXPECT_EQ(Version("007"), Version("7"));
  EXPECT_EQ(Version("000"), Version("0"));
  EXPECT_LT(Version("99999999999999999998"), Version("99999999999999999999"));
  EXPECT_LT(Version("20260104120000"), Version("100000000000000"));
}

RC_GTEST_PROP(Version, OrdersAsItsNumber, (std::uint32_t a, std::uint32_t b)) {
  const std::string zeros(*rc::gen::inRange<std::size_t>(0, 5), '0');
  RC_ASSERT((Version(zeros + std::to_string(a)) <=> Version(std::to_string(b))) == (a <=> b));
  RC_ASSERT((Version(zeros + std::to_string(a)) == Version(std::to_string(b))) == (a == b));
}

TEST(Timeline, SortsSchemaAndDataMigrationsByVersion) {
  std::vector<Migration> migrations;
  migrations.push_back(schema("10_c.sql"));
  migrations.push_back(data("9_b.sql"));
  migrations.push_back(schema("2_a.sql"));
  const Timeline timeline(std::move(migrations));
  std::string order;
  for (const auto& migration : timeline.migrations()) order += migration.name;
  EXPECT_EQ(order, "abc");
}

TEST(Timeline, RefusesTwoFilesWithOneVersion) {
  const Error error = thrown_by([] { Timeline({schema("7_a.sql"), data("07_b.sql")}); });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  const std::string said = test::everything_said(error);
  EXPECT_NE(said.find("db/migrate/7_a.sql"), std::string::npos) << said;
  EXPECT_NE(said.find("db/data/07_b.sql"), std::string::npos) << said;
}

TEST(Timeline, RequiresByNameVersionAndBoth) {
  for (const char* reference : {"a", "1", "01", "1_a"}) {
    const Timeline timeline({schema("1_a.sql"), schema("2_b.sql", std::string("-- requires: ") + reference + "\n")});
    const auto required = timeline.required_by(timeline.migrations()[1]);
    ASSERT_EQ(required.size(), 1U) << reference;
    EXPECT_EQ(required[0]->name, "a");
    EXPECT_EQ(timeline.dependents_of(timeline.migrations()[0]).size(), 1U);
  }
}

TEST(Timeline, RefusesARequirementThatNamesNothing) {
  const Error error = thrown_by([] {
    Timeline({schema("1_add_locale.sql"), schema("2_b.sql", "-- requires: add_locle\n")});
  });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  EXPECT_EQ(place_of_error(error), "1:14");
  EXPECT_EQ(error.place()->file, "db/migrate/2_b.sql");
  EXPECT_EQ(error.hint(), "did you mean 'add_locale'?");
}

TEST(Timeline, RefusesAnAmbiguousRequirement) {
  const Error error = thrown_by([] {
    Timeline({schema("1_a.sql"), data("2_a.sql"), schema("3_b.sql", "-- requires: a\n")});
  });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  EXPECT_NE(error.hint().find("1 or 2"), std::string::npos) << error.hint();
}

TEST(Timeline, RefusesToRequireALaterMigrationOrItself) {
  EXPECT_EQ(thrown_by([] {
              Timeline({schema("1_a.sql", "-- requires: b\n"), schema("2_b.sql")});
            }).code(),
            Code::kInvalidFile);
  EXPECT_EQ(thrown_by([] { Timeline({schema("1_a.sql", "-- requires: 1\n")}); }).code(), Code::kInvalidFile);
}

TEST(Timeline, FindsByNameOrSaysTheNearest) {
  const Timeline timeline({schema("1_add_locale.sql"), schema("2_same.sql"), schema("3_same.sql")});
  EXPECT_EQ(timeline.find("add_locale").version.text(), "1");
  EXPECT_EQ(timeline.find("0002").version.text(), "2");
  const Error missing = thrown_by([&] { timeline.find("add_locles"); });
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_EQ(missing.hint(), "did you mean 'add_locale'?");
  EXPECT_EQ(thrown_by([&] { timeline.find("same"); }).code(), Code::kUsage);
}

class LoadTimeline : public ::testing::Test {
 protected:
  Timeline load() {
    Config config;
    config.root = dir_.path();
    return load_timeline(config, test::sqlite());
  }
  test::TempDir dir_;
};

TEST_F(LoadTimeline, ReadsBothFoldersAndPassesOverWhatIsNoMigration) {
  dir_.write("db/migrate/1_a.sql", "-- migrate:up\n");
  dir_.write("db/migrate/README.md", "x");
  dir_.write("db/data/2_b.sql", "-- over: t\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch\n");
  EXPECT_EQ(load().migrations().size(), 2U);
}

TEST_F(LoadTimeline, TakesAMissingFolderAsEmptyButNotBoth) {
  EXPECT_EQ(thrown_by([&] { load(); }).code(), Code::kNotFound);
  dir_.write("db/migrate/1_a.sql", "-- migrate:up\n");
  EXPECT_EQ(load().migrations().size(), 1U);
}

TEST_F(LoadTimeline, RefusesRowProgramsInsteadOfPassingThemOver) {
  dir_.write("db/data/2_b.lua", "x");
  EXPECT_EQ(thrown_by([&] { load(); }).code(), Code::kNotAvailable);
}

TEST_F(LoadTimeline, RefusesWhatBeginsWithAVersionAndIsNoSqlFile) {
  for (const char* name : {"db/migrate/1_a.SQL", "db/migrate/3_c.sq", "db/migrate/2026/2_b.sql", "db/data/1_a.SQL",
                           "db/data/2026/2_b.sql", "db/migrate/5_e.lua"}) {
    const auto file = dir_.write(name, "-- migrate:up\n");
    const Error error = thrown_by([&] { load(); });
    EXPECT_EQ(error.code(), Code::kInvalidFile) << name;
    EXPECT_FALSE(error.hint().empty()) << name;
    std::filesystem::remove_all(file.parent_path());
  }
}

TEST_F(LoadTimeline, RefusesLinksThatLeadNowhere) {
  dir_.write("db/data/x.md", "");
  std::filesystem::create_symlink("gone", dir_.path() / "db/migrate");
  EXPECT_EQ(thrown_by([&] { load(); }).code(), Code::kConfig);
  std::filesystem::remove(dir_.path() / "db/migrate");
  dir_.write("db/migrate/x.md", "");
  std::filesystem::create_symlink("gone", dir_.path() / "db/migrate/1_a.sql");
  EXPECT_EQ(thrown_by([&] { load(); }).code(), Code::kInvalidFile);
}

TEST_F(LoadTimeline, ReadsLinksToFilesAndFolders) {
  dir_.write("elsewhere/1_a.sql", "-- migrate:up\n");
  dir_.write("2_b.sql", "-- migrate:up\n");
  std::filesystem::create_directories(dir_.path() / "db");
  std::filesystem::create_directory_symlink(dir_.path() / "elsewhere", dir_.path() / "db/migrate");
  std::filesystem::create_symlink(dir_.path() / "2_b.sql", dir_.path() / "elsewhere/2_b.sql");
  EXPECT_EQ(load().migrations().size(), 2U);
}

TEST_F(LoadTimeline, RefusesAnSqlFileWithoutVersion) {
  dir_.write("db/migrate/notes.sql", "-- migrate:up\n");
  EXPECT_EQ(thrown_by([&] { load(); }).code(), Code::kInvalidFile);
}

}  // namespace
}  // namespace weir::project
