// Before-images: which runs keep what rows held before they were changed. The images of a run are a table of its own,
// `weir_kept_<id>`, whose columns have the types of the user's columns, so that a value comes back exactly as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/runs.hpp"

namespace weir::ledger {

enum class ImageState {
  kKept,
  kUndoing,  // an undo has begun; `weir undo` goes on with it
  kUndone,
};

struct ImageSet {
  std::int64_t id = 0;
  RunId run;
  std::vector<std::string> key_columns;   // of the user's table
  std::vector<std::string> kept_columns;  // likewise
  ImageState state = ImageState::kKept;
  EpochMs created_at = 0;

  std::string table_name() const { return "weir_kept_" + std::to_string(id); }
};

// The oldest first.
std::vector<ImageSet> read_image_sets(Ledger& ledger);
std::optional<ImageSet> read_image_set(Ledger& ledger, const RunId& run);
// Only if the run has none; the table is not created here. What stands there afterwards.
ImageSet record_image_set(Ledger& ledger, const RunId& run, const std::vector<std::string>& key,
                          const std::vector<std::string>& kept);
// Compare-and-set. False: it was in another state.
bool move_image_set(Ledger& ledger, const ImageSet& set, ImageState to);
// Until the caller's transaction ends no undo of the run begins. False: one has begun, or the run keeps nothing.
bool hold_kept_images(Ledger& ledger, const RunId& run);
// Until the caller's transaction ends no set of the migration changes its state. Waits for whoever moves one.
void hold_image_sets(Ledger& ledger, const project::Version& version);
void remove_image_set(Ledger& ledger, const ImageSet& set);

// The tables of the ledger and of all images.
std::vector<sql::TableName> all_tables(Ledger& ledger);

}  // namespace weir::ledger
