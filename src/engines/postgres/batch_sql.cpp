#include "engines/postgres/batch_sql.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <random>

#include "base/text.hpp"
#include "engines/postgres/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::postgres {
namespace {

// "Invalid text representation": what the checkpoint alone fails with; one that is never tried again.
constexpr std::string_view kFenceState = "22P02";

// What a change's text is made of, as far as it matters for putting it into a function.
struct Outline {
  std::string first_word;
  bool one_piece = true;  // parentheses balance, no semicolon, nothing left open
};

Outline outline_of(std::string_view text) {
  Outline outline;
  sql::Scanner scanner(text, dialect());
  int depth = 0;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_trivia()) continue;
    if (outline.first_word.empty()) outline.first_word = to_lower(token.text);
    if (token.text == "(") ++depth;
    if (token.text == ")" && --depth < 0) outline.one_piece = false;
    if (token.kind == sql::TokenKind::kSemicolon) outline.one_piece = false;
  }
  if (depth != 0 || scanner.problem() != sql::ScanProblem::kNone) outline.one_piece = false;
  return outline;
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Because it may end in a `--` comment.
std::string in_its_own_lines(std::string_view text) { return fmt::format("\n{}\n", text); }

// Text cannot be cast to an integer when it is the mark: that fails the statement, and with it the transaction, exactly
// when the checkpoint found no row. The planner cannot decide it, because the count is not known before the execution.
std::string fence(std::string_view mark) {
  return fmt::format("CAST((SELECT CASE count(*) WHEN 0 THEN '{}' ELSE '1' END FROM weir_checkpoint) AS integer)",
                     mark);
}

}  // namespace

std::optional<std::size_t> BatchStatement::change_offset(std::size_t rendered_offset) const {
  const std::size_t source = rendered.source_offset(rendered_offset);
  if (source < change_begin || source > change_begin + change_length || change_length == 0) return std::nullopt;
  return source - change_begin;
}

std::string make_fence_mark() {
  std::random_device random;
  return fmt::format("weir-lease-lost-{:08x}{:08x}", random(), random());
}

bool is_fence_error(const Error& error, std::string_view server_message, std::string_view mark) {
  return error.facts().sqlstate == kFenceState && server_message.find(mark) != std::string_view::npos;
}

std::string target_of(std::string_view change) {
  sql::Scanner scanner(change, dialect());
  std::string name;
  bool complete = false;  // after a name only a dot goes on
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_trivia()) continue;
    const bool is_name = token.kind == sql::TokenKind::kWord || token.kind == sql::TokenKind::kQuotedIdentifier;
    const bool leads = token.is_word("insert") || token.is_word("update") || token.is_word("delete") ||
                       token.is_word("into") || token.is_word("from") || token.is_word("only");
    if (name.empty() && leads) continue;
    if (token.text == "." ? !complete : (!is_name || complete)) break;
    name += token.text;
    complete = is_name;
  }
  return name;
}

void refuse_unfit_change(const sql::Template& change) {
  constexpr std::array<std::string_view, 10> kTransactionControl{"begin", "start",     "commit",  "end",     "rollback",
                                                                 "abort", "savepoint", "release", "prepare", "discard"};
  const Outline outline = outline_of(change.text());
  const std::string_view word = outline.first_word;
  if (is_one_of(word, kTransactionControl)) {
    throw Error(Code::kInvalidFile, fmt::format("'{}' cannot be part of a batch", word))
        .hint("weir puts the batch and its checkpoint in one transaction of its own; remove the statement")
        .sql_offset(0);
  }
  if (word == "copy") {
    throw Error(Code::kInvalidFile, "COPY cannot be part of a batch")
        .hint("load the data in a schema migration, then change it in batches")
        .sql_offset(0);
  }
}

BatchStatement change_alone(const db::BatchSource& source, std::size_t index) {
  const auto& change = source.changes[index];
  return {change.render(source.fragments), 0, change.text().size()};
}

// Every name in the change means what it means outside: columns come before variables, and PL/pgSQL has no others here.
std::optional<BatchBody> change_with_checkpoint(const db::BatchSource& source, std::string_view mark) {
  constexpr std::array<std::string_view, 5> kPlain{"insert", "update", "delete", "merge", "with"};
  constexpr std::size_t kMostParameters = 100;  // of a function; the manual, "CREATE FUNCTION"
  constexpr std::string_view kBody = R"sql(#variable_conflict use_column
DECLARE weir_changed bigint;
BEGIN
{};
GET DIAGNOSTICS weir_changed = ROW_COUNT;
{};
IF NOT FOUND THEN RAISE EXCEPTION '{}' USING ERRCODE = '{}'; END IF;
RETURN weir_changed;
END)sql";
  const auto& change = source.changes.back();
  const Outline outline = outline_of(change.text());
  if (!outline.one_piece || !is_one_of(outline.first_word, kPlain)) return std::nullopt;
  // One template has one set of fragments: a name must not mean a fragment in the change and a value in the checkpoint.
  for (const auto& placeholder : sql::find_placeholders(source.checkpoint.text(), dialect())) {
    if (source.fragments.contains(placeholder.name)) return std::nullopt;
  }
  auto fragments = source.fragments;
  fragments.insert_or_assign(std::string(db::kRowsPlaceholder), "weir_changed");
  const std::string text = fmt::format(kBody, in_its_own_lines(change.text()),
                                       in_its_own_lines(source.checkpoint.text()), mark, kFenceState);
  const sql::Rendered rendered = sql::Template(text, dialect()).render(fragments);
  if (rendered.names.size() > kMostParameters) return std::nullopt;
  return BatchBody{rendered.sql, rendered.names};
}

BatchStatement call_of(const std::string& function, std::vector<std::string> parameters) {
  std::string markers;
  for (std::size_t i = 1; i <= parameters.size(); ++i) markers += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  return {{fmt::format("SELECT {}({})", function, markers), std::move(parameters), {}}, 0, 0};
}

BatchStatement checkpoint_alone(const db::BatchSource& source, std::string_view mark) {
  const std::string text =
      fmt::format("WITH weir_checkpoint AS ({}\nRETURNING 1)\nSELECT {}", source.checkpoint.text(), fence(mark));
  return {sql::Template(text, dialect()).render(), 0, 0};
}

}  // namespace weir::engines::postgres
