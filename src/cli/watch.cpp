#include "report/watch.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

constexpr Milliseconds kOnTerminal{500}, kElsewhere{5000}, kPiece{50};

// Overwrites what stands on the terminal, line by line, so that nothing flickers.
void redraw(const std::string& text, int& lines) {
  std::string out;
  if (lines > 0) out += fmt::format("\x1b[{}A", lines);
  lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    const auto end = text.find('\n', at);
    out += fit_terminal(text.substr(at, end - at), STDOUT_FILENO) + "\x1b[0m\x1b[K\n";
    at = end + 1;
  }
  std::fputs((out + "\x1b[J").c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int run_command(const Context& context, const WatchOptions& options) {
  const auto database = context.open_existing_database();
  const auto connection = database->connect(db::Purpose::kRead);
  const bool terminal = ::isatty(STDOUT_FILENO) == 1 && !context.global.json;
  std::optional<report::Watched> before;
  for (int lines = 0; !context.stop.requested();) {
    auto ledger = ledger::Ledger::open(*database, *connection);
    report::Watched now = ledger ? report::watch(*ledger) : report::Watched{};
    if (context.global.json) {
      context.print(report::to_json(now));
    } else if (terminal) {
      redraw(report::to_text(now, before ? &*before : nullptr, context.colour), lines);
    } else {
      context.print(report::to_text(now, before ? &*before : nullptr, context.colour));
    }
    std::fflush(stdout);
    before = std::move(now);
    if (options.once) break;
    const Milliseconds pause = terminal ? kOnTerminal : kElsewhere;
    for (Milliseconds waited{0}; waited < pause && !context.stop.requested(); waited += kPiece)
      context.clock.sleep(kPiece);
  }
  return 0;
}

}  // namespace weir::cli
