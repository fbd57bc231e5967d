// A schema as SQL text, in pieces: what an engine can say about its own objects. report/schema_file.hpp makes the file
// of them.
#pragma once

#include <string>
#include <vector>

namespace weir::db {

struct DumpedObject {
  std::string title;  // "TABLE public.users": for people and for comparing; one line
  std::string sql;    // complete statements, each with its semicolon; no blank line around them
};

// Guarantee: the same schema gives the same pieces on every machine: no owner, host, version, random key or counter.
// The engine's own client loads them, in this order, into an empty database.
struct SchemaDump {
  std::string prologue;               // settings that what follows relies on; may be empty, as the next two
  std::vector<DumpedObject> objects;  // in an order in which they can be made
  std::string ledger_prologue;        // leads unqualified names to the place of weir's ledger
  std::string epilogue;
};

}  // namespace weir::db
