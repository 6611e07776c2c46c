#include "api/streams/record_ring.h"

#include <utility>

#include "http/status.h"

namespace axllama::api::streams {
namespace {

bool is_event_stream(std::string_view content_type) {
  return content_type == http::kEventStreamContentType;
}

}  // namespace

RecordRing::~RecordRing() {
  total_ -= bytes_;
}

std::size_t RecordRing::cost(std::string_view record) noexcept {
  return record.size() + sizeof(std::string);
}

void RecordRing::push(std::string record) {
  const std::size_t size = cost(record);
  records_.push_back(std::move(record));
  ++next_;
  bytes_ += size;
  total_ += size;
}

void RecordRing::drop_oldest() {
  const std::size_t size = cost(records_.front());
  records_.pop_front();
  bytes_ -= size;
  total_ -= size;
}

std::string RecordRing::read(std::uint64_t& from, std::size_t most_bytes) const {
  std::string bytes;
  for (; from < next_; ++from) {
    const std::string& record = records_[from - first()];
    if (!bytes.empty() && bytes.size() + record.size() > most_bytes) {
      break;
    }
    bytes += record;
  }
  return bytes;
}

std::vector<std::string_view> split_records(std::string_view records, std::string_view content_type) {
  const std::string_view end = is_event_stream(content_type) ? "\n\n" : "\n";
  std::vector<std::string_view> parts;
  while (!records.empty()) {
    const auto at = records.find(end);
    const std::size_t size = at == std::string_view::npos ? records.size() : at + end.size();
    parts.push_back(records.substr(0, size));
    records.remove_prefix(size);
  }
  return parts;
}

std::string numbered(std::string_view record, std::uint64_t number, std::string_view content_type) {
  std::string text;
  if (is_event_stream(content_type)) {
    text = "id: " + std::to_string(number) + "\n";
  }
  return text.append(record);
}

}  // namespace axllama::api::streams
