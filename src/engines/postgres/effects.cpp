#include "engines/postgres/effects.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::postgres {
namespace {

constexpr std::string_view kMayBeRepeated = "may be repeated";

// The kind of a statement, and the object it names as it is written.
struct Target {
  enum class Kind {
    kOther,
    kNewIndex,    // CREATE INDEX CONCURRENTLY; `name`: the table
    kDropIndex,   // DROP INDEX CONCURRENTLY
    kReindex,     // REINDEX ... CONCURRENTLY: repeated at will, but leaves invalid indexes behind
    kRepeatable,  // VACUUM, ALTER SYSTEM ...
  } kind = Kind::kOther;
  std::string name;
  std::string index;       // kNewIndex: as written; may be empty
  bool if_absent = false;  // kNewIndex: IF NOT EXISTS
};

// Reads words and names one behind the other.
class Reader {
 public:
  explicit Reader(std::string_view statement) : scanner_(statement, dialect()) { advance(); }
  bool take(std::string_view word) {
    if (!token_.is_word(word)) return false;
    advance();
    return true;
  }
  bool take_all(std::initializer_list<std::string_view> words) {
    return std::all_of(words.begin(), words.end(), [&](auto word) { return take(word); });
  }
  bool at(std::string_view word) const { return token_.is_word(word); }
  bool ended() const { return token_.kind == sql::TokenKind::kEnd; }
  void advance() {
    do token_ = scanner_.next();
    while (token_.is_trivia());
  }
  // a, "A b", s.a
  std::string name() {
    std::string text;
    while (token_.kind == sql::TokenKind::kWord || token_.kind == sql::TokenKind::kQuotedIdentifier) {
      text += token_.text;
      advance();
      if (token_.text != ".") break;
      text += ".";
      advance();
    }
    return text;
  }

 private:
  sql::Scanner scanner_;
  sql::Token token_;
};

Target new_index(Reader& reader) {
  Target target;
  reader.take("unique");
  if (!reader.take("index") || !reader.take("concurrently")) return target;
  target.if_absent = reader.take_all({"if", "not", "exists"});
  if (!reader.at("on")) target.index = reader.name();
  if (!reader.take("on")) return target;
  reader.take("only");
  target.name = reader.name();
  target.kind = Target::Kind::kNewIndex;
  return target;
}

Target drop_index(Reader& reader) {
  Target target;
  if (!reader.take("index") || !reader.take("concurrently")) return target;
  if (reader.take("if")) reader.take("exists");
  target.name = reader.name();
  target.kind = Target::Kind::kDropIndex;
  return target;
}

Target target_of(std::string_view statement) {
  Reader reader(statement);
  if (reader.take("create")) return new_index(reader);
  if (reader.take("drop")) return drop_index(reader);
  if (reader.take("reindex")) return {Target::Kind::kReindex, "", "", false};
  const bool repeatable = reader.at("vacuum") || reader.at("cluster") || reader.at("analyze") || reader.at("discard") ||
                          (reader.take("alter") && reader.at("system"));
  return {repeatable ? Target::Kind::kRepeatable : Target::Kind::kOther, "", "", false};
}

struct Index {
  std::string oid;
  std::string name;      // quoted, with its schema
  std::string relation;  // without
  bool valid = false;
  bool in_progress = false;
};

constexpr const char* kIndexes = R"sql(
SELECT i.indexrelid, CAST(CAST(i.indexrelid AS regclass) AS text), (SELECT relname FROM pg_class WHERE oid = i.indexrelid),
       i.indisvalid,
       EXISTS (SELECT 1 FROM pg_stat_progress_create_index p
                WHERE p.index_relid = i.indexrelid OR (p.relid = i.indrelid AND p.index_relid = 0))
FROM pg_index i)sql";

std::vector<Index> indexes(Connection& connection, const std::string& condition, const db::Row& params) {
  std::vector<Index> found;
  for (const auto& row : connection.query(std::string(kIndexes) + condition, params).rows)
    found.push_back({db::as_text(row[0]), db::as_text(row[1]), db::as_text(row[2]), db::as_text(row[3]) == "t",
                     db::as_text(row[4]) == "t"});
  return found;
}

std::vector<Index> indexes_of(Connection& connection, const std::string& table) {
  return indexes(connection, " WHERE i.indrelid = to_regclass($1) ORDER BY 1", {table});
}

std::vector<Index> invalid_indexes(Connection& connection) {
  return indexes(connection, " WHERE NOT i.indisvalid ORDER BY 1", {});
}

std::string oids(const std::vector<Index>& list) {
  std::string text = "indexes";
  for (const auto& index : list) text += " " + index.oid;
  return text;
}

std::vector<Index> newer(std::vector<Index> list, const std::string& before) {
  const auto known = split(before, ' ');
  std::erase_if(list, [&](const Index& one) { return std::find(known.begin(), known.end(), one.oid) != known.end(); });
  return list;
}

std::string oid_of(Connection& connection, const std::string& relation) {
  return db::as_text(
      connection.query("SELECT coalesce(CAST(CAST(to_regclass($1) AS oid) AS text), 'absent')", {relation})
          .rows.at(0)
          .at(0));
}

