#include "cli/terminal.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.hpp"

namespace weir::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kLine{5};

// Eighths of a block, so that a short bar moves smoothly.
std::string bar(double fraction, int width) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * width * 8);
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += kEighths[eighths % 8];
  const int used = eighths / 8 + (eighths % 8 != 0 ? 1 : 0);
  return text + std::string(static_cast<std::size_t>(width - used), ' ');
}

void redraw(const std::string& line) {
  std::fputs(fmt::format("\r{}\x1b[K", fit_terminal(line, STDERR_FILENO)).c_str(), stderr);
  std::fflush(stderr);
}

std::string figures(const backfill::Progress& progress) {
  std::string text = fmt::format("{}", human_count(progress.rows_done));
  if (progress.rows_total) text += fmt::format(" of {}", human_count(*progress.rows_total));
  text += " rows";
  const auto ms = progress.elapsed.count();
  if (ms > 0 && progress.rows_here > 0) {
    const double rate = static_cast<double>(progress.rows_here) * 1000.0 / static_cast<double>(ms);
    text += fmt::format("  {} rows/s", human_count(static_cast<std::int64_t>(rate)));
    if (progress.rows_total && *progress.rows_total > progress.rows_done) {
      const double left = static_cast<double>(*progress.rows_total - progress.rows_done) / rate;
      text += fmt::format("  {} left", human_duration(Milliseconds(static_cast<std::int64_t>(left * 1000))));
    }
  }
  if (progress.workers > 1) text += fmt::format("  {} workers", progress.workers);
  return progress.pass > 1 ? text + fmt::format("  pass {}", progress.pass) : text;
}

}  // namespace

std::string fit_terminal(const std::string& line, int file_descriptor) {
  winsize size{};
  const int width = ::ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  int columns = 0;
  std::size_t end = 0;
  while (end < line.size() && columns < width - 1) {
    if (line[end] == '\x1b') {
      end = std::min(line.find('m', end), line.size() - 1) + 1;
      continue;
    }
    ++end;
    while (end < line.size() && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) ++end;
    ++columns;
  }
  return line.substr(0, end);
}

report::Colour colour_of(int file_descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const bool off = no_colour != nullptr && *no_colour != '\0';
  return ::isatty(file_descriptor) == 1 && !off ? report::Colour::kOn : report::Colour::kOff;
}

ProgressView::ProgressView(bool quiet)
    : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1), last_(std::chrono::steady_clock::now() - kRedraw) {
  if (!terminal_) last_ = std::chrono::steady_clock::now();
}

ProgressView::~ProgressView() { finish(); }

void ProgressView::on_progress(const backfill::Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (quiet_ || now - last_ < (terminal_ ? std::chrono::milliseconds(kRedraw) : std::chrono::milliseconds(kLine)))
    return;
  last_ = now;
  draw(progress);
}

void ProgressView::draw(const backfill::Progress& progress) {
  if (!terminal_) {
    std::fputs(fmt::format("{}: {}\n", progress.name, figures(progress)).c_str(), stderr);
    return;
  }
  std::string line = progress.name + "  ";
  if (progress.rows_total && *progress.rows_total > 0) {
    const double fraction = static_cast<double>(progress.rows_done) / static_cast<double>(*progress.rows_total);
    line += fmt::format("{} {:>3.0f} %  ", bar(fraction, 24), std::min(fraction, 0.99) * 100);
  }
  line += figures(progress);
  redraw(line);
  drawn_ = true;
}

void ProgressView::on_note(const std::string& text) {
  if (quiet_) return;
  finish();
  std::fputs((text + "\n").c_str(), stderr);
}

void ProgressView::finish() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

LockWaitView::LockWaitView() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void LockWaitView::show(const migrate::LockWait& wait) {
  const auto now = std::chrono::steady_clock::now();
  std::string pids, who;
  for (const auto& blocker : wait.blockers) {
    pids += blocker.pid + " ";
    who += (who.empty() ? "" : "; ") + migrate::describe(blocker);
  }
  if (terminal_) {
    redraw(fmt::format("{} waits for a lock, {}: {}", wait.what, human_duration(wait.waited), who));
    drawn_ = true;
    return;
  }
  if (pids == told_ && now - last_ < kLine) return;
  told_ = pids;
  last_ = now;
  std::fputs(fmt::format("{} waits for a lock: {}\n", wait.what, who).c_str(), stderr);
}

void LockWaitView::clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace weir::cli
