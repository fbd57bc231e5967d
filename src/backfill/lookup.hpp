// Small questions to the table that is walked.
#pragma once

#include <optional>
#include <string>

#include "backfill/program.hpp"

namespace weir::backfill {

// The answer to a query with `:name` placeholders.
db::Result look_up(const db::Database& database, db::Connection& connection, const std::string& sql,
                   const db::Bindings& bindings = {});
// Its first row; nothing when there is none.
std::optional<db::Row> first_row(const db::Database& database, db::Connection& connection, const std::string& sql,
                                 const db::Bindings& bindings = {});

// The greatest key; nothing when the table is empty.
std::optional<db::Row> greatest_key(const db::Database& database, db::Connection& connection, const Program& program);
// The key `rows` rows behind `lower`, or from the beginning of the table; nothing when fewer are there up to `upper`.
std::optional<db::Row> key_behind(const db::Database& database, db::Connection& connection, const Program& program,
                                  const std::optional<db::Row>& lower, const db::Row& upper, std::int64_t rows);
// What batch_source() wants to be bound for the batch (lower, upper].
db::Bindings batch_bindings(const Program& program, const std::optional<db::Row>& lower, const db::Row& upper);

}  // namespace weir::backfill
