// What every command needs: options, project, database and the request to stop. Built once, by main.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/stop.hpp"
#include "cli/options.hpp"
#include "db/database.hpp"
#include "project/config.hpp"
#include "project/timeline.hpp"
#include "report/text.hpp"

namespace weir::cli {

struct Context {
  GlobalOptions global;
  project::Config config;
  StopToken& stop;
  Clock& clock;
  std::string actor;
  report::Colour colour;        // of stdout
  report::Colour error_colour;  // of stderr
  bool silent = false;          // print() prints nothing

  // Errors: kConfig when no URL is set anywhere.
  std::unique_ptr<db::Database> open_database() const;
  // For commands that need what `weir migrate` made before. Errors: kNotFound as well.
  std::unique_ptr<db::Database> open_existing_database() const;
  // Prints JSON or text to stdout.
  void print(const std::string& text) const;
};

}  // namespace weir::cli
