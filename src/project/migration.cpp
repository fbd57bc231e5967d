#include "project/migration.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "project/header.hpp"
#include "sql/scanner.hpp"
#include "sql/template.hpp"
#include "sql/transaction_control.hpp"

namespace weir {

std::string_view to_string(Kind kind) { return kind == Kind::kSchema ? "schema" : "data"; }

}  // namespace weir

namespace weir::project {
namespace {

struct Marker {
  SectionKind kind;
  Place place;
  std::size_t begin;  // of the comment in the file
  std::string options;
  std::size_t options_at;  // offset of `options` in the comment
};

[[noreturn]] void refuse(const Place& place, const std::string& message, const std::string& hint = "") {
  throw Error(Code::kInvalidFile, message).at(place).hint(hint);
}

Place shifted(Place place, std::size_t columns) {
  place.column += static_cast<int>(columns);
  return place;
}

std::vector<std::string> section_names(Kind kind) {
  return kind == Kind::kSchema ? std::vector<std::string>{"up", "down", "verify"}
                               : std::vector<std::string>{"batch", "each", "verify"};
}

SectionKind section_kind(const std::string& word, Kind kind, const Place& place) {
  if (kind == Kind::kSchema && word == "up") return SectionKind::kUp;
  if (kind == Kind::kSchema && word == "down") return SectionKind::kDown;
  if (kind == Kind::kData && word == "batch") return SectionKind::kBatch;
  if (kind == Kind::kData && word == "each") return SectionKind::kEach;
  if (word == "verify") return SectionKind::kVerify;
  if (word == "undo") {
    throw Error(Code::kNotAvailable, "`migrate:undo` is not available yet")
        .at(place)
        .hint("a later version of weir will have it");
  }
  if (word == "up" || word == "down")
    refuse(place, fmt::format("`migrate:{}` belongs into a schema migration", word),
           "a data migration has `migrate:batch`");
  if (word == "batch" || word == "each")
    refuse(place, fmt::format("`migrate:{}` belongs into a data migration", word), "data migrations stand in db/data");
  const auto near = nearest(word, section_names(kind));
  refuse(place, fmt::format("unknown section 'migrate:{}'", word),
         near ? fmt::format("did you mean 'migrate:{}'?", *near)
              : fmt::format("known sections: {}", fmt::join(section_names(kind), ", ")));
}

// `-- migrate:word options`; nothing for any other comment.
std::optional<Marker> read_marker(std::string_view comment, std::size_t begin, const Place& place, Kind kind) {
  const auto word_at = comment.find_first_not_of(" \t", 2);
  if (word_at == std::string_view::npos || !starts_with_icase(comment.substr(word_at), "migrate:")) return std::nullopt;
  const auto name_at = word_at + std::string_view("migrate:").size();
  const auto name_end = std::min(comment.find_first_of(" \t", name_at), comment.size());
  const std::string name(comment.substr(name_at, name_end - name_at));
  const Place at = shifted(place, word_at);
  if (place.column != 1)
    refuse(place, fmt::format("`migrate:{}` does not stand at the start of its line", name),
           "remove what stands before it; in a comment, write it without the '--'");
  if (!comment.substr(word_at).starts_with("migrate:"))
    refuse(at, fmt::format("`migrate:{}` is written in lower case", to_lower(name)));
  return Marker{section_kind(name, kind, at), at, begin, std::string(comment.substr(name_end)), name_end};
}

bool parse_boolean(const std::string& value, const Place& place, const std::string& name) {
  if (value == "true") return true;
  if (value == "false") return false;
  refuse(place, fmt::format("option '{}' is true or false, not '{}'", name, value),
         fmt::format("write `{}:false` without a blank", name));
}

RowProgramKind parse_program(const std::string& value, const Place& place) {
  if (value == to_string(RowProgramKind::kRegistered)) return RowProgramKind::kRegistered;
  refuse(place, value.empty() ? "`program` has no value" : fmt::format("unknown row program '{}'", value),
         "write `program:registered`: a C++ program that uses weir as its library computes the new values");
}

std::string_view options_hint(SectionKind kind) {
  switch (kind) {
    case SectionKind::kUp:
    case SectionKind::kDown: return "known options: transaction:true|false, lock_timeout:2s, statement_timeout:30s";
    case SectionKind::kEach: return "its option is program:registered";
    case SectionKind::kBatch:
    case SectionKind::kVerify: break;
  }
  return "this section has no options";
}

void apply_option(const std::string& word, const Place& place, Section& section) {
  const auto colon = word.find(':');
  const std::string name = word.substr(0, colon);
  const std::string value = colon == std::string::npos ? "" : word.substr(colon + 1);
  const bool takes_options = section.kind == SectionKind::kUp || section.kind == SectionKind::kDown;
  if (section.kind == SectionKind::kEach && name == "program") {
    if (section.program) refuse(place, "`program` stands twice", "keep one");
    section.program = parse_program(value, place);
    return;
  }
  if (takes_options && name == "transaction") {
    section.transaction = parse_boolean(value, place, name);
  } else if (takes_options && (name == "lock_timeout" || name == "statement_timeout")) {
    const auto ms = parse_timeout_ms(value);
    if (!ms)
      refuse(place, fmt::format("'{}' is not a duration from 1 ms to 24 h", value),
             "write it as 500ms, 2s or 1m, without a blank");
    (name == "lock_timeout" ? section.lock_timeout : section.statement_timeout) = Milliseconds(*ms);
  } else {
    const auto near =
        takes_options ? nearest(name, {"transaction", "lock_timeout", "statement_timeout"}) : std::nullopt;
    refuse(place, fmt::format("unknown option '{}' of migrate:{}", name, to_string(section.kind)),
           near ? fmt::format("did you mean '{}:'?", *near) : std::string(options_hint(section.kind)));
  }
}

Section make_section(const Marker& marker, const Place& comment_place) {
  Section section;
  section.kind = marker.kind;
  section.line = marker.place.line;
  std::size_t at = 0;
  const std::string& options = marker.options;
  while ((at = options.find_first_not_of(" \t", at)) != std::string::npos) {
    const std::size_t end = std::min(options.find_first_of(" \t", at), options.size());
    apply_option(options.substr(at, end - at), shifted(comment_place, marker.options_at + at), section);
    at = end;
  }
  return section;
}

void check_order_of_sections(const Migration& migration) {
  SectionKind previous = SectionKind::kVerify;
  for (const auto& section : migration.sections) {
    const Place place{migration.file, section.line, 1, ""};
    const bool once = section.kind != SectionKind::kUp && section.kind != SectionKind::kDown;
    const auto same = std::count_if(migration.sections.begin(), migration.sections.end(),
                                    [&](const Section& s) { return s.kind == section.kind; });
    if (once && same > 1)
      refuse(place, fmt::format("migrate:{} stands {} times", to_string(section.kind), same), "keep one");
    if (section.kind == SectionKind::kDown && previous == SectionKind::kDown)
      refuse(place, "two migrate:down without a migrate:up between them", "join them");
    if (section.kind == SectionKind::kDown && migration.first(SectionKind::kUp)->line > section.line)
      refuse(place, "migrate:down stands before migrate:up");
    if (!once) previous = section.kind;
  }
}

// Where a query begins to write: its first word, or the word of a data-modifying WITH, which stands behind a
// parenthesis. The word alone may be a column's name, so the next one is looked at too.
std::optional<std::size_t> find_write(std::string_view query, const sql::Dialect& dialect) {
  sql::Scanner scanner(query, dialect);
  sql::Token before, word;
  const auto is_one_of = [](const sql::Token& token, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view w) { return token.is_word(w); });
  };
  bool first = true;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_trivia()) continue;
    if (first && token.text != "(" && !is_one_of(token, {"select", "with", "values", "table"})) return token.begin;
    first = first && token.text == "(";
    const bool behind = before.text == "(" || before.text == ")";
    const bool name = token.kind == sql::TokenKind::kWord || token.kind == sql::TokenKind::kQuotedIdentifier;
    if (behind && ((is_one_of(word, {"insert", "merge", "replace"}) && token.is_word("into")) ||
                   (word.is_word("insert") && token.is_word("or")) ||
                   (word.is_word("delete") && token.is_word("from")) || (word.is_word("update") && name)))
      return word.begin;
    before = word;
    word = token;
  }
  return std::nullopt;
}

