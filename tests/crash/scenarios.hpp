// The scenarios, one file each.
#pragma once

#include "crash/migration.hpp"

namespace weir::crash {

std::string sync_points_passed(Context& context);
std::string sync_points_killed(Context& context);
std::string sync_points_cut(Context& context);
std::string sync_points_stopped(Context& context);
std::string sync_points_stopped_in_transaction(Context& context);
std::string run_killed(Context& context);
std::string commits_cut(Context& context);
std::string anything_cut(Context& context);
std::string server_crashed(Context& context);
std::string commits_lost(Context& context);
std::string rows_written_meanwhile(Context& context);
std::string two_at_once(Context& context);
std::string holder_stopped(Context& context);
std::string two_hosts(Context& context);
std::string interrupted(Context& context);
std::string migrate_killed(Context& context);
std::string deploys_killed(Context& context);
std::string disk_full_sqlite(Context& context);
std::string disk_full_postgres(Context& context);

}  // namespace weir::crash
