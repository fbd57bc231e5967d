// Connections cut around COMMIT, and anywhere: weir has to find out by itself what happened, and go on.
#include <fmt/format.h>

#include "crash/scenarios.hpp"
#include "support/proxy.hpp"

namespace weir::crash {
namespace {

using test::Cut;
using test::CutAt;

Cut random_cut(Random& random, std::size_t message_size) {
  Cut cut;
  cut.at = static_cast<CutAt>(random.between(0, 3));
  const std::size_t most = cut.at == CutAt::kInside ? message_size - 1 : 400;
  cut.bytes = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(most)));
  cut.server_finishes = random.chance(0.6);
  return cut;
}

// Cuts after every so many messages that `counts` accepts.
class Cutter {
 public:
  Cutter(Random& random, std::int64_t most_between, bool (*counts)(const test::ClientMessage&))
      : random_(random), most_between_(most_between), counts_(counts), left_(random.between(0, most_between)) {}

  std::optional<Cut> operator()(const test::ClientMessage& message) {
    if (!counts_(message) || left_-- > 0) return std::nullopt;
    left_ = random_.between(0, most_between_);
    const Cut cut = random_cut(random_, message.size);
    last_ += fmt::format("  {} {} bytes{} at: {}\n", static_cast<int>(cut.at), cut.bytes,
                         cut.server_finishes ? "" : ", server too", message.sql.substr(0, 60));
    return cut;
  }
  const std::string& last() const { return last_; }

 private:
  Random& random_;
  std::int64_t most_between_;
  bool (*counts_)(const test::ClientMessage&);
  std::int64_t left_;
  std::string last_;  // what was cut in this round
};

std::string port_of(const std::string& url) {
  const auto at = url.find("127.0.0.1:");
  return url.substr(at + 10, url.find('/', at) - at - 10);
}

std::string play(Context& context, int wanted, std::int64_t most_between, bool (*counts)(const test::ClientMessage&)) {
  int cuts = 0;
  int connections = 0;
  int ended_early = 0;
  int round = 0;
  for (; cuts < wanted; ++round) {
    const auto store = context.engine.fresh(context.folder, context.random);
    Sql sql(store->url());
    const Table table = create_table(sql, key_type_of_round(round), 10'000 + context.random.between(0, 999));
    Cutter cutter(context.random, most_between, counts);
    const std::string port = port_of(store->url());
    test::Proxy proxy(std::stoi(port), std::ref(cutter));
    std::string url = store->url();
    url.replace(url.find(port), port.size(), std::to_string(proxy.port()));
    Project project(context, url);
    project.add_data_migration(round % 3 == 2 ? Where::kUndone : Where::kNone,
                               static_cast<int>(context.random.between(40, 80)));
    for (;;) {
      const int connections_before = proxy.connections();
      const auto process = project.run();
      const int code = process->wait();
      if (code == 0) break;
      // The gate's connection and the first two of the run: what is cut there ends the command before it began.
      if (proxy.connections() - connections_before <= 3) {
        ++ended_early;
        continue;
      }
      throw Failure(fmt::format("weir run ended with {}:\n{}the cuts:\n{}", code, process->output(), cutter.last()));
    }
    check_complete(sql, table);
    cuts += proxy.cuts();
    connections += proxy.connections();
  }
  return fmt::format("{} cuts, {} connections, {} completions, {} ended before they began", cuts, connections, round,
                     ended_early);
}

}  // namespace

std::string commits_cut(Context& context) {
  return play(context, context.amount(300, 25), 30,
              [](const test::ClientMessage& m) { return m.sql == "COMMIT" && m.type != 'P'; });
}

std::string anything_cut(Context& context) {
  return play(context, context.amount(200, 15), 400, [](const test::ClientMessage& m) { return m.type != 'X'; });
}

}  // namespace weir::crash
