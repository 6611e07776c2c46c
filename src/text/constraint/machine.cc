#include "text/constraint/machine.h"

#include <algorithm>
#include <bitset>
#include <utility>

#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

constexpr std::size_t kFewItems = 24;  // looked through one by one

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
  hash ^= value + 0x9E3779B97F4A7C15U + (hash << 12U) + (hash >> 4U);
  return hash * 0xFF51AFD7ED558CCDU;
}

std::uint64_t key_of(const Machine::Item& item) {
  return std::uint64_t{item.state} << 32U | item.stack;
}

}  // namespace

std::size_t Machine::FrameHash::operator()(const Frame& frame) const noexcept {
  return mix(mix(frame.below, frame.state), frame.rounds);
}

Machine::Machine(const Automaton& automaton) : automaton_(automaton) {
  std::bitset<257> begins;
  for (const Automaton::Edge& edge : automaton.edges) {
    begins.set(edge.first);
    begins.set(std::size_t{edge.last} + 1);
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    if (byte > 0 && begins[byte]) ++classes_;
    class_of_[byte] = static_cast<std::uint8_t>(classes_);
  }
  ++classes_;
  frames_.push_back({0, Automaton::kNone, 0});
  intern();  // kDead: nothing reached
  std::fill(transitions_.begin(), transitions_.end(), kDead);
}

Machine::Config Machine::start() {
  reach(automaton_.start, 0);
  return close() ? intern() : kDead;
}

Machine::Config Machine::compute_step(Config config, std::uint8_t byte) {
  const std::size_t first = configs_[config].first;
  const std::size_t last = first + configs_[config].count;
  for (std::size_t i = first; i < last; ++i) {
    const Automaton::State& state = automaton_.states[items_[i].state];
    for (const Automaton::Edge& edge : automaton_.edges_of(state)) {
      if (byte >= edge.first && byte <= edge.last) reach(edge.target, items_[i].stack);
    }
  }
  const Config next = close() ? intern() : kDead;
  transitions_[config * classes_ + class_of_[byte]] = next;
  return next;
}

std::optional<std::vector<Machine::Item>> Machine::closure(Automaton::StateId state, Stack stack) {
  reach(state, stack);
  if (!close()) return std::nullopt;
  accepting_ = false;
  return std::exchange(result_, {});
}

Machine::Stack Machine::push(const Frame& frame) {
  const auto [found, added] = stacks_.try_emplace(frame, static_cast<Stack>(frames_.size()));
  if (added) frames_.push_back(frame);
  return found->second;
}

void Machine::reach(Automaton::StateId state, Stack stack) {
  const Item item{state, stack};
  if (reached_.size() < kFewItems) {
    if (std::find(reached_.begin(), reached_.end(), item) != reached_.end()) return;
  } else {
    if (seen_.empty()) {
      for (const Item& earlier : reached_) seen_.emplace(key_of(earlier), true);
    }
    if (!seen_.emplace(key_of(item), true).second) return;
  }
  reached_.push_back(item);
}

bool Machine::close() {
  bool fits = true;
  for (std::size_t i = 0; i < reached_.size(); ++i) {
    if (i >= kConstraintLimits.max_closure || result_.size() > kConstraintLimits.max_items) {
      fits = false;
      break;
    }
    follow(Item(reached_[i]));
  }
  reached_.clear();
  seen_.clear();
  if (!fits) {
    result_.clear();
    accepting_ = false;
  }
  return fits;
}

void Machine::follow(const Item& item) {
  const Automaton::State& state = automaton_.states[item.state];
  switch (state.kind) {
    case Automaton::Kind::kBytes:
      result_.push_back(item);
      break;
    case Automaton::Kind::kSplit:
      for (const Automaton::StateId target : automaton_.targets_of(state)) reach(target, item.stack);
      break;
    case Automaton::Kind::kCall: {
      // Nothing is left to do after a call at the very end: what is below takes over.
      const bool last = automaton_.states[state.after].kind == Automaton::Kind::kEnd;
      reach(state.body, last ? item.stack : push({item.stack, state.after, kCall}));
      break;
    }
    case Automaton::Kind::kCounted:
      if (state.min == 0) reach(state.after, item.stack);
      reach(state.body, push({item.stack, item.state, 0}));
      break;
    case Automaton::Kind::kEnd:
      if (item.stack == 0) {
        accepting_ = true;
      } else {
        end_round(item.stack);
      }
      break;
  }
}

void Machine::end_round(Stack stack) {
  const Frame frame = frames_[stack];
  if (frame.rounds == kCall) {
    reach(frame.state, frame.below);
    return;
  }
  const Automaton::State& state = automaton_.states[frame.state];
  const bool unbounded = state.max == Grammar::kUnbounded;
  const std::uint32_t rounds = unbounded ? std::min(frame.rounds + 1, state.min) : frame.rounds + 1;
  if (rounds >= state.min) reach(state.after, frame.below);
  if (unbounded || rounds < state.max) reach(state.body, push({frame.below, frame.state, rounds}));
}

Machine::Config Machine::intern() {
  std::sort(result_.begin(), result_.end());
  std::uint64_t hash = accepting_ ? 1 : 2;
  for (const Item& item : result_) hash = mix(hash, key_of(item));
  const auto [begin, end] = known_.equal_range(hash);
  for (auto entry = begin; entry != end; ++entry) {
    const auto known = items(entry->second);
    if (configs_[entry->second].accepting == accepting_ &&
        std::equal(known.begin(), known.end(), result_.begin(), result_.end())) {
      result_.clear();
      accepting_ = false;
      return entry->second;
    }
  }
  const auto config = static_cast<Config>(configs_.size());
  configs_.push_back(
      {static_cast<std::uint32_t>(items_.size()), static_cast<std::uint32_t>(result_.size()), accepting_});
  items_.insert(items_.end(), result_.begin(), result_.end());
  transitions_.resize(transitions_.size() + classes_, kUnknown);
  known_.emplace(hash, config);
  result_.clear();
  accepting_ = false;
  return config;
}

Machine::Config Machine::import(const Machine& other, Config config) {
  std::unordered_map<Stack, Stack> moved{{0, 0}};
  std::vector<Stack> path;
  for (const Item& item : other.items(config)) {
    path.clear();
    Stack stack = item.stack;
    for (; moved.find(stack) == moved.end(); stack = other.frame(stack).below) path.push_back(stack);
    Stack mine = moved[stack];
    while (!path.empty()) {
      const Frame& frame = other.frame(path.back());
      mine = push({mine, frame.state, frame.rounds});
      moved.emplace(path.back(), mine);
      path.pop_back();
    }
    result_.push_back({item.state, mine});
  }
  accepting_ = other.accepting(config);
  return intern();
}

std::size_t Machine::bytes() const noexcept {
  constexpr std::size_t kMapEntry = 48;
  return frames_.size() * (sizeof(Frame) + kMapEntry) +
         configs_.size() * (sizeof(Configuration) + kMapEntry) + items_.size() * sizeof(Item) +
         transitions_.size() * sizeof(std::uint32_t);
}

}  // namespace axllama::text
