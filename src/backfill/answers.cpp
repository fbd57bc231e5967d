#include "backfill/answers.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

#include "backfill/row_program.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::backfill {
namespace {

void append_bytes(std::string& out, char kind, std::string_view bytes) {
  out += kind;
  out += std::to_string(bytes.size());
  out += ':';
  out += bytes;
}

// The same bytes exactly for the same value: unlike `==`, +0.0 and -0.0 differ, and NaN is what it is.
void append_identity(std::string& out, const db::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    append_bytes(out, 'i', std::to_string(*integer));
  } else if (const auto* number = std::get_if<double>(&value)) {
    append_bytes(out, 'f', std::to_string(std::bit_cast<std::uint64_t>(*number)));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_bytes(out, 't', *text);
  } else if (const auto* blob = std::get_if<db::Blob>(&value)) {
    append_bytes(out, 'b', blob->bytes);
  } else {
    out += 'n';
  }
}

std::string identity(const db::Row& row, std::size_t columns) {
  std::string identity;
  for (std::size_t i = 0; i < columns; ++i) append_identity(identity, row[i]);
  return identity;
}

std::string identity(const db::Row& row) { return identity(row, row.size()); }

// What a stranger wrote must not spoil the ledger or the terminal.
std::string readable(std::string_view text) {
  constexpr std::size_t kMost = 500;
  std::string shown(text.substr(0, kMost));
  while (const auto bad = find_invalid_utf8(shown)) shown[*bad] = '?';
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return shown;
}

Error thrown_by_program(std::string_view what) {
  return Error(Code::kDataError, fmt::format("the row program threw: {}", readable(what)));
}

std::vector<std::optional<db::Row>> ask(RowProgram& program, const std::vector<db::Row>& rows) {
  try {
    return program.compute(rows);
  } catch (const std::exception& error) {
    throw thrown_by_program(error.what());
  } catch (...) {
    throw thrown_by_program("something that is no std::exception");
  }
}

}  // namespace

void Answers::compute(const std::vector<db::Row>& rows) {
  if (rows.empty()) return;
  refuse_without_program(*program_.migration, program_.row_program);
  const auto first = static_cast<std::ptrdiff_t>(program_.key.size());
  const auto last = first + std::ssize(program_.read);
  std::vector<db::Row> seen;
  seen.reserve(rows.size());
  for (const auto& row : rows) seen.emplace_back(row.begin() + first, row.begin() + last);
  take(rows, ask(*program_.row_program, seen));
}

void Answers::take(const std::vector<db::Row>& rows, std::vector<std::optional<db::Row>> answers) {
  const auto refuse = [&](const std::string& message) {
    throw Error(Code::kRowProgram, fmt::format("the row program of {} {}", program_.migration->name, message))
        .at(program_.migration->change_place())
        .hint("it answers once for each row, in their order: with a value for each column of `write`, or with nothing");
  };
  if (answers.size() != rows.size())
    refuse(fmt::format("was asked for {} rows and answered {} times", rows.size(), answers.size()));
  for (const auto& answer : answers) {
    if (answer && answer->size() != program_.write.size())
      refuse(fmt::format("answered with {} values for {} columns of `write`", answer->size(), program_.write.size()));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) known_.insert_or_assign(identity(rows[i]), std::move(answers[i]));
}

std::vector<db::Row> Answers::unanswered(const std::vector<db::Row>& rows) const {
  std::vector<db::Row> open;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(open),
               [&](const db::Row& row) { return !known_.contains(identity(row)); });
  return open;
}

std::vector<db::Row> Answers::changes(const std::vector<db::Row>& rows) const {
  std::vector<db::Row> changes;
  for (const auto& row : rows) {
    const auto& answer = known_.at(identity(row));
    if (!answer) continue;
    db::Row& change = changes.emplace_back(*answer);
    change.insert(change.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(program_.key.size()));
  }
  return changes;
}

void refuse_equal_keys(const Program& program, const std::vector<db::Row>& rows) {
  const std::size_t width = program.key.size();
  const auto twin = std::adjacent_find(rows.begin(), rows.end(), [&](const db::Row& a, const db::Row& b) {
    return identity(a, width) == identity(b, width);
  });
  if (twin == rows.end()) return;
  const db::Row key(twin->begin(), twin->begin() + static_cast<std::ptrdiff_t>(width));
  throw Error(Code::kNoUniqueKey,
              fmt::format("two rows of {} have the key {}", program.table.name.name, db::encode_key(key)))
      .at(program.migration->data.over.place)
      .hint("a unique key does not hold for tables that inherit from this one: walk each of them by itself");
}

}  // namespace weir::backfill
