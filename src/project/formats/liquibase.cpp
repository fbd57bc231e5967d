// Liquibase's formatted SQL: `--liquibase formatted sql`, then `--changeset author:id name:value ...`, each with its
// statements and `--rollback SQL` lines or a `/* liquibase rollback ... */` block. Every changeset is an `up` section,
// and a `down` section when it says how it is undone. Source: github.com/liquibase/liquibase,
// FormattedSqlChangeLogParser.java
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/text.hpp"
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"
#include "sql/scanner.hpp"

namespace weir::project::formats {
namespace {

struct Comment {
  std::string_view text;  // without dashes, or without the frame of a block comment
  std::size_t offset = 0;
  std::size_t begin = 0, end = 0;
};

// The comments of the file that say something to Liquibase.
std::vector<Comment> read_comments(const SourceText& source, const sql::Dialect& dialect) {
  std::vector<Comment> comments;
  sql::Scanner scanner(source.text, dialect);
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    const bool begins_line = token.begin == 0 || source.text[token.begin - 1] == '\n';
    if (begins_line && scanner.begins_comment(token)) token = scanner.comment_at(token);
    const bool line = token.kind == sql::TokenKind::kLineComment && token.text.starts_with("--");
    if ((!line || !begins_line) && token.kind != sql::TokenKind::kBlockComment) continue;
    const std::size_t cut = !line && token.text.ends_with("*/") && token.text.size() >= 4 ? 2 : 0;
    std::size_t at = std::min(token.text.find_first_not_of(" \t\n", 2), token.text.size());
    at = std::min(at, token.text.size() - cut);
    comments.push_back(
        {token.text.substr(at, token.text.size() - cut - at), token.begin + at, token.begin, token.end()});
  }
  return comments;
}

bool is_directive(std::string_view comment, std::string_view name) {
  if (!starts_with_icase(comment, name)) return false;
  return comment.size() == name.size() || comment[name.size()] == ' ' || comment[name.size()] == ':' ||
         comment[name.size()] == '\n';
}

struct Changeset {
  std::size_t begin = 0, body = 0, end = 0;  // of its marker, of its text
  int line = 1;                              // of its marker
  std::string author, id;
  std::map<std::string, std::string> attributes;  // names in lower case
  std::vector<std::pair<std::size_t, std::string_view>> rollback;
  std::vector<Comment> directives;  // in its text
};

bool is_any_directive(const Comment& comment) {
  constexpr std::array<std::string_view, 8> kNames = {
      "rollback",      "comment",     "preconditions", "precondition-sql-check",
      "validchecksum", "ignorelines", "ignore",        "property"};
  return std::any_of(kNames.begin(), kNames.end(), [&](auto name) { return is_directive(comment.text, name); });
}

// `author:id name:value name:"value with blanks"`
Changeset read_changeset(const SourceText& source, const Comment& comment) {
  Changeset changeset;
  changeset.begin = comment.begin;
  changeset.body = comment.end;
  std::string_view rest = trim(comment.text.substr(std::string_view("changeset").size()));
  const auto take = [&](std::string_view stops) {
    const char quote = rest.empty() ? '\0' : rest[0];
    const bool quoted = quote == '"' || quote == '\'';
    const std::size_t end = std::min(quoted ? rest.find(quote, 1) : rest.find_first_of(stops), rest.size());
    std::string value(rest.substr(quoted ? 1 : 0, end - (quoted ? 1 : 0)));
    rest.remove_prefix(std::min(end + (quoted ? 1 : 0), rest.size()));
    return value;
  };
  changeset.author = take(":");
  if (rest.empty() || rest[0] != ':' || changeset.author.empty())
    refuse(source, comment.begin, "this changeset has no author:id", "write `--changeset author:id`");
  rest.remove_prefix(1);
  changeset.id = take(" \t");
  if (changeset.id.empty()) refuse(source, comment.begin, "this changeset has no id", "write `--changeset author:id`");
  for (rest = trim(rest); !rest.empty(); rest = trim(rest)) {
    const std::string name = to_lower(take(": \t"));
    if (rest.empty() || rest[0] != ':') {
      if (!rest.empty()) rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
      continue;
    }
    rest.remove_prefix(1);
    changeset.attributes[name] = take(" \t");
  }
  return changeset;
}

class LiquibaseReader {
 public:
  LiquibaseReader(const SourceText& source, const Variables& variables, const sql::Dialect& dialect)
      : source_(source), variables_(variables), dialect_(dialect) {}

  Sections read() {
    const auto first_line = trim(std::string_view(source_.text).substr(0, source_.text.find('\n')));
    if (!first_line.starts_with("--") || !words_of(first_line).starts_with("liquibase formatted sql"))
      refuse(source_, 0, "the first line is not `--liquibase formatted sql`", "write it there");
    collect();
    check_before_first();
    Sections sections;
    for (const auto& changeset : changesets_) {
      sections.push_back(up_section(changeset));
      if (!changeset.rollback.empty()) sections.push_back(down_section(changeset));
    }
    return sections;
  }