void check_verify(const Migration& migration, const sql::Dialect& dialect) {
  const Section* verify = migration.first(SectionKind::kVerify);
  if (verify == nullptr) return;
  if (verify->statements.size() != 1) {
    refuse({migration.file, verify->line, 1, ""},
           fmt::format("migrate:verify holds {} statements", verify->statements.size()),
           "it is one query that returns the number of violations");
  }
  const sql::Statement& query = verify->statements[0];
  if (const auto write = find_write(query.text, dialect)) {
    refuse(migration.place_in(query, *write), "migrate:verify is not a query that only reads",
           "write SELECT count(*) ...; what changes data stands in migrate:up or migrate:batch");
  }
  for (const auto& placeholder : sql::find_placeholders(query.text, dialect)) {
    refuse(migration.place_in(query, placeholder.offset),
           fmt::format(":{} cannot stand in migrate:verify", placeholder.name),
           "a verification looks at the whole table");
  }
}

void check_placeholder(const Migration& migration, const std::string& name, const Place& place, bool in_batch) {
  std::vector<std::string> known;
  if (in_batch) known = {"batch", "range"};
  for (const auto& parameter : migration.data.parameters) known.push_back(parameter.name);
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  const auto near = nearest(name, known);
  refuse(place, fmt::format("unknown placeholder ':{}'", name),
         near ? fmt::format("did you mean ':{}'?", *near)
              : "declare it with `-- param: name type`; known without declaration: :batch, :range");
}

