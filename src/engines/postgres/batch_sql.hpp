// The SQL of a batch's parts: the change and its checkpoint alone and together, and the fence that fails when the lease
// is gone. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "db/batch.hpp"

namespace weir::engines::postgres {

// A statement ready for the server, and the change's place in it.
struct BatchStatement {
  sql::Rendered rendered;
  std::size_t change_begin = 0;   // where the change's text begins in the text that was rendered
  std::size_t change_length = 0;  // 0: holds no text of the user's

  // The offset in the change template's text of a byte of the rendered SQL, if it lies in the change.
  std::optional<std::size_t> change_offset(std::size_t rendered_offset) const;
};

// Names the error that the fence raises; a user's statement must not be able to raise the same. One per connection.
std::string make_fence_mark();
bool is_fence_error(const Error& error, std::string_view server_message, std::string_view mark);

// The table that a plain INSERT, UPDATE or DELETE names, as written; empty when it is something else.
std::string target_of(std::string_view change);
// Errors: kInvalidFile for transaction control and COPY.
void refuse_unfit_change(const sql::Template& change);

BatchStatement change_alone(const db::BatchSource& source, std::size_t index);

// The last change, the checkpoint and the fence as the body of a function in PL/pgSQL that returns the number of
// changed rows. Its parameters are those of `change_alone`, then those of `checkpoint_alone` without the rows.
struct BatchBody {
  std::string text;
  std::vector<std::string> names;  // of the parameters, in order
};
// Nothing when the change is of a kind that PL/pgSQL would read differently, or has too many parameters.
std::optional<BatchBody> change_with_checkpoint(const db::BatchSource& source, std::string_view mark);

BatchStatement call_of(const std::string& function, std::vector<std::string> parameters);
// The checkpoint and the fence; db::kRowsPlaceholder is a parameter.
BatchStatement checkpoint_alone(const db::BatchSource& source, std::string_view mark);

}  // namespace weir::engines::postgres
