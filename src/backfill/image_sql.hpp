// The SQL of before-images: how a batch keeps them and how an undo brings them back. Pure functions of a program whose
// `key`, `keep` and `images` are set.
//
// The table of images has a row for each row that was changed: its key (key_1 ...), what the kept columns held before
// (before_1 ...) and what the run left there (after_1 ...), and a state:
//   new      the batch that writes it is not committed yet: nobody else sees it
//   kept     can be undone
//   due      the undo that restores it is not committed yet
//   undone, changed, gone   what the undo found; see undo.hpp
#pragma once

#include <string>
#include <vector>

#include "backfill/program.hpp"

namespace weir::backfill {

class ImageSql {
 public:
  ImageSql(const db::Database& database, const Program& program);

  std::string create() const;

  // --- in a batch; bound as batch_source() says
  // The images of the rows that `batch` (SQL, a condition) matches, and locks on these rows.
  std::vector<std::string> before(const std::string& batch) const;
  // `condition`, for rows only whose image this batch has taken: the change must not reach a row that came to match
  // `where` since then.
  std::string imaged(const std::string& condition, Lower lower) const;
  // What the change left in these rows; images of rows that are as they were go.
  std::vector<std::string> after(Lower lower) const;

  // --- in an undo; bound: weir_lo0.. (kExclusive), weir_hi0..
  // SELECT of the greatest key that has an image.
  std::string last() const;
  // SELECT of the key of the n-th image that can be undone.
  std::string nth(Lower lower, std::int64_t n) const;
  // A SELECT that locks the rows; empty where that is not needed.
  std::string lock(Lower lower) const;
  // Tells the images whose rows are as the run left them (`due`) from the others (`changed`, `gone`).
  std::string judge(Lower lower) const;
  // SELECT of the number of images that are `due`.
  std::string count_due(Lower lower) const;
  // Restores the rows whose images are `due`, then marks the images of those that hold the old values now.
  std::string restore(Lower lower) const;
  std::string confirm(Lower lower) const;
  // SELECT of the number of images by state.
  std::string count_states() const;
  // SELECT of state and key of the images whose rows were not restored, in the order of the key.
  std::string others(std::int64_t most) const;

 private:
  // Of the images, by key.
  std::string range(Lower lower) const;
  std::string in_state(std::string_view state) const;
  // Both name the columns of the image and of the row with their tables.
  std::string same_key(const std::string& row) const;
  std::string holds(const std::string& row, std::string_view values) const;
  // (SELECT ... FROM the table WHERE the key is that of the image AND ...)
  std::string row_of_image(const std::string& what, const std::string& condition) const;
  std::string image(std::string_view prefix, std::size_t index) const;
  std::string column(const std::string& row, const std::string& name) const;

  const db::Database& database_;
  const sql::Dialect& dialect_;
  const Program& program_;
  Program walk_;  // over the images themselves, by their key
  std::string table_, images_;
  std::string own_row_;  // the table's name in front of its columns
  std::string own_image_;
};

// Makes a batch keep images.
void add_images(db::BatchSource& source, const ImageSql& sql, Lower lower, const sql::Dialect& dialect);

}  // namespace weir::backfill
