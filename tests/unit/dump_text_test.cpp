// What weir keeps of the text that pg_dump writes, and which pg_dump it takes.
#include "engines/postgres/dump_text.hpp"

#include <gtest/gtest.h>

#include "engines/postgres/constant_arrays.hpp"
#include "engines/postgres/dump_program.hpp"
#include "support/expect_error.hpp"

namespace weir::engines::postgres {
namespace {

using test::thrown_by;

std::string heading(const std::string& name, const std::string& type, const std::string& schema = "public") {
  return "--\n-- Name: " + name + "; Type: " + type + "; Schema: " + schema + "; Owner: -\n--\n\n";
}

std::string dump_of(const std::string& objects, const std::string& version = "15.20", const std::string& key = "aB3") {
  return "--\n-- PostgreSQL database dump\n--\n\n\\restrict " + key + "\n\n-- Dumped from database version " + version +
         "\n-- Dumped by pg_dump version " + version +
         "\n\nSET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n"
         "SET row_security = off;\n\n" +
         objects + "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict " + key + "\n\n";
}

std::string all_of(const std::vector<db::DumpedObject>& objects) {
  std::string text;
  for (const auto& one : objects) text += "[" + one.title + "]\n" + one.sql + "\n";
  return text;
}

TEST(DumpText, LosesWhatDiffersBetweenRunsAndVersions) {
  const std::string table = heading("t", "TABLE") + "CREATE TABLE public.t (\n    id bigint\n);\n\n\n";
  const std::string expected = "[TABLE public.t]\nCREATE TABLE public.t (\n    id bigint\n);\n";
  EXPECT_EQ(all_of(read_dump(dump_of(table))), expected);
  EXPECT_EQ(all_of(read_dump(dump_of(table, "17.6", "XyZ9"))), expected);
}

TEST(DumpText, IsNotMisledByHeadingsInsideABody) {
  const std::string body = "CREATE FUNCTION public.f() RETURNS text\n    LANGUAGE sql\n    AS $$ SELECT '\n" +
                           heading("evil", "SCHEMA", "-") + "\\restrict abc\n' $$;";
  const auto objects = read_dump(dump_of(heading("f()", "FUNCTION") + body + "\n\n\n"));
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].sql, body);
}

TEST(DumpText, LeavesOutWhatEveryDatabaseHasAndWhatHoldsAPassword) {
  const std::string text = dump_of(
      heading("public", "SCHEMA", "-") + "CREATE SCHEMA public;\n\n\n" + heading("EXTENSION citext", "COMMENT", "-") +
      "COMMENT ON EXTENSION citext IS 'x';\n\n\n" + heading("USER MAPPING u SERVER s", "USER MAPPING", "-") +
      "CREATE USER MAPPING FOR u SERVER s OPTIONS (password 'geheim');\n\n\n" + heading("app", "SCHEMA", "-") +
      "CREATE SCHEMA app;\n\n\n");
  EXPECT_EQ(all_of(read_dump(text)), "[SCHEMA app]\nCREATE SCHEMA app;\n");
}

TEST(DumpText, KeepsOnlyAnUnusualAccessMethodAndWithTheTableItBelongsTo) {
  const std::string a = heading("a", "TABLE") + "CREATE TABLE public.a (id int);\n\n\n";
  const std::string b = heading("b", "TABLE") + "CREATE TABLE public.b (id int);\n\n\n";
  const std::string c = heading("c", "TABLE") + "CREATE TABLE public.c (id int);\n\n\n";
  const std::string heap = "SET default_table_access_method = heap;\n\n",
                    other = "SET default_table_access_method = other;\n\n";
  EXPECT_EQ(all_of(read_dump(dump_of("SET default_tablespace = '';\n\n" + heap + a + other + b + heap + c))),
            "[TABLE public.a]\nCREATE TABLE public.a (id int);\n"
            "[TABLE public.b]\nSET default_table_access_method = other;\nCREATE TABLE public.b (id int);\n"
            "[TABLE public.c]\nSET default_table_access_method = heap;\nCREATE TABLE public.c (id int);\n");
}

TEST(DumpText, SortsForeignKeysOfOneName) {
  const std::string b = heading("b owner", "FK CONSTRAINT") + "ALTER TABLE ONLY public.b ADD CONSTRAINT owner;\n\n\n";
  const std::string a = heading("a owner", "FK CONSTRAINT") + "ALTER TABLE ONLY public.a ADD CONSTRAINT owner;\n\n\n";
  EXPECT_EQ(all_of(read_dump(dump_of(b + a))), all_of(read_dump(dump_of(a + b))));
}

TEST(DumpText, IsRefusedWhenItsEndIsMissing) {
  const std::string text = dump_of(heading("t", "TABLE") + "CREATE TABLE public.t (id bigint);\n\n\n");
  const std::string half = text.substr(0, text.find("--\n-- PostgreSQL database dump complete"));
  EXPECT_EQ(thrown_by([&] { read_dump(half); }).code(), Code::kDatabase);
}

TEST(ConstantArrays, HaveOneSpelling) {
  EXPECT_EQ(spell_constant_arrays("CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character "
                                  "varying])::text[])))"),
            "CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))");
  for (const std::string same : {"'(ARRAY[''a''::text])::text[]'", "(ARRAY[a.x, 'b'::text])::text[]",
                                 "(ARRAY['a'::text])", "$$ (ARRAY['a'::text])::text[] $$", "(ARRAY['a'::text]"})
    EXPECT_EQ(spell_constant_arrays(same), same);
}

TEST(DumpProgram, IsTheNearestThatIsNotOlderThanTheServer) {
  const std::vector<DumpProgram> found = {
      {"/a", 18, "18.1"}, {"/b", 14, "14.2"}, {"/c", 16, "16.9"}, {"/d", 16, "16.1"}};
  EXPECT_EQ(choose_dump_program(found, 16).path, "/c");
  EXPECT_EQ(choose_dump_program(found, 15).path, "/c");
  EXPECT_EQ(choose_dump_program(found, 17).path, "/a");
}

TEST(DumpProgram, IsAskedForByVersionWhenNoneFits) {
  const Error older = thrown_by([] { choose_dump_program({{"/usr/bin/pg_dump", 15, "15.20"}}, 17); });
  EXPECT_EQ(older.code(), Code::kNotFound);
  EXPECT_NE(older.message().find("pg_dump 17 or newer"), std::string::npos) << older.message();
  EXPECT_NE(older.message().find("/usr/bin/pg_dump (15.20)"), std::string::npos) << older.message();
  EXPECT_NE(older.hint().find("postgresql-client-17"), std::string::npos) << older.hint();
  EXPECT_NE(thrown_by([] { choose_dump_program({}, 16); }).message().find("none was found"), std::string::npos);
}

}  // namespace
}  // namespace weir::engines::postgres
