// One spelling for arrays of constants. The server prints `status IN ('a', 'b')` over a varchar as
// `(ARRAY['a'::character varying, 'b'::character varying])::text[]`, and after that text was loaded as
// `ARRAY[('a'::character varying)::text, ('b'::character varying)::text]`: without this, a database that was made by
// migrations and one that was loaded from its dump would never have equal dumps.
#pragma once

#include <string>
#include <string_view>

namespace weir::engines::postgres {

// Turns the first spelling into the second. Strings, comments and function bodies are left alone.
std::string spell_constant_arrays(std::string_view sql);

}  // namespace weir::engines::postgres