// As the catalogue has it: without quotes, in lower case without them.
std::string bare_name(std::string_view written) {
  if (written.size() < 2 || written.front() != '"') return to_lower(written);
  std::string name;
  for (std::size_t i = 1; i + 1 < written.size(); ++i) {
    name += written[i];
    if (written[i] == '"') ++i;
  }
  return name;
}

// With IF NOT EXISTS the server would pass over an INVALID index of this name in silence.
void refuse_old_invalid(const std::vector<Index>& existing, const Target& target, const std::string& oid) {
  for (const auto& index : existing) {
    if (index.oid != oid || index.valid) continue;
    throw Error(
        Code::kAlreadyExists,
        fmt::format("the index {} exists and is INVALID; weir did not start it and leaves it alone", target.index))
        .hint(
            fmt::format("if nobody is building it: DROP INDEX CONCURRENTLY {}; then `weir migrate` again", index.name));
  }
}

std::string look_at_table(Connection& connection, const Target& target) {
  const auto existing = indexes_of(connection, target.name);
  if (target.if_absent && !target.index.empty()) refuse_old_invalid(existing, target, oid_of(connection, target.index));
  return oids(existing);
}

// A statement whose client was killed goes on, or waits for its lock before anything shows in the catalogue. The view
// cuts long texts.
bool still_runs(Connection& connection, const std::string& statement) {
  constexpr const char* kSame = R"sql(
SELECT 1 FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND state = 'active' AND datname = current_database() AND length(query) > 15
  AND left($1, length(query)) = query LIMIT 1)sql";
  return !connection.query(kSame, {statement}).rows.empty();
}

// Of the indexes that came since, those that the statement can have made.
std::vector<Index> made_by(Connection& connection, const Target& target, const std::string& before) {
  auto made = newer(indexes_of(connection, target.name), before);
  if (!target.index.empty()) {
    const std::string wanted = bare_name(target.index);
    std::erase_if(made, [&](const Index& one) { return one.relation != wanted; });
  }
  return made;
}

// What REINDEX CONCURRENTLY leaves: name_ccnew, name_ccold1 ...
std::vector<Index> left_by_reindex(Connection& connection, const std::string& before) {
  auto left = newer(invalid_indexes(connection), before);
  std::erase_if(left, [](const Index& one) {
    const auto digits = one.relation.find_last_not_of("0123456789");
    const std::string_view stem = std::string_view(one.relation).substr(0, digits + 1);
    return !stem.ends_with("_ccnew") && !stem.ends_with("_ccold");
  });
  return left;
}

db::Effect effect_of_new_index(Connection& connection, const Target& target, const std::string& before) {
  const auto made = made_by(connection, target, before);
  if (made.empty()) return db::Effect::kNone;
  if (std::any_of(made.begin(), made.end(), [](const Index& one) { return one.in_progress; }))
    return db::Effect::kInProgress;
  const bool valid = std::all_of(made.begin(), made.end(), [](const Index& one) { return one.valid; });
  return valid ? db::Effect::kDone : db::Effect::kHalf;
}

}  // namespace

std::string look(Connection& connection, const std::string& statement) {
  const Target target = target_of(statement);
  switch (target.kind) {
    case Target::Kind::kNewIndex: return look_at_table(connection, target);
    case Target::Kind::kDropIndex: return oid_of(connection, target.name);
    case Target::Kind::kReindex: return oids(invalid_indexes(connection));
    case Target::Kind::kRepeatable: return std::string(kMayBeRepeated);
    case Target::Kind::kOther: break;
  }
  return {};
}

db::Effect effect_of(Connection& connection, const std::string& statement, const std::string& before) {
  const Target target = target_of(statement);
  const bool builds = target.kind != Target::Kind::kOther && target.kind != Target::Kind::kRepeatable;
  if (builds && still_runs(connection, statement)) return db::Effect::kInProgress;
  switch (target.kind) {
    case Target::Kind::kNewIndex: return effect_of_new_index(connection, target, before);
    case Target::Kind::kDropIndex: {
      const std::string now = oid_of(connection, target.name);
      return now != before && now == "absent" ? db::Effect::kDone : db::Effect::kNone;
    }
    case Target::Kind::kReindex: {
      const auto left = left_by_reindex(connection, before);
      if (left.empty()) return db::Effect::kNone;
      return std::any_of(left.begin(), left.end(), [](const Index& one) { return one.in_progress; })
                 ? db::Effect::kInProgress
                 : db::Effect::kHalf;
    }
    case Target::Kind::kRepeatable: return db::Effect::kNone;
    case Target::Kind::kOther: break;
  }
  return db::Effect::kUnknown;
}

void remove_remains(Connection& connection, const std::string& statement, const std::string& before) {
  const Target target = target_of(statement);
  const bool of_table = target.kind == Target::Kind::kNewIndex;
  const auto left = of_table ? made_by(connection, target, before) : left_by_reindex(connection, before);
  for (const auto& index : left) {
    if (!index.valid) connection.execute_text("DROP INDEX CONCURRENTLY " + index.name);
  }
}

}  // namespace weir::engines::postgres
