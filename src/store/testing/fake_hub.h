#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/evp.h>

#include "http/server.h"
#include "http/status.h"
#include "store/digest.h"
#include "store/json.h"

namespace axllama::store::testing {

/// What a server does wrong with one file.
struct HubFault {
  int status = 0;             // answered instead of the file
  int times = 0;              // how often; then all is well
  std::size_t cut_after = 0;  // bytes after which the answer breaks off
  bool stall = false;         // after `cut_after` bytes nothing more comes
  bool no_ranges = false;     // the whole file, always
  std::string wrong_content = {};
  std::int64_t wrong_size = 0;  // added to the sizes it tells
};

/// Looks like the Hugging Face hub and like a registry: lists a repository, redirects to where the content
/// is, knows ranges, and can be wrong in many ways. On the loopback interface.
class FakeHub {
 public:
  FakeHub() {
    auto router = std::make_shared<http::Router>();
    const auto add = [&](const char* method, const char* path, auto member) {
      router->add(method, path, [this, member](http::Request& request, http::ResponseWriter& response) {
        return (this->*member)(request, response);
      });
    };
    add("GET", "/api/models/:owner/:repo/revision/:revision", &FakeHub::list);
    add("GET", "/:owner/:repo/resolve/:commit/*path", &FakeHub::redirect);
    add("GET", "/content/*path", &FakeHub::send);
    add("GET", "/v2/:space/:model/manifests/:tag", &FakeHub::send_manifest);
    add("GET", "/v2/:space/:model/blobs/:digest", &FakeHub::send_blob);
    add("GET", "/token", &FakeHub::send_token);
    http::ServerOptions options;
    options.log_requests = false;
    options.listeners = {http::Listener{{.host = "127.0.0.1", .port = 0}, router, {}}};
    server_ = std::make_unique<http::Server>(options);
    server_->start();
  }
  ~FakeHub() { server_->stop(std::chrono::milliseconds(0)); }

  std::string host() const { return "127.0.0.1:" + std::to_string(server_->endpoints().front().port); }
  std::string url() const { return "http://" + host(); }

  /// A file of the repository; `lfs` as the hub keeps large ones.
  void add_file(const std::string& path, const std::string& content, bool lfs = true) {
    const std::lock_guard lock(mutex_);
    files_[path] = {content, lfs};
  }
  void set_fault(const std::string& path, HubFault fault) {
    const std::lock_guard lock(mutex_);
    faults_[path] = std::move(fault);
  }
  void set_manifest(std::string text) {
    const std::lock_guard lock(mutex_);
    manifest_ = std::move(text);
  }
  /// Only requests with this value of Authorization are answered.
  void require(std::string authorization) {
    const std::lock_guard lock(mutex_);
    required_ = std::move(authorization);
  }
  /// Requests for a file's content, and bytes of content sent in all.
  int requests(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(path);
    return found == requests_.end() ? 0 : found->second;
  }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  bool credentials_leaked() const { return leaked_; }

  static constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

 private:
  struct File {
    std::string content;
    bool lfs = true;
  };
  using Request = http::Request;
  using ResponseWriter = http::ResponseWriter;

