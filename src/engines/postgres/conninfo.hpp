// A database URL as the parameters libpq connects with.
#pragma once

#include <map>
#include <string>

#include "db/url.hpp"

namespace weir::engines::postgres {

struct Conninfo {
  std::map<std::string, std::string> parameters;  // libpq's keywords
  std::string search_path;                        // of the URL's convenience option; empty: the server's default
};

// The query of the URL wins over its other parts, as in libpq. What the URL does not say is libpq's default (PGHOST,
// the socket, ~/.pgpass ...). Loads libpq. Errors: kConfig for an option that libpq does not know, with the nearest
// one; kCannotConnect when libpq is not installed.
Conninfo make_conninfo(const db::Url& url);

// For people: without password and without options other than a socket's folder.
std::string display(const db::Url& url);

}  // namespace weir::engines::postgres