void check_batch(const Migration& migration, const Section& batch, const sql::Dialect& dialect) {
  if (batch.statements.empty())
    refuse({migration.file, batch.line, 1, ""}, "migrate:batch holds no statement",
           "write e.g. UPDATE t SET x = 1 WHERE :batch");
  for (const auto* columns : {&migration.data.read, &migration.data.write}) {
    if (columns->empty()) continue;
    refuse(columns->front().place, "`read` and `write` are for row programs",
           "a statement names its columns itself; a row program stands in `-- migrate:each program:registered`");
  }
  bool bounded = false;
  for (const auto& statement : batch.statements) {
    if (sql::controls_transaction(statement.text, dialect))
      refuse(sql::place_of(statement.text, 0, {migration.file, statement.line, statement.column}),
             "this statement would begin or end the transaction of the batch",
             "remove it; every batch is a transaction");
    for (const auto& p : sql::find_placeholders(statement.text, dialect)) {
      check_placeholder(migration, p.name, migration.place_in(statement, p.offset), true);
      bounded = bounded || p.name == "batch" || p.name == "range";
    }
  }
  if (!bounded) {
    const auto& statement = batch.statements.front();
    refuse(migration.place_in(statement),
           "neither :batch nor :range stands in migrate:batch, so every batch would change the whole table",
           "add `WHERE :batch`");
  }
}

void check_each(const Migration& migration, const Section& each) {
  const Place marker{migration.file, each.line, 1, ""};
  const DataProgram& data = migration.data;
  if (!each.program)
    refuse(marker, "migrate:each does not say what computes the rows", "write `-- migrate:each program:registered`");
  if (!each.statements.empty())
    refuse(migration.place_in(each.statements.front()), "migrate:each program:registered has no body",
           "the new values are computed in C++; remove what stands here, or write it into `migrate:batch`");
  if (data.read.empty())
    refuse(marker, "the header `read` is missing", "add `-- read: column, ...`: what the row program sees of a row");
  if (data.write.empty())
    refuse(marker, "the header `write` is missing", "add `-- write: column, ...`: what the row program answers with");
  if (data.heap) {
    throw Error(Code::kNotAvailable, "`order: heap` is not available for row programs yet")
        .at(data.heap->place)
        .hint("rows are written by their key: write `order: key`");
  }
}

