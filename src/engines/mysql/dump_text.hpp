// The text of SHOW CREATE without what differs between machines.
#pragma once

#include <string>
#include <string_view>

namespace weir::engines::mysql {

// Without `DEFINER = user@host`: who loads the dump is the definer then.
std::string without_definer(std::string_view sql);

// Without the next value of AUTO_INCREMENT among the options of the table, and of a sequence.
std::string without_counter(std::string_view sql);

// Whether a quoted identifier of the text is this name.
bool names_object(std::string_view sql, std::string_view name);

}  // namespace weir::engines::mysql
