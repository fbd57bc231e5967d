// Atlas: directives in the first comments, `-- atlas:delimiter TEXT` and `-- atlas:txmode none|file|all`. They count
// for the file only when a blank line follows them; the delimiter stands in the first line. Source:
// github.com/ariga/atlas, sql/migrate/{dir,lex}.go
#include <fmt/format.h>

#include "base/text.hpp"
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"

namespace weir::project::formats {
namespace {

struct Directive {
  std::string name, value;
  std::size_t offset = 0;
};

std::optional<Directive> read_directive(std::string_view line, std::size_t offset) {
  const std::string_view body =
      trim(line.starts_with("#") ? line.substr(1) : line.substr(std::min<std::size_t>(2, line.size())));
  constexpr std::string_view kPrefix = "atlas:";
  if (!body.starts_with(kPrefix)) return std::nullopt;
  const auto name_end = std::min(body.find(' '), body.size());
  return Directive{std::string(body.substr(kPrefix.size(), name_end - kPrefix.size())),
                   std::string(trim(body.substr(name_end))), offset};
}

// The comments at the beginning, if a blank line or nothing follows.
std::vector<Directive> file_directives(std::string_view text) {
  std::vector<Directive> found;
  std::size_t at = 0;
  while (text.substr(at).starts_with("--") || text.substr(at).starts_with("#")) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (auto directive = read_directive(text.substr(at, end - at), at)) found.push_back(std::move(*directive));
    at = std::min(end + 1, text.size());
  }
  const bool ends = at == text.size() || text[at] == '\n';
  return ends ? found : std::vector<Directive>{};
}

std::string unescaped(const std::string& value) {
  std::string result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char next = value[i] == '\\' && i + 1 < value.size() ? value[i + 1] : '\0';
    const char meant = next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : '\0';
    result += meant != '\0' ? meant : value[i];
    if (meant != '\0') ++i;
  }
  return result;
}

}  // namespace

Sections read_atlas(const SourceText& source, const sql::Dialect& dialect) {
  std::string delimiter;
  const std::string_view text = source.text;
  if (text.starts_with("--") || text.starts_with("#")) {
    const auto first = read_directive(text.substr(0, text.find('\n')), 0);
    if (first && first->name == "delimiter") {
      delimiter = unescaped(first->value);
      if (delimiter.empty())
        refuse(source, 0, "`atlas:delimiter` has no value", "write `-- atlas:delimiter \\n\\n\\n`");
    }
  }
  FileSection section = whole_file(source, dialect, delimiter);
  for (const auto& directive : file_directives(text)) {
    if (directive.name == "txmode") {
      if (directive.value != "none" && directive.value != "file" && directive.value != "all")
        refuse(source, directive.offset, fmt::format("unknown txmode '{}'", directive.value), "none, file or all");
      section.transaction = directive.value != "none";
    }
    if (directive.name != "delimiter") section.options.emplace_back(directive.name, directive.value);
  }
  return one(std::move(section));
}

}  // namespace weir::project::formats
