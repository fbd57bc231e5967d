// goose: `-- +goose Up`, `Down`, `StatementBegin`, `StatementEnd`, `NO TRANSACTION`, `ENVSUB ON|OFF`.
// weir splits what stands between StatementBegin and StatementEnd as the engine does; goose sends it in one message.
// Source: github.com/pressly/goose, internal/sqlparser/parser.go
#include <fmt/format.h>

#include "base/text.hpp"
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"

namespace weir::project::formats {
namespace {

class GooseReader {
 public:
  GooseReader(const SourceText& source, const Variables& variables) : source_(source), variables_(variables) {}

  Sections read(const sql::Dialect& dialect) {
    for (auto& piece : read_pieces(source_, dialect, is_annotation)) {
      if (piece.statement) {
        see(std::move(*piece.statement));
      } else {
        see_annotation(piece);
      }
    }
    if (fence_) refuse(source_, *fence_, "this StatementBegin has no StatementEnd", "add `-- +goose StatementEnd`");
    if (sections_.empty()) refuse(source_, 0, "`-- +goose Up` is missing", "put it before the first statement");
    for (auto& section : sections_) section.transaction = transaction_;
    return std::move(sections_);
  }

 private:
  static bool is_annotation(std::string_view comment) { return to_lower(comment).find("+goose") != std::string::npos; }

  void see(sql::Statement statement) {
    if (sections_.empty())
      refuse(source_, statement.offset, "a statement stands before `-- +goose Up`", "move it behind the annotation");
    if (substitutes_) statement.text = expand(statement);
    sections_.back().statements.push_back(std::move(statement));
  }

  void see_annotation(const Piece& piece) {
    if (piece.offset > 0 && source_.text[piece.offset - 1] != '\n')
      refuse(source_, piece.offset, "this annotation does not stand at the start of its line",
             "remove what stands before it");
    const std::string words = words_of(piece.marker);
    if (words == "+goose up" || words == "+goose down") {
      see_section(words.substr(7), piece.offset);
    } else if (words == "+goose statementbegin") {
      if (fence_)
        refuse(source_, piece.offset, "StatementBegin stands twice", "add `-- +goose StatementEnd` before it");
      if (sections_.empty()) refuse(source_, piece.offset, "StatementBegin stands before `-- +goose Up`", "move it");
      fence_ = piece.offset;
    } else if (words == "+goose statementend") {
      if (!fence_) refuse(source_, piece.offset, "this StatementEnd has no StatementBegin", "add it, or remove this");
      fence_.reset();
    } else if (words == "+goose no transaction") {
      transaction_ = false;
    } else if (words == "+goose envsub on" || words == "+goose envsub off") {
      substitutes_ = words.ends_with("on");
    } else {
      refuse(source_, piece.offset, fmt::format("`{}` is no annotation of goose", trim(piece.marker.substr(2))),
             "known: Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON, ENVSUB OFF");
    }
  }

  void see_section(const std::string& name, std::size_t offset) {
    if (fence_) refuse(source_, *fence_, "this StatementBegin has no StatementEnd", "add `-- +goose StatementEnd`");
    if (name == "down" && sections_.empty())
      refuse(source_, offset, "`-- +goose Down` stands before `-- +goose Up`", "Up comes first");
    if (sections_.size() > (name == "up" ? 0U : 1U))
      refuse(source_, offset, fmt::format("`-- +goose {}` stands twice, or behind Down", name),
             "keep one Up and one Down");
    FileSection section;
    section.name = name;
    section.line = place_at(source_, offset).line;
    sections_.push_back(std::move(section));
  }

  // ${NAME}, ${NAME:-default}. goose puts nothing in the place of an unset variable; weir does not guess.
  std::string expand(const sql::Statement& statement) const {
    return substitute(statement.text, "${", "}", [&](std::string_view name, std::size_t at) {
      const auto colon = name.find(":-");
      const auto value = variables_.find(std::string(name.substr(0, colon)));
      if (value != variables_.end()) return std::optional(value->second);
      if (colon == std::string_view::npos)
        refuse(source_, statement.offset + at, fmt::format("the variable {} is not set", name),
               "set it in the environment, or write ${NAME:-default}");
      return std::optional(std::string(name.substr(colon + 2)));
    });
  }

  const SourceText& source_;
  const Variables& variables_;
  Sections sections_;
  std::optional<std::size_t> fence_;
  bool transaction_ = true;
  bool substitutes_ = false;
};

}  // namespace

Sections read_goose(const SourceText& source, const Variables& variables, const sql::Dialect& dialect) {
  return GooseReader(source, variables).read(dialect);
}

}  // namespace weir::project::formats