 private:
  void collect() {
    for (const auto& comment : read_comments(source_, dialect_)) {
      if (is_directive(comment.text, "changeset")) {
        if (!changesets_.empty()) changesets_.back().end = comment.begin;
        Changeset changeset = read_changeset(source_, comment);
        const bool first = changesets_.empty();
        const auto from = source_.text.begin() + static_cast<std::ptrdiff_t>(first ? 0 : changesets_.back().begin);
        const auto to = source_.text.begin() + static_cast<std::ptrdiff_t>(changeset.begin);
        changeset.line = (first ? 1 : changesets_.back().line) + static_cast<int>(std::count(from, to, '\n'));
        changesets_.push_back(std::move(changeset));
        changesets_.back().end = source_.text.size();
      } else if (is_directive(comment.text, "property")) {
        read_property(comment);
      } else if (is_directive(comment.text, "liquibase rollback")) {
        add_rollback(comment, std::string_view("liquibase rollback").size());
      } else if (is_directive(comment.text, "rollback")) {
        add_rollback(comment, std::string_view("rollback").size());
      }
      if (!changesets_.empty() && is_any_directive(comment)) changesets_.back().directives.push_back(comment);
    }
    if (changesets_.empty()) refuse(source_, 0, "there is no changeset", "write `--changeset author:id`");
  }

  void add_rollback(const Comment& comment, std::size_t name_length) {
    if (changesets_.empty())
      refuse(source_, comment.begin, "this rollback belongs to no changeset", "put it behind its changeset");
    changesets_.back().rollback.emplace_back(comment.offset + name_length, comment.text.substr(name_length));
  }

  // --property name:table value:users
  void read_property(const Comment& comment) {
    std::string name, value;
    for (const auto& part : weir::split(comment.text, ' ')) {
      if (starts_with_icase(part, "name:")) name = part.substr(5);
      if (starts_with_icase(part, "value:")) value = part.substr(6);
    }
    properties_.emplace(name, value);
  }

  void check_before_first() const {
    const auto head = std::string_view(source_.text).substr(0, changesets_.front().begin);
    const auto statements = sql::split_statements(head, dialect_, {source_.display_name, 1, 1});
    if (!statements.empty())
      refuse(source_, statements.front().offset, "a statement stands before the first changeset",
             "move it behind `--changeset`");
  }

  FileSection up_section(const Changeset& changeset) const {
    const auto attribute = [&](const char* name) {
      const auto found = changeset.attributes.find(name);
      return found == changeset.attributes.end() ? std::string() : found->second;
    };
    FileSection section;
    section.name = "up";
    section.line = changeset.line;
    section.transaction = !equals_icase(attribute("runintransaction"), "false");
    section.options = {{"author", changeset.author}, {"id", changeset.id}};
    for (const auto& [name, value] : changeset.attributes) section.options.emplace_back(name, value);
    section.statements = split(changeset, body_of(changeset), delimiter_of(attribute("enddelimiter")));
    if (equals_icase(attribute("splitstatements"), "false")) join(section.statements);
    return section;
  }

  FileSection down_section(const Changeset& changeset) const {
    FileSection section;
    section.name = "down";
    section.line = changeset.line;
    section.transaction = !changeset.attributes.contains("runintransaction") ||
                          !equals_icase(changeset.attributes.at("runintransaction"), "false");
    const std::string words = to_lower(trim(changeset.rollback.front().second));
    if (words == "not required" || words == "empty") return section;
    section.statements = split(changeset, changeset.rollback, "");
    return section;
  }

  using Pieces = std::vector<std::pair<std::size_t, std::string_view>>;

  // The text of a changeset without its directives, which MySQL would not take for comments in a statement.
  Pieces body_of(const Changeset& changeset) const {
    Pieces pieces;
    std::size_t at = changeset.body;
    const auto add = [&](std::size_t end) {
      pieces.emplace_back(at, std::string_view(source_.text).substr(at, end - at));
    };
    for (const auto& directive : changeset.directives) {
      add(directive.begin);
      at = directive.end;
    }
    add(changeset.end);
    return pieces;
  }

  static std::string delimiter_of(std::string value) {
    for (auto at = value.find("\\n"); at != std::string::npos; at = value.find("\\n")) value.replace(at, 2, "\n");
    return value == "/" ? "\n/\n" : value;  // a division is none
  }

  // The statements in some pieces of a changeset. What is no piece is blanked, so that every statement keeps its place.
  std::vector<sql::Statement> split(const Changeset& changeset, const Pieces& pieces,
                                    const std::string& delimiter) const {
    std::string text = source_.text.substr(changeset.begin, changeset.end - changeset.begin) + "\n";
    for (auto& c : text) c = c == '\n' ? c : ' ';
    for (const auto& [offset, piece] : pieces) text.replace(offset - changeset.begin, piece.size(), piece);
    auto statements = sql::split_statements(text, dialect_, {source_.display_name, changeset.line, 1},
                                            sql::SplitOptions{nullptr, sql::TextKind::kMigration, delimiter});
    for (auto& statement : statements) {
      statement.offset += changeset.begin;
      statement.text = with_values(statement.text);
    }
    return statements;
  }

  // An unset ${name} stays, as in Liquibase.
  std::string with_values(const std::string& text) const {
    return substitute(text, "${", "}", [&](std::string_view name, std::size_t) -> std::optional<std::string> {
      for (const auto* values : {&variables_, &properties_}) {
        if (const auto found = values->find(std::string(name)); found != values->end()) return found->second;
      }
      return std::nullopt;
    });
  }

  // splitStatements:false: one statement, from the first to the last.
  void join(std::vector<sql::Statement>& statements) const {
    if (statements.size() < 2) return;
    const std::size_t begin = statements.front().offset;
    const std::size_t end = statements.back().offset + statements.back().text.size();
    statements.front().text = with_values(source_.text.substr(begin, end - begin));
    statements.resize(1);
  }

  const SourceText& source_;
  const Variables& variables_;
  const sql::Dialect& dialect_;
  std::vector<Changeset> changesets_;
  Variables properties_;
};

}  // namespace

Sections read_liquibase(const SourceText& source, const Variables& variables, const sql::Dialect& dialect) {
  return LiquibaseReader(source, variables, dialect).read();
}

}  // namespace weir::project::formats
