// Two hosts work on a run, and the link of one is cut in the middle of a batch: packets are lost in silence, neither
// side is told. The other takes over when the lease has expired and finishes. When the link is back, what the first had
// sent arrives late and finds its lease gone.
#include <fmt/format.h>
#include <optional>

#include "base/text.hpp"
#include "crash/hosts.hpp"
#include "crash/scenarios.hpp"

namespace weir::crash {
namespace {

// A server of its own, which both hosts can reach.
class SharedServer {
 public:
  SharedServer(Context& context, const Host& one, const Host& other)
      : tool_(context.engine.server_tool()), folder_(context.folder / "server"), log_(context.folder / "server.log") {
    run_command(
        {tool_, "start", folder_.string(), "--also", one.address_of_server(), "--also", other.address_of_server()},
        log_);
  }
  ~SharedServer() {
    try {
      run_command({tool_, "stop", folder_.string(), "immediate"}, log_);
    } catch (const std::exception& failure) {
      fmt::print(stderr, "{}\n", failure.what());
    }
  }
  SharedServer(const SharedServer&) = delete;
  SharedServer& operator=(const SharedServer&) = delete;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::string tool_;
  std::filesystem::path folder_, log_;
};

std::string seen_from(const Host& host, std::string url) {
  const std::string here = "127.0.0.1";
  url.replace(url.find(here), here.size(), host.address_of_server());
  // Over a network weir wants TLS there; this one ends at this machine.
  return url.starts_with("mariadb:") ? url + "?ssl-mode=disabled" : url;
}

void must_succeed(Process& process, const std::string& who) {
  if (const int code = process.wait(); code != 0)
    throw Failure(fmt::format("{} ended with {}:\n{}", who, code, process.output()));
}

enum class Lease { kSetToThePast, kWaitedFor };
enum class Back { kAfterTheEnd, kBeforeTheEnd };

struct Round {
  int number;
  Lease lease;
  Back back;
};

// How long the other waited until it took over; with Lease::kWaitedFor the lease is a part of it.
Clock::duration play_round(Context& context, Engine& engine, Host& one, Host& other, const Round& round) {
  const auto store = engine.fresh(context.folder, context.random);
  Sql sql(store->url());
  const Table table = create_table(sql, key_type_of_round(round.number), 20'000 + context.random.between(0, 99));
  Project project(context, store->url());
  project.add_data_migration(round.number % 4 == 3 ? Where::kUndone : Where::kNone, 15);
  const auto first =
      project.run_on(one.prefix(), seen_from(one, store->url()), workers_option(some_workers(sql, context.random)));
  if (!await(*first, [&] { return look_at_run(sql).batches > 0; }))
    throw Failure("the first ended too early:\n" + first->output());
  first->wait_for(context.random.moment(Microseconds(300'000)));
  one.cut();
  const auto cut = Clock::now();
  const auto second = project.run_on(other.prefix(), seen_from(other, store->url()), {});
  const auto held = [&] {
    return sql.integer(
        fmt::format("SELECT count(*) FROM weir_slices WHERE lease_hostname = '{}' AND lease_token IS NOT NULL "
                    "AND ordinal > 0",
                    one.name()));
  };
  if (held() == 0) {
    one.mend();
    throw Failure("the first held nothing when it was cut off:\n" + first->output());
  }
  if (round.lease == Lease::kSetToThePast) {
    sql.execute(fmt::format("UPDATE weir_slices SET lease_expires_at_ms = 1 WHERE lease_hostname = '{}'", one.name()));
  }
  if (!await(*second, [&] { return held() == 0; })) throw Failure("the second did not take over:\n" + second->output());
  const auto waited = Clock::now() - cut;
  if (waited > std::chrono::seconds(30))
    throw Failure("taking over took more than two lease times:\n" + second->output());
  if (round.back == Back::kAfterTheEnd) {
    must_succeed(*second, "the second");
    check_complete(sql, table);
  }
  one.mend();
  must_succeed(*second, "the second");
  must_succeed(*first, "the first, when it was back,");
  check_complete(sql, table);
  return waited;
}

}  // namespace

std::string two_hosts(Context& context) {
  const std::string group = context.options.folder.filename().string() + "-" + context.engine.name();
  Host one(group, context.folder / "network.log");
  Host other(group, context.folder / "network.log");
  const SharedServer server(context, one, other);
  Options options = context.options;
  (context.engine.name() == "postgres" ? options.postgres : options.mariadb) = server.folder();
  const auto engine = context.engine.name() == "postgres" ? postgres_engine(options) : mariadb_engine(options);
  const int rounds = context.amount(8, 2), real = context.amount(2, 0);
  Durations at_once, lease;
  for (int number = 0; number < rounds + real; ++number) {
    const bool waits = number >= rounds;
    const auto waited = play_round(context, *engine, one, other,
                                   {number, waits ? Lease::kWaitedFor : Lease::kSetToThePast,
                                    number % 2 == 0 ? Back::kAfterTheEnd : Back::kBeforeTheEnd});
    (waits ? lease : at_once).add(waited);
  }
  return fmt::format("{} rounds with a lease set to the past, {} with the lease waited for{}", rounds, real,
                     real > 0 ? fmt::format(" (taken over after at most {:.1f} s)", lease.max_ms() / 1000) : "");
}

}  // namespace weir::crash
