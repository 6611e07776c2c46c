#include "serving/late_answers.h"

#include <algorithm>
#include <utility>

#include "serving/fault.h"

namespace axllama::serving {
namespace {

base::Error not_ready_in_time(const std::string& problem) {
  return {base::ErrorCode::kUnavailable,
          "The card failed while it answered and was not ready again within " +
              std::to_string(kRecoveryPatience.count()) + " seconds. Please try again.",
          problem};
}

}  // namespace

void LateAnswers::failed(std::uint64_t id, std::shared_ptr<EventChannel> channel, std::string problem,
                         TimePoint now) {
  const std::lock_guard lock(mutex_);
  const TimePoint recover_by = now + kRecoveryPatience;
  Answer& answer = answers_.try_emplace(id, Answer{std::move(channel), {}, recover_by, kNever}).first->second;
  answer.problem = std::move(problem);
  answer.tell_at = answer.recover_by;
  answer.ready = false;
}

void LateAnswers::ready(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = answers_.find(id); found != answers_.end()) {
    found->second.ready = true;
    found->second.tell_at = kNever;
  }
}

void LateAnswers::remove(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  answers_.erase(id);
}

bool LateAnswers::is_late(std::uint64_t id, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(id);
  return found != answers_.end() && now >= found->second.recover_by;
}

base::Error LateAnswers::error_for(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(id);
  return not_ready_in_time(found == answers_.end() ? std::string() : found->second.problem);
}

LateAnswers::TimePoint LateAnswers::next() const {
  TimePoint first = kNever;
  for (const auto& [id, answer] : answers_) {
    first = std::min(first, answer.tell_at);
  }
  return first;
}

LateAnswers::TimePoint LateAnswers::begin_call(TimePoint now) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, answer] : answers_) {
    answer.tell_at = answer.ready ? std::max(answer.recover_by, now + kRecoveryPatience) : answer.recover_by;
  }
  return next();
}

LateAnswers::TimePoint LateAnswers::tell(TimePoint now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(answers_, [now](const auto& entry) {
    const Answer& answer = entry.second;
    if (now < answer.tell_at) {
      return false;
    }
    answer.channel->push(not_ready_in_time(answer.problem));
    return true;
  });
  return next();
}

}  // namespace axllama::serving
