#include "engines/mysql/batch_text.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "engines/mysql/dialect.hpp"
#include "engines/mysql/literals.hpp"

namespace weir::engines::mysql {

BatchText::BatchText(const sql::Template& source, const std::map<std::string, std::string>& fragments) {
  const std::string text = source.expand(fragments);
  std::size_t at = 0;
  for (const auto& placeholder : sql::find_placeholders(text, dialect())) {
    texts_.push_back(text.substr(at, placeholder.offset - at));
    names_.push_back(placeholder.name);
    at = placeholder.offset + placeholder.length;
  }
  texts_.push_back(text.substr(at));
}

void BatchText::append_to(std::string& sql, const db::Bindings& bindings) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto found =
        std::find_if(bindings.begin(), bindings.end(), [&](const auto& b) { return b.first == names_[i]; });
    if (found == bindings.end()) throw Error(Code::kInternal, fmt::format("no value is bound to :{}", names_[i]));
    sql += texts_[i];
    append_literal(sql, found->second);
  }
  sql += texts_.back();
}

void BatchText::append_to(std::string& sql, const db::Row& values) const {
  if (values.size() != names_.size())
    throw Error(Code::kInternal, fmt::format("{} values for {} placeholders", values.size(), names_.size()));
  for (std::size_t i = 0; i < names_.size(); ++i) {
    sql += texts_[i];
    append_literal(sql, values[i]);
  }
  sql += texts_.back();
}

}  // namespace weir::engines::mysql
