// Database URLs: scheme://user:password@host:port/path?key=value, and sqlite:path.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace weir::db {

struct Url {
  std::string scheme;                            // lower case, as written ("postgresql")
  std::string user, password, host, port, path;  // percent-decoded; path without the leading '/'
  std::map<std::string, std::string> options;    // the query
  bool has_authority = false;                    // scheme:// was written

  // Without the password; for errors, logs and status.
  std::string display() const;
};

// Errors: kConfig; it names the offending character and its escaped form and never prints the password.
Url parse_url(std::string_view text);

}  // namespace weir::db
