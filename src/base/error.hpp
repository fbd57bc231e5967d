// The one error type, weir::Error, is public: what the library throws is what is thrown inside it.
#pragma once

#include <weir/error.hpp>

namespace weir {

// Exit code of the process for an error of this kind (docs/commands.md).
int exit_code(Code code);

}  // namespace weir
