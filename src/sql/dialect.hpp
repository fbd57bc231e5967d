// How an engine's SQL text is read, as data: one scanner serves all engines, each engine hands it its own Dialect.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir::sql {

struct Dialect {
  bool nested_comments = false;            // /* /* */ */
  bool hash_comments = false;              // # to the end of the line
  bool dash_comment_needs_blank = false;   // `--x` is not a comment
  bool lone_cr_ends_comment = false;       // a CR without LF ends a line comment
  bool open_comment_at_end = false;        // a block comment may be left open at the end of the input
  bool dollar_quotes = false;              // $tag$ ... $tag$
  bool escape_strings = false;             // E'...' with backslashes
  bool backslash_in_strings = false;       // backslash escapes in every string
  bool double_quoted_strings = false;      // "..." is a string, not an identifier
  bool backtick_identifiers = false;       // `...`
  bool bracket_identifiers = false;        // [...]
  bool dollar_in_identifiers = false;      // a$b is one word
  bool double_colon_casts = false;         // a::b (never a placeholder)
  bool byte_order_mark_is_blank = false;   // U+FEFF anywhere between tokens
  bool executable_comments = false;        // /*!40101 SET ... */ is SQL, not a comment
  bool m_executable_comments = false;      // /*M!100100 SET ... */ too
  bool begin_atomic = false;               // CREATE FUNCTION ... BEGIN ATOMIC ... END
  bool trigger_bodies = false;             // CREATE TRIGGER ... BEGIN ...; END
  bool stored_programs = false;            // CREATE PROCEDURE ... BEGIN ... IF ... END IF; END
  bool compound_statements = false;        // BEGIN NOT ATOMIC ...; END outside stored programs
  bool semicolons_in_parentheses = false;  // CREATE RULE ... DO (a; b)
  bool copy_from_stdin = false;            // data lines follow the statement
  // What the engine's own client takes for itself and never sends.
  bool delimiter_command = false;                   // DELIMITER //, and \g and \G as terminators
  bool backslash_commands = false;                  // \connect, \!
  bool dot_commands = false;                        // .read
  std::span<const std::string_view> client_words;   // words that begin a client command: `source`
  std::span<const std::string_view> dump_commands;  // backslash commands that stand in pairs around a dump
  char identifier_quote = '"';
  enum class Markers { kDollarNumber, kQuestionNumber, kQuestion } markers = Markers::kQuestion;

  // The parameter marker for the n-th parameter (from 1).
  std::string marker(std::size_t n) const;
  // A name as an identifier of this dialect, always quoted.
  std::string quote(std::string_view name) const;
};

}  // namespace weir::sql
