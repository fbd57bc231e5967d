// What an operator says about migrations instead of executing them: explicit, recorded acts.
#pragma once

#include <string>
#include <vector>

#include "migrate/apply.hpp"
#include "project/timeline.hpp"

namespace weir::migrate {

struct Resolution {
  enum class Kind {
    kSkipStatement,    // the next statement of a migration half applied or half rolled back counts as done
    kRepeatStatement,  // ... was not executed, whatever the journal says
    kMarkApplied,      // the whole migration counts as applied
  } kind;
  std::string reference;  // a version or name
};

// Records it, in the transaction of the caller, and says what was recorded. The deploy lock must be held. Errors:
// kNotFound, kUsage when the migration is in no state for it.
std::string resolve(ledger::Ledger& ledger, const project::Timeline& timeline, const sql::Dialect& dialect,
                    const Resolution& resolution, const std::string& actor);

// Marks every migration up to `to` as applied that has no entry yet; returns them. The deploy lock must be held.
// Errors: kNotFound when no migration has this version; kUsage when one of them is half applied.
std::vector<const project::Migration*> baseline(ledger::Ledger& ledger, const project::Timeline& timeline,
                                                const project::Version& to, const std::string& actor);

}  // namespace weir::migrate