  static std::string git_id(const std::string& content) {
    const std::string text = "blob " + std::to_string(content.size()) + std::string(1, '\0') + content;
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), value.data(), &size, EVP_sha1(), nullptr);
    static constexpr const char* kDigits = "0123456789abcdef";
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += {kDigits[value[i] >> 4], kDigits[value[i] & 15]};
    return hex;
  }

  bool allowed(const Request& request) const {
    const std::lock_guard lock(mutex_);
    const std::string* field = request.headers.find("Authorization");
    return required_.empty() || (field != nullptr && *field == required_);
  }

  std::string listing() const {
    const std::lock_guard lock(mutex_);
    Json answer;
    answer["sha"] = kCommit;
    answer["siblings"] = Json::array();
    for (const auto& [path, file] : files_) {
      Json entry;
      entry["rfilename"] = path;
      const auto fault = faults_.find(path);
      const std::int64_t wrong = fault == faults_.end() ? 0 : fault->second.wrong_size;
      entry["size"] = static_cast<std::int64_t>(file.content.size()) + wrong;
      entry["blobId"] = git_id(file.content);
      if (file.lfs) {
        entry["lfs"]["sha256"] = Digest::of(file.content).hex();
        entry["lfs"]["size"] = entry["size"];
      }
      answer["siblings"].push_back(std::move(entry));
    }
    return answer.dump();
  }

  http::Awaitable<void> refuse(Request& /*request*/, ResponseWriter& response) {
    const std::string challenge = "Bearer realm=\"" + url() + "/token\",service=\"hub\",scope=\"pull\"";
    response.set_header("WWW-Authenticate", challenge);
    co_await response.respond(401, http::kJsonContentType, "{}");
  }

  http::Awaitable<void> list(Request& request, ResponseWriter& response) {
    if (!allowed(request)) {
      co_await refuse(request, response);
      co_return;
    }
    const std::string body = listing();
    const bool known = request.path_parameter("repo") == "repo";
    co_await response.respond(known ? 200 : 404, http::kJsonContentType, body);
  }

  /// As the hub: the content is at another host.
  http::Awaitable<void> redirect(Request& request, ResponseWriter& response) {
    if (!allowed(request)) {
      co_await refuse(request, response);
      co_return;
    }
    const std::string to = "http://localhost:" + host().substr(host().find(':') + 1) + "/content/" +
                           std::string(request.path_parameter("path"));
    response.set_header("Location", to);
    co_await response.respond(302, "", "");
  }

  http::Awaitable<void> send_token(Request& request, ResponseWriter& response) {
    const std::string* field = request.headers.find("Authorization");
    const bool known = field != nullptr && *field == "Basic dXNlcjpzZWNyZXQ=";  // user:secret
    const std::string body = known ? R"({"token":"granted"})" : "{}";
    co_await response.respond(known ? 200 : 401, http::kJsonContentType, body);
  }

  http::Awaitable<void> send_manifest(Request& request, ResponseWriter& response) {
    if (!allowed(request)) {
      co_await refuse(request, response);
      co_return;
    }
    std::string body;
    {
      const std::lock_guard lock(mutex_);
      body = manifest_;
    }
    co_await response.respond(body.empty() ? 404 : 200, http::kJsonContentType, body);
  }

  http::Awaitable<void> send_blob(Request& request, ResponseWriter& response) {
    const std::string digest(request.path_parameter("digest"));
    std::string path;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [name, file] : files_) {
        if (Digest::of(file.content).text() == digest) path = name;
      }
    }
    co_await send_file(path, request, response);
  }

  http::Awaitable<void> send(Request& request, ResponseWriter& response) {
    if (request.headers.find("Authorization") != nullptr) leaked_ = true;
    const std::string path(request.path_parameter("path"));
    co_await send_file(path, request, response);
  }

  /// What to do about one request.
  struct Plan {
    int status = 404;
    std::string body;
    std::string range;
    HubFault fault;
  };

  Plan plan_for(const std::string& path, const Request& request) {
    const std::lock_guard lock(mutex_);
    Plan plan;
    ++requests_[path];
    const auto file = files_.find(path);
    if (file == files_.end()) return plan;
    plan.body = file->second.content;
    if (const auto fault = faults_.find(path); fault != faults_.end() && fault->second.times != 0) {
      --fault->second.times;
      plan.fault = fault->second;
    }
    if (plan.fault.status != 0) {
      plan.status = plan.fault.status;
      plan.body = "{}";
      return plan;
    }
    if (!plan.fault.wrong_content.empty()) plan.body = plan.fault.wrong_content;
    plan.status = 200;
    const std::string* range = request.headers.find("Range");
    if (range == nullptr || plan.fault.no_ranges) return plan;
    std::size_t begin = 0;
    std::size_t end = 0;
    const auto dash = range->find('-');
    std::from_chars(range->data() + 6, range->data() + dash, begin);
    std::from_chars(range->data() + dash + 1, range->data() + range->size(), end);
    if (begin >= plan.body.size()) {
      plan.status = 416;
      return plan;
    }
    end = std::min(end, plan.body.size() - 1);
    plan.status = 206;
    plan.range =
        "bytes " + std::to_string(begin) + "-" + std::to_string(end) + "/" + std::to_string(plan.body.size());
    plan.body = plan.body.substr(begin, end - begin + 1);
    return plan;
  }

  http::Awaitable<void> send_file(const std::string& path, Request& request, ResponseWriter& response) {
    const Plan plan = plan_for(path, request);
    if (!plan.range.empty()) response.set_header("Content-Range", plan.range);
    if (plan.status == 429) response.set_header("Retry-After", "0");
    if (plan.fault.cut_after > 0 && plan.fault.cut_after < plan.body.size()) {
      const std::string part = plan.body.substr(0, plan.fault.cut_after);
      bytes_sent_ += part.size();
      response.start_stream(plan.status, "application/octet-stream");
      co_await response.write(part);
      if (plan.fault.stall) {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::seconds(60));
        co_await timer.async_wait(boost::asio::use_awaitable);
      }
      co_return;  // the connection breaks
    }
    if (plan.status < 300) bytes_sent_ += plan.body.size();
    co_await response.respond(plan.status, "application/octet-stream", plan.body);
  }

  mutable std::mutex mutex_;
  std::map<std::string, File> files_;
  std::map<std::string, HubFault> faults_;
  std::map<std::string, int> requests_;
  std::string manifest_;
  std::string required_;
  std::atomic<std::uint64_t> bytes_sent_{0};
  std::atomic<bool> leaked_{false};
  std::unique_ptr<http::Server> server_;
};

}  // namespace axllama::store::testing
