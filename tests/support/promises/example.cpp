#include "support/promises/example.hpp"

#include <ostream>

namespace weir::test::promises {
namespace {

std::string_view name_of(Act act) {
  switch (act) {
    case Act::kInsert: return "insert";
    case Act::kDelete: return "delete";
    case Act::kMove: return "move";
    case Act::kTouch: return "touch";
    case Act::kUndo: return "undo";
    case Act::kDo: return "do";
    case Act::kStop: return "stop";
    case Act::kPause: return "pause";
    case Act::kCancel: return "cancel";
    case Act::kRestart: return "restart";
    case Act::kTune: return "tune";
    case Act::kSteal: return "steal";
    case Act::kCut: return "cut";
    case Act::kHelp: return "help";
  }
  return "";
}

std::string_view name_of(Selection selection) {
  switch (selection) {
    case Selection::kAll: return "no where";
    case Selection::kMarked: return "where: m = 0";
    case Selection::kSome: return "where: m = 0 AND kind <> 1";
  }
  return "";
}

rc::Gen<Act> acts(Concurrency concurrency) {
  return rc::gen::weightedElement<Act>({{24, Act::kMove},
                                        {16, Act::kInsert},
                                        {10, Act::kDelete},
                                        {4, Act::kTouch},
                                        {6, Act::kUndo},
                                        {6, Act::kDo},
                                        {3, Act::kStop},
                                        {1, Act::kPause},
                                        {1, Act::kCancel},
                                        {1, Act::kRestart},
                                        {2, Act::kTune},
                                        {3, Act::kSteal},
                                        {1, Act::kCut},
                                        {concurrency == Concurrency::kAtOnce ? 2U : 0U, Act::kHelp}});
}

rc::Gen<Step> steps(Concurrency concurrency) {
  return rc::gen::build<Step>(rc::gen::set(&Step::act, acts(concurrency)),
                              rc::gen::set(&Step::gap, rc::gen::resize(100, rc::gen::inRange(0, 4))),
                              rc::gen::set(&Step::which, rc::gen::resize(100, rc::gen::inRange(0U, 1000U))),
                              rc::gen::set(&Step::where, rc::gen::resize(100, rc::gen::inRange(0U, 1000U))));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Example& example) {
  out << promises::name_of(example.shape) << " keys (seed " << example.seed << "), " << example.rows << " rows, batch "
      << example.batch << ", " << example.workers << " workers, " << name_of(example.selection) << ":";
  for (const auto& step : example.steps) {
    out << "\n  after " << step.gap << " batches " << name_of(step.act) << " " << step.which << " " << step.where;
  }
  return out;
}

rc::Gen<Example> examples(Concurrency concurrency) {
  const auto whole = [](auto gen) { return rc::gen::resize(100, std::move(gen)); };
  return rc::gen::build<Example>(
      rc::gen::set(&Example::shape,
                   rc::gen::elementOf(std::vector<KeyShape>(std::begin(kKeyShapes), std::end(kKeyShapes)))),
      rc::gen::set(&Example::seed, whole(rc::gen::inRange<std::uint64_t>(0, 1'000'000))),
      rc::gen::set(&Example::rows, rc::gen::weightedOneOf<int>(
                                       {{3, whole(rc::gen::inRange(0, 60))}, {2, whole(rc::gen::inRange(0, 400))}})),
      rc::gen::set(&Example::batch, rc::gen::weightedOneOf<int>(
                                        {{2, whole(rc::gen::inRange(1, 8))}, {1, whole(rc::gen::inRange(1, 51))}})),
      rc::gen::set(&Example::workers,
                   concurrency == Concurrency::kOneByOne ? rc::gen::just(1) : whole(rc::gen::inRange(1, 9))),
      rc::gen::set(&Example::selection, rc::gen::weightedElement<Selection>(
                                            {{3, Selection::kAll}, {1, Selection::kMarked}, {1, Selection::kSome}})),
      rc::gen::set(&Example::steps, whole(rc::gen::container<std::vector<Step>>(steps(concurrency)))));
}

}  // namespace weir::test::promises
