// The server's own dump program, pg_dump: where it is, which version fits, and running it without showing a password.
// It refuses a server that is newer than itself.
#pragma once

#include <string>
#include <vector>

#include "engines/postgres/conninfo.hpp"
#include "sql/identifier.hpp"

namespace weir::engines::postgres {

struct DumpProgram {
  std::string path;
  int major = 0;
  std::string version;  // "15.20"
};

// Every pg_dump in PATH and in the folders where packages put several versions side by side.
std::vector<DumpProgram> find_dump_programs();

// The one of the server's major version, else of the nearest newer one: the text differs a little between versions.
// Errors: kNotFound with what was found and what to install.
const DumpProgram& choose_dump_program(const std::vector<DumpProgram>& found, int server_major);

// The schema of the database as the program writes it. Locks: ACCESS SHARE on every table while it runs.
// Errors: kLockTimeout, kPrivilege, kDatabase with the program's own words.
std::string run_dump_program(const DumpProgram& program, const Conninfo& info,
                             const std::vector<sql::TableName>& without);

}  // namespace weir::engines::postgres