void check_data(const Migration& migration, const sql::Dialect& dialect) {
  const Place top{migration.file, 1, 1, ""};
  const Section* batch = migration.first(SectionKind::kBatch);
  const Section* each = migration.first(SectionKind::kEach);
  if (batch == nullptr && each == nullptr)
    refuse(top, "the section migrate:batch is missing",
           "add `-- migrate:batch` and the statement that changes one batch");
  if (batch != nullptr && each != nullptr)
    refuse({migration.file, std::max(batch->line, each->line), 1, ""},
           "migrate:batch and migrate:each stand in one file", "one of them computes the change: keep that");
  if (migration.data.over.text.empty())
    refuse(top, "the header `over` is missing", "add `-- over: table_name`: the table whose rows are walked");
  if (migration.data.where) {
    for (const auto& p : sql::find_placeholders(migration.data.where->text, dialect)) {
      check_placeholder(migration, p.name, shifted(migration.data.where->place, p.offset), false);
    }
  }
  if (each != nullptr) {
    check_each(migration, *each);
  } else {
    check_batch(migration, *batch, dialect);
  }
}

void check_sections(const Migration& migration, const sql::Dialect& dialect) {
  if (migration.kind == Kind::kSchema && migration.first(SectionKind::kUp) == nullptr) {
    refuse({migration.file, 1, 1, ""}, "the section migrate:up is missing",
           "add a line `-- migrate:up` before the statements");
  }
  check_order_of_sections(migration);
  check_verify(migration, dialect);
  if (migration.kind == Kind::kData) check_data(migration, dialect);
}

// Whether a line comment may be a marker or a header line. Cheap: the place of a comment costs a walk over the file.
bool may_matter(std::string_view comment, bool in_header) {
  if (!comment.starts_with("--")) return false;
  const auto word_at = std::min(comment.find_first_not_of(" \t", 2), comment.size());
  return starts_with_icase(comment.substr(word_at), "migrate:") ||
         (in_header && comment.find(':') != std::string_view::npos);
}

// A header line behind a marker would be without effect, and a gate with it. Behind a statement it is a comment.
void check_misplaced_header(const Migration& migration, const std::vector<Marker>& markers, std::size_t comment,
                            std::string_view key) {
  std::size_t section = markers.size() - 1;
  while (markers[section].begin > comment) --section;
  const auto& statements = migration.sections[section].statements;
  if (!statements.empty() && statements.front().offset < comment) return;
  refuse(sql::place_of(migration.text, comment, {migration.file, 1, 1}),
         fmt::format("the header line `{}:` stands behind `migrate:{}`, where it has no effect", key,
                     to_string(migration.sections[section].kind)),
         "move it before the first section; an ordinary comment must not begin with the name of a header key and ':'");
}

void split_file_name(const std::string& file_name, Migration& migration) {
  const auto digits_end = std::min(file_name.find_first_not_of("0123456789"), file_name.size());
  std::string stem = file_name.substr(0, file_name.rfind('.'));
  if (digits_end == 0) {
    refuse({migration.file, 0, 0, ""}, "the file name does not begin with a version",
           "name it YYYYMMDDHHMMSS_name.sql, or move it elsewhere");
  }
  migration.version = Version(file_name.substr(0, digits_end));
  const auto name_at = stem.find_first_not_of("_-", digits_end);
  migration.name = name_at == std::string::npos ? "" : stem.substr(name_at);
}

Migration repeatable(Migration migration) {
  migration.version = Version("R");
  migration.repeatable = true;
  return migration;
}

// Whether any section marker stands in the text, so that it is a file in weir's shape.
bool has_marker(const std::string& text, const sql::Dialect& dialect, const std::string& display_name) {
  bool found = false;
  sql::split_statements(text, dialect, {display_name, 1, 1}, [&](std::string_view comment, std::size_t) {
    found = found || may_matter(comment, false);
    return false;
  });
  return found;
}

}  // namespace

std::string_view to_string(SectionKind kind) {
  switch (kind) {
    case SectionKind::kUp: return "up";
    case SectionKind::kDown: return "down";
    case SectionKind::kBatch: return "batch";
    case SectionKind::kEach: return "each";
    case SectionKind::kVerify: return "verify";
  }
  return "";
}

std::string_view to_string(RowProgramKind kind) {
  switch (kind) {
    case RowProgramKind::kRegistered: return "registered";
  }
  return "";
}

std::vector<const Section*> Migration::all(SectionKind wanted) const {
  std::vector<const Section*> found;
  for (const auto& section : sections) {
    if (section.kind == wanted) found.push_back(&section);
  }
  if (wanted == SectionKind::kDown) std::reverse(found.begin(), found.end());
  return found;
}

