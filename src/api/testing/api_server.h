#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/error_bodies.h"
#include "api/json_body.h"
#include "api/testing/fake_service.h"
#include "http/router.h"
#include "http/server.h"
#include "http/testing/raw_client.h"
#include "model/testing/package_folder.h"
#include "store/library.h"

namespace axllama::api::testing {

/// ChatML with a system message, and `enable_thinking` as Qwen3's template has it.
inline constexpr const char* kThinkingTemplate =
    "{%- for m in messages %}"
    "{%- if m.role == 'assistant' and m.reasoning_content is string %}"
    "{{- '[assistant]<think>' + m.reasoning_content + '</think>' + m.content + '\\n' }}"
    "{%- else %}{{- '[' + m.role + ']' + m.content + '\\n' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '[assistant]' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think></think>' }}{%- endif "
    "%}{%- endif %}";
inline constexpr const char* kPlainTemplate =
    "{%- for m in messages %}{{- '[' + m.role + ']' + m.content + '\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '[assistant]' }}{%- endif %}";

/// A folder of models whose tokenizer gives one token per byte: "plain", "thinker" and "broken".
class ModelFolder {
 public:
  ModelFolder() {
    add("plain", kPlainTemplate,
        R"({"axllama":{"architecture":"llama","weight_type":"s8","context_length":256,
        "parameter_count":751632384,"head_count":4,"head_count_kv":2,"head_dim":16}})");
    add("thinker", kThinkingTemplate,
        R"({"axllama":{"architecture":"qwen3","weight_type":"bf16","context_length":256}})");
    add("unknown-context", kPlainTemplate, "");
    root_.write("broken/qwen3_p128_l0_together.axmodel",
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
  }

  void add(const std::string& name, const std::string& chat_template, const std::string& config) {
    model::testing::PackageFolder package;
    package.write_package();
    package.write("config.json", config);
    nlohmann::json tokenizer_config{{"chat_template", chat_template}, {"eos_token", "<|special_0|>"}};
    package.write("tokenizer_config.json", tokenizer_config.dump());
    std::filesystem::copy(package.path(), root_.path() / name, std::filesystem::copy_options::recursive);
  }

  const std::filesystem::path& path() const { return root_.path(); }
  void write(const std::string& name, const std::string& content) const { root_.write(name, content); }

 private:
  model::testing::PackageFolder root_;
};

/// A server on a free port with the routes a test adds, over a scripted service.
class ApiServer {
 public:
  explicit ApiServer(const std::function<void(http::Router&)>& add_routes) {
    auto router = std::make_shared<http::Router>();
    add_routes(*router);
    http::ServerOptions options;
    http::Listener listener;
    listener.endpoint.port = 0;
    listener.router = std::move(router);
    listener.render_error = render_error;
    options.listeners.push_back(std::move(listener));
    options.log_requests = false;
    server_ = std::make_unique<http::Server>(std::move(options));
    server_->start();
  }

  std::uint16_t port() const { return server_->endpoints().front().port; }
  http::Server& server() { return *server_; }

  http::testing::RawResponse call(const std::string& method, const std::string& path,
                                  const std::string& body = {}, const std::string& fields = {}) const {
    http::testing::RawClient client(port());
    return client.exchange(method, path, body, "Host: localhost\r\n" + fields);
  }
  http::testing::RawResponse post(const std::string& path, const std::string& body) const {
    return call("POST", path, body);
  }

 private:
  std::unique_ptr<http::Server> server_;
};

/// The records of an NDJSON body.
inline std::vector<Json> records_of(const std::string& body) {
  std::vector<Json> records;
  for (std::size_t begin = 0; begin < body.size();) {
    const std::size_t end = body.find('\n', begin);
    records.push_back(Json::parse(body.substr(begin, end - begin)));
    begin = end == std::string::npos ? body.size() : end + 1;
  }
  return records;
}

/// True as soon as `condition` holds; false when it does not in time.
template <typename Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace axllama::api::testing
