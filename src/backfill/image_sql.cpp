#include "backfill/image_sql.hpp"

#include <fmt/format.h>

namespace weir::backfill {
namespace {

constexpr std::string_view kRow = "weir_row";  // the user's table in subqueries

std::string numbered(std::string_view prefix, std::size_t index) { return fmt::format("{}_{}", prefix, index + 1); }

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

// The images as a table to be walked.
Program walk_over(const Program& program) {
  Program walk;
  walk.table.name = *program.images;
  walk.batch_rows = program.batch_rows;
  walk.expand_row_comparisons = program.expand_row_comparisons;
  for (std::size_t i = 0; i < program.key.size(); ++i) {
    db::Column column = *program.table.column(program.key[i]);
    column.name = numbered("key", i);
    walk.key.push_back(column.name);
    walk.table.columns.push_back(std::move(column));
  }
  return walk;
}

}  // namespace

ImageSql::ImageSql(const db::Database& database, const Program& program)
    : database_(database),
      dialect_(database.dialect()),
      program_(program),
      walk_(walk_over(program)),
      table_(sql::quote(dialect_, program.table.name)),
      images_(sql::quote(dialect_, *program.images)),
      own_row_(dialect_.quote(program.table.name.name)),
      own_image_(dialect_.quote(program.images->name)) {}

std::string ImageSql::create() const {
  std::vector<std::string> columns;
  for (const auto& key : walk_.table.columns)
    columns.push_back(fmt::format("{} {} NOT NULL", dialect_.quote(key.name), key.declaration));
  for (const auto prefix : {"before", "after"}) {
    for (std::size_t i = 0; i < program_.keep.size(); ++i)
      columns.push_back(fmt::format("{} {} NULL", numbered(prefix, i), program_.keep[i].declaration));
  }
  return fmt::format("{} {} ({}, state varchar(40) NOT NULL, PRIMARY KEY ({})){}", ledger::create_table(database_),
                     images_, join(columns, ", "), join(walk_.key, ", "), database_.row_syntax().table_options);
}

// A row that has an image of an earlier pass keeps its oldest values as long as only the run has changed it; what the
// application has written since is newer than the image.
std::vector<std::string> ImageSql::before(const std::string& batch) const {
  std::vector<std::string> target = walk_.key, values;
  for (const auto& name : program_.key) values.push_back(dialect_.quote(name));
  std::vector<std::string> unchanged, set;
  const auto proposed = [&](const std::string& name) {
    return fmt::format(fmt::runtime(database_.row_syntax().proposed), name);
  };
  for (std::size_t i = 0; i < program_.keep.size(); ++i)
    unchanged.push_back(database_.same_value(program_.keep[i], image("after", i), proposed(numbered("before", i))));
  for (const auto prefix : {"before", "after"}) {
    for (std::size_t i = 0; i < program_.keep.size(); ++i) {
      const std::string name = numbered(prefix, i), value = proposed(name);
      target.push_back(name);
      values.push_back(dialect_.quote(program_.keep[i].name));
      set.push_back(prefix == std::string_view("before")
                        ? fmt::format("{} = CASE WHEN {} THEN {} ELSE {} END", name, join(unchanged, " AND "),
                                      image("before", i), value)
                        : fmt::format("{} = {}", name, value));
    }
  }
  const auto& syntax = database_.row_syntax();
  const std::string conflict = fmt::format(fmt::runtime(syntax.on_conflict), join(walk_.key, ", "));
  return {fmt::format("INSERT INTO {} ({}, state) SELECT {}, 'new' FROM {} WHERE {} {} {} {}, state = 'new'", images_,
                      join(target, ", "), join(values, ", "), table_, batch, syntax.lock, conflict, join(set, ", "))};
}

std::string ImageSql::imaged(const std::string& condition, Lower lower) const {
  std::vector<std::string> key;
  for (const auto& name : program_.key) key.push_back(dialect_.quote(name));
  const std::string tuple = key.size() == 1 ? key.front() : fmt::format("({})", join(key, ", "));
  return fmt::format("({} AND {} IN (SELECT {} FROM {} WHERE {} AND state = 'new'))", condition, tuple,
                     join(walk_.key, ", "), images_, range(lower));
}

std::vector<std::string> ImageSql::after(Lower lower) const {
  std::vector<std::string> set, unchanged;
  for (std::size_t i = 0; i < program_.keep.size(); ++i) {
    const std::string now = row_of_image(column(std::string(kRow), program_.keep[i].name), "");
    set.push_back(fmt::format("{} = {}", numbered("after", i), now));
    unchanged.push_back(database_.same_value(program_.keep[i], image("before", i), image("after", i)));
  }
  return {fmt::format("UPDATE {} SET {}, state = 'kept' WHERE {} AND state = 'new'", images_, join(set, ", "),
                      range(lower)),
          fmt::format("DELETE FROM {} WHERE {} AND {} AND EXISTS {}", images_, range(lower), join(unchanged, " AND "),
                      row_of_image("1", ""))};
}

std::string ImageSql::last() const { return upper_sql(walk_, dialect_); }

std::string ImageSql::nth(Lower lower, std::int64_t n) const {
  return fmt::format("SELECT {0} FROM {1} WHERE {2} AND {3} ORDER BY {0} LIMIT 1 OFFSET {4}", join(walk_.key, ", "),
                     images_, range(lower), in_state("kept"), n - 1);
}

std::string ImageSql::lock(Lower lower) const {
  if (database_.row_syntax().lock.empty()) return "";
  const std::string batch = batch_fragments(program_, dialect_, lower).at("range");
  const std::string has_image = fmt::format("EXISTS (SELECT 1 FROM {} WHERE {} AND {} AND {})", images_,
                                            same_key(own_row_), range(lower), in_state("kept"));
  return fmt::format("SELECT 1 FROM {} WHERE {} AND {} {}", table_, batch, has_image, database_.row_syntax().lock);
}

std::string ImageSql::judge(Lower lower) const {
  return fmt::format(
      "UPDATE {} SET state = CASE WHEN EXISTS {} THEN 'due' WHEN EXISTS {} THEN 'changed' ELSE 'gone' END WHERE {} AND "
      "{}",
      images_, row_of_image("1", holds(std::string(kRow), "after")), row_of_image("1", ""), range(lower),
      in_state("kept"));
}

std::string ImageSql::count_due(Lower lower) const {
  return fmt::format("SELECT count(*) FROM {} WHERE {} AND {}", images_, range(lower), in_state("due"));
}

std::string ImageSql::restore(Lower lower) const {
  const std::string batch = batch_fragments(program_, dialect_, lower).at("range");
  const std::string where =
      fmt::format("FROM {} WHERE {} AND {} AND {}", images_, same_key(own_row_), range(lower), in_state("due"));
  std::vector<std::string> set;
  for (std::size_t i = 0; i < program_.keep.size(); ++i)
    set.push_back(fmt::format("{} = (SELECT {} {})", dialect_.quote(program_.keep[i].name), image("before", i), where));
  return fmt::format("UPDATE {} SET {} WHERE {} AND EXISTS (SELECT 1 {} AND {})", table_, join(set, ", "), batch, where,
                     holds(own_row_, "after"));
}

std::string ImageSql::confirm(Lower lower) const {
  return fmt::format("UPDATE {} SET state = 'undone' WHERE {} AND {} AND EXISTS {}", images_, range(lower),
                     in_state("due"), row_of_image("1", holds(std::string(kRow), "before")));
}

std::string ImageSql::count_states() const {
  return fmt::format("SELECT state, count(*) FROM {} GROUP BY state", images_);
}

std::string ImageSql::others(std::int64_t most) const {
  return fmt::format("SELECT state, {0} FROM {1} WHERE state IN ('changed', 'gone') ORDER BY {0} LIMIT {2}",
                     join(walk_.key, ", "), images_, most);
}

std::string ImageSql::range(Lower lower) const { return batch_fragments(walk_, dialect_, lower).at("range"); }

std::string ImageSql::in_state(std::string_view state) const { return fmt::format("state = '{}'", state); }

std::string ImageSql::same_key(const std::string& row) const {
  std::vector<std::string> equal;
  for (std::size_t i = 0; i < program_.key.size(); ++i)
    equal.push_back(fmt::format("{} = {}", column(row, program_.key[i]), image("key", i)));
  return join(equal, " AND ");
}

std::string ImageSql::holds(const std::string& row, std::string_view values) const {
  std::vector<std::string> same;
  for (std::size_t i = 0; i < program_.keep.size(); ++i)
    same.push_back(database_.same_value(program_.keep[i], column(row, program_.keep[i].name), image(values, i)));
  return join(same, " AND ");
}

std::string ImageSql::row_of_image(const std::string& what, const std::string& condition) const {
  return fmt::format("(SELECT {} FROM {} {} WHERE {}{}{})", what, table_, kRow, same_key(std::string(kRow)),
                     condition.empty() ? "" : " AND ", condition);
}

std::string ImageSql::image(std::string_view prefix, std::size_t index) const {
  return fmt::format("{}.{}", own_image_, numbered(prefix, index));
}

std::string ImageSql::column(const std::string& row, const std::string& name) const {
  return fmt::format("{}.{}", row, dialect_.quote(name));
}

void add_images(db::BatchSource& source, const ImageSql& sql, Lower lower, const sql::Dialect& dialect) {
  const std::string batch = source.fragments.at("batch");
  for (const auto& text : sql.before(batch)) source.before.emplace_back(text, dialect);
  for (const auto& text : sql.after(lower)) source.after.emplace_back(text, dialect);
  for (const auto name : {"batch", "range"}) source.fragments[name] = sql.imaged(source.fragments[name], lower);
}

}  // namespace weir::backfill
