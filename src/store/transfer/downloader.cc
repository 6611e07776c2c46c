#include "store/transfer/downloader.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/byte_size.h"
#include "base/error.h"
#include "store/transfer/content_check.h"
#include "store/transfer/partial_file.h"
#include "store/transfer/range_request.h"
#include "telemetry/log.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::human_bytes;

constexpr std::uint64_t kReservedBytes = 64ULL * 1024 * 1024;  // left free on the disk

std::string key_of(const RemoteFile& file) {
  return file.digest ? file.digest->file_name() : "git-" + file.git_id;
}

/// One file on its way.
struct Item {
  const RemoteFile* remote = nullptr;
  std::unique_ptr<PartialFile> partial;
  std::deque<std::uint64_t> parts;      // not begun
  std::size_t running = 0;              // parts being fetched
  bool ranges_known = false;            // the server has sent a part when asked for one
  std::atomic<std::uint64_t> bytes{0};  // that have arrived
  std::optional<Digest> digest;         // of the finished blob
  bool opened = false;
};

class Download {
 public:
  Download(BlobStore& blobs, const fs::path& folder, const std::vector<RemoteFile>& files,
           Authorization& authorization, const TransferOptions& options)
      : blobs_(blobs),
        folder_(folder),
        files_(files),
        authorization_(authorization),
        options_(options),
        items_(files.size()) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      items_[i].remote = &files[i];
      if (files[i].digest && blobs.size(*files[i].digest) == files[i].size) {
        items_[i].digest = files[i].digest;
        items_[i].opened = true;
        items_[i].bytes = files[i].size;
      }
    }
  }

  void check_space() const {
    std::uint64_t needed = 0;
    for (const Item& item : items_) {
      if (!item.digest) {
        needed += item.remote->size -
                  PartialFile::completed_on_disk(folder_, key_of(*item.remote), item.remote->size);
      }
    }
    if (needed == 0 || !options_.free_space) return;
    make_folders(folder_);
    const std::uint64_t free = options_.free_space(folder_);
    if (free < needed + kReservedBytes) {
      throw Error(ErrorCode::kResourceExhausted, "not enough disk space: " + human_bytes(needed) +
                                                     " more are needed, but only " + human_bytes(free) +
                                                     " are free at " + folder_.string());
    }
  }

  void run(const std::function<void(const DownloadState&)>& report, const std::atomic<bool>& cancelled) {
    const std::size_t count = std::min(options_.streams, std::max<std::size_t>(items_.size(), 1) * 4);
    std::vector<std::jthread> workers;
    const StopAtEnd guard{*this};
    for (std::size_t i = 0; i < count; ++i) workers.emplace_back([this] { work(); });
    std::unique_lock lock(mutex_);
    while (!failure_ && !all_done()) {
      changed_.wait_for(lock, options_.report_every);
      if (cancelled) throw Error(ErrorCode::kCancelled, "request canceled");
      const DownloadState now = state();
      lock.unlock();
      report(now);
      lock.lock();
    }
    if (failure_) {
      lock.unlock();
      stop();
      workers.clear();
      std::rethrow_exception(failure_);
    }
    const DownloadState end = state();
    lock.unlock();
    report(end);
  }

  std::vector<Digest> digests() const {
    std::vector<Digest> digests;
    for (const Item& item : items_) digests.push_back(*item.digest);
    return digests;
  }

 private:
  struct StopAtEnd {
    Download& download;
    ~StopAtEnd() { download.stop(); }
  };

  void stop() {
    stopped_ = true;
    changed_.notify_all();
  }

  bool all_done() const {
    return std::all_of(items_.begin(), items_.end(),
                       [](const Item& item) { return item.digest.has_value(); });
  }

  DownloadState state() const {
    DownloadState state;
    for (const Item& item : items_) {
      state.total += item.remote->size;
      state.completed_of.push_back(std::min<std::uint64_t>(item.bytes, item.remote->size));
      state.completed += state.completed_of.back();
    }
    return state;
  }

  /// The next part to fetch; waits while others decide what is left. Null: nothing any more.
  Item* next(std::uint64_t& part) {
    std::unique_lock lock(mutex_);
    while (!stopped_ && !failure_) {
      bool unfinished = false;
      for (Item& item : items_) {
        if (item.digest) continue;
        unfinished = true;
        if (!item.opened) open(item);
        // Until the server has shown that it knows ranges, one part is fetched alone.
        if (item.parts.empty() || (item.running > 0 && !item.ranges_known)) continue;
        part = item.parts.front();
        item.parts.pop_front();
        ++item.running;
        return &item;
      }
      if (!unfinished) return nullptr;
      changed_.wait(lock);
    }
    return nullptr;
  }

  void open(Item& item) {
    item.partial =
        std::make_unique<PartialFile>(folder_, key_of(*item.remote), item.remote->size, options_.part_bytes);
    item.bytes = item.partial->completed();
    for (const std::uint64_t part : item.partial->missing()) item.parts.push_back(part);
    if (item.parts.empty()) item.parts.push_back(item.partial->part_count());  // only to be checked
    item.opened = true;
  }

  void work() {
    http::Fetcher fetcher(options_.fetch);
    try {
      std::uint64_t part = 0;
      while (Item* item = next(part)) {
        if (part < item->partial->part_count()) fetch_part(fetcher, *item, part);
        finish_part(*item);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    changed_.notify_all();
  }

  void fetch_part(http::Fetcher& fetcher, Item& item, std::uint64_t part) {
    PartialFile& file = *item.partial;
    RangeRequest range{.url = item.remote->url,
                       .begin = file.part_begin(part),
                       .end = file.part_end(part),
                       .size = item.remote->size};
    range.take = [&item, &file](std::uint64_t offset, std::string_view bytes) {
      file.write(offset, bytes);
      item.bytes += bytes.size();
    };
    range.on_begin = [this, &item](bool whole) {
      const std::lock_guard lock(mutex_);
      if (whole) item.parts.clear();  // everything comes in this answer
      item.ranges_known = !whole;
      changed_.notify_all();
    };
    range.on_restart = [&item](std::uint64_t bytes) { item.bytes -= bytes; };
    const bool whole = fetch_range(fetcher, range, authorization_, options_, stopped_);
    if (!whole) {
      file.complete(part);
      return;
    }
    for (const std::uint64_t each : file.missing()) file.complete(each);
  }

  void finish_part(Item& item) {
    {
      const std::lock_guard lock(mutex_);
      --item.running;
      if (!item.parts.empty() || item.running > 0) return;
    }
    // The last one: nobody else touches the item.
    PartialFile& file = *item.partial;
    try {
      check_content(file.path(), *item.remote, stopped_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) file.discard();
      throw;
    }
    Digest digest = item.remote->digest ? *item.remote->digest : blobs_.hash(file.path());
    blobs_.adopt(file.path(), digest);
    file.finished();
    const std::lock_guard lock(mutex_);
    item.digest = std::move(digest);
    item.partial.reset();
    item.bytes = item.remote->size;
    changed_.notify_all();
  }

  BlobStore& blobs_;
  const fs::path folder_;
  const std::vector<RemoteFile>& files_;
  Authorization& authorization_;
  const TransferOptions& options_;
  std::deque<Item> items_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::exception_ptr failure_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

std::vector<Digest> download(BlobStore& blobs, const fs::path& partial_folder,
                             const std::vector<RemoteFile>& files, Authorization& authorization,
                             const TransferOptions& options,
                             const std::function<void(const DownloadState&)>& report,
                             const std::atomic<bool>& cancelled,
                             std::vector<std::unique_ptr<BlobPin>>& pins) {
  // One content may have several names.
  std::vector<RemoteFile> distinct;
  std::vector<std::size_t> place;
  std::map<std::string, std::size_t> known;
  for (const RemoteFile& file : files) {
    if (file.digest) pins.push_back(std::make_unique<BlobPin>(blobs, *file.digest));
    const auto [entry, added] = known.emplace(key_of(file), distinct.size());
    if (added) distinct.push_back(file);
    place.push_back(entry->second);
  }
  Download work(blobs, partial_folder, distinct, authorization, options);
  work.check_space();
  work.run(
      [&](const DownloadState& state) {
        DownloadState all;
        for (std::size_t i = 0; i < files.size(); ++i) {
          all.completed_of.push_back(state.completed_of[place[i]]);
          all.completed += all.completed_of.back();
          all.total += files[i].size;
        }
        report(all);
      },
      cancelled);
  const std::vector<Digest> found = work.digests();
  std::vector<Digest> digests;
  for (const std::size_t index : place) digests.push_back(found[index]);
  for (const Digest& digest : found) pins.push_back(std::make_unique<BlobPin>(blobs, digest));
  return digests;
}

}  // namespace axllama::store
