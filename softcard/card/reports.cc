#include "softcard/card/reports.h"

#include <cstdio>
#include <utility>

#include <nlohmann/json.hpp>

namespace axllama::softcard {

void Reports::add(Report report) {
  const std::scoped_lock lock(mutex_);
  ++count_;
  if (!quiet_) {
    const std::uint64_t times = ++printed_[report.text];
    if (times <= kPrintedPerSentence) {
      std::fprintf(stderr, "[softcard] %s%s\n", report.text.c_str(),
                   times == kPrintedPerSentence ? " (said for the last time)" : "");
    }
    if (printed_.size() > kKept) {
      printed_.clear();
    }
  }
  reports_.push_back(std::move(report));
  if (reports_.size() > kKept) {
    reports_.pop_front();
  }
}

std::vector<Report> Reports::all() const {
  const std::scoped_lock lock(mutex_);
  return {reports_.begin(), reports_.end()};
}

std::uint64_t Reports::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

std::string Reports::to_json() const {
  const std::scoped_lock lock(mutex_);
  nlohmann::json list = nlohmann::json::array();
  for (const Report& report : reports_) {
    nlohmann::json item = {{"kind", report.kind}, {"text", report.text}};
    if (report.rule != 0) {
      item["rule"] = report.rule;
    }
    if (!report.model.empty()) {
      item["model"] = report.model;
    }
    if (!report.tensor.empty()) {
      item["tensor"] = report.tensor;
    }
    if (report.group >= 0) {
      item["group"] = report.group;
    }
    list.push_back(std::move(item));
  }
  // Paths may hold any bytes; the JSON must not fail on them.
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Reports::clear() {
  const std::scoped_lock lock(mutex_);
  reports_.clear();
  printed_.clear();
  count_ = 0;
}

}  // namespace axllama::softcard