Place Migration::place_in(const sql::Statement& statement, std::size_t offset) const {
  for (const auto& section : sections) {
    const auto& all = section.statements;
    const bool here = std::any_of(all.begin(), all.end(), [&](const auto& one) { return &one == &statement; });
    if (here && !section.file.empty())
      return sql::place_of(statement.text, offset, {section.file, statement.line, statement.column});
  }
  return sql::place_of(text, statement.offset + offset, {file, 1, 1});
}

const Section* Migration::first(SectionKind wanted) const {
  const auto found = std::find_if(sections.begin(), sections.end(), [&](const Section& s) { return s.kind == wanted; });
  return found == sections.end() ? nullptr : &*found;
}

const std::vector<sql::Statement>& Migration::batch_statements() const {
  const Section* batch = first(SectionKind::kBatch);
  const Section* section = batch != nullptr ? batch : first(SectionKind::kEach);
  if (section == nullptr) throw Error(Code::kInternal, name + " is no data migration");
  return section->statements;
}

std::int64_t Migration::statement_count() const {
  if (has_row_program()) return 1;
  if (kind == Kind::kData) return std::ssize(batch_statements());
  std::int64_t count = 0;
  for (const auto* section : all(SectionKind::kUp)) count += std::ssize(section->statements);
  return count;
}

Place Migration::change_place() const {
  const auto& statements = batch_statements();
  return statements.empty() ? Place{file, first(SectionKind::kEach)->line, 1, ""} : place_in(statements.front());
}

Migration parse_migration(Kind kind, const std::string& file_name, const std::string& display_name, std::string text,
                          const sql::Dialect& dialect) {
  Migration migration;
  migration.kind = kind;
  migration.file = display_name;
  migration.text = std::move(text);
  migration.checksum = sha256(migration.text);
  split_file_name(file_name, migration);

  const sql::Origin origin{display_name, 1, 1};
  std::vector<Marker> markers;
  std::vector<HeaderLine> header;
  std::vector<std::pair<std::size_t, std::string_view>> late_header;  // offset and key
  sql::Places places(migration.text, origin);
  const auto is_marker = [&](std::string_view comment, std::size_t offset) {
    if (!markers.empty() && comment.starts_with("--")) {
      if (const auto key = header_key_of(comment); !key.empty()) late_header.emplace_back(offset, key);
    }
    if (!may_matter(comment, markers.empty())) return false;
    const Place place = places.at(offset);
    if (auto marker = read_marker(comment, offset, place, kind)) {
      migration.sections.push_back(make_section(*marker, place));
      markers.push_back(std::move(*marker));
      return true;
    }
    if (!markers.empty()) return false;
    if (auto line = read_header_line(comment, place, kind)) header.push_back(std::move(*line));
    return false;
  };
  const auto statements = sql::split_statements(migration.text, dialect, origin, is_marker);
  for (const auto& statement : statements) {
    if (markers.empty() || statement.offset < markers.front().begin) {
      refuse(sql::place_of(migration.text, statement.offset, origin), "a statement stands before the first section",
             kind == Kind::kSchema ? "put `-- migrate:up` before it" : "put `-- migrate:batch` before it");
    }
    std::size_t section = markers.size() - 1;
    while (markers[section].begin > statement.offset) --section;
    migration.sections[section].statements.push_back(statement);
  }
  for (const auto& [offset, key] : late_header) check_misplaced_header(migration, markers, offset, key);
  apply_header(header, dialect, migration);
  check_sections(migration, dialect);
  return migration;
}

Migration parse_repeatable(const std::string& file_name, const std::string& display_name, std::string text,
                           const sql::Dialect& dialect) {
  const std::string name = "0_" + file_name.substr(kRepeatablePrefix.size());
  if (!has_marker(text, dialect, display_name)) {
    Migration migration = parse_migration(Kind::kSchema, name, display_name, "-- migrate:up\n", dialect);
    migration.text = std::move(text);
    migration.checksum = sha256(migration.text);
    migration.sections.front().line = 1;
    migration.sections.front().statements = sql::split_statements(migration.text, dialect, {display_name, 1, 1});
    return repeatable(std::move(migration));
  }
  Migration migration = parse_migration(Kind::kSchema, name, display_name, std::move(text), dialect);
  return repeatable(std::move(migration));
}

}  // namespace weir::project
