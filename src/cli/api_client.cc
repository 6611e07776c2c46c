#include "cli/api_client.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "cli/environment.h"
#include "cli/stream_record.h"
#include "http/endpoint.h"
#include "http/fetch.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;
using base::Error;
using base::ErrorCode;

/// The server's address in any form that OLLAMA_HOST takes; a part that is not usable is warned of.
std::string base_url_of(const std::string& host) {
  const http::ParsedEndpoint parsed = http::parse_endpoint(host);
  if (!parsed.warning.empty()) std::fprintf(stderr, "Warning: %s\n", parsed.warning.c_str());
  return parsed.endpoint.base_url();
}

ErrorCode code_of(int status) {
  if (status == 404) return ErrorCode::kNotFound;
  if (status == 503) return ErrorCode::kUnavailable;
  return status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kInternal;
}

Json parse_reply(const std::string& body, const std::string& url) {
  Json reply = Json::parse(body, nullptr, false);
  if (reply.is_discarded()) throw Error(ErrorCode::kInternal, url + " did not answer with JSON");
  return reply;
}

void throw_if_failed(const http::ClientResponse& response, const std::string& url) {
  if (response.status < 400) return;
  const Json reply = Json::parse(response.body, nullptr, false);
  std::string message;
  if (reply.is_object() && reply.contains("error") && reply["error"].is_string()) message = reply["error"];
  if (message.empty()) message = url + " answered with status " + std::to_string(response.status);
  throw Error(code_of(response.status), message);
}

}  // namespace

ApiClient::ApiClient() : ApiClient(setting("HOST")) {}

ApiClient::ApiClient(const std::string& host) : client_(base_url_of(host)) {
  if (!switch_setting("AUTH")) return;
  identity_ = store::Identity::load_or_make(
      store::identity_file(home_folder("the key for OLLAMA_AUTH is kept below it")));
}

/// Signed are method, path and the time, of which the server is told as Ollama's clients do.
http::ClientRequest ApiClient::with_proof(http::ClientRequest request) const {
  if (!identity_) return request;
  request.path += "?ts=" + std::to_string(std::time(nullptr));
  request.headers.emplace_back(
      "Authorization", identity_->public_key() + ":" + identity_->sign(request.method + "," + request.path));
  return request;
}

http::ClientResponse ApiClient::send(http::ClientRequest request) {
  return client_.request(with_proof(std::move(request)));
}

Json ApiClient::get(const std::string& path) {
  const std::string url = base_url() + path;
  const http::ClientResponse response = send({.path = path});
  throw_if_failed(response, url);
  return parse_reply(response.body, url);
}

Json ApiClient::post(const std::string& path, const Json& body) {
  const std::string url = base_url() + path;
  const http::ClientResponse response = send({.method = "POST", .path = path, .body = body.dump()});
  throw_if_failed(response, url);
  return parse_reply(response.body, url);
}

ApiReply ApiClient::exchange(const std::string& method, const std::string& path, const Json& body) {
  const http::ClientResponse response = send({.method = method, .path = path, .body = body.dump()});
  Json reply = Json::parse(response.body, nullptr, false);
  return {response.status, reply.is_object() ? std::move(reply) : Json::object()};
}

void ApiClient::send(const std::string& method, const std::string& path, const Json& body) {
  throw_if_failed(send({.method = method, .path = path, .body = body.dump()}), base_url() + path);
}

void ApiClient::upload_blob(const std::string& digest, const std::filesystem::path& file,
                            const std::function<void(std::uint64_t)>& sent) {
  const std::string path = "/api/blobs/" + digest;
  if (send({.method = "HEAD", .path = path}).status == 200) return;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(ErrorCode::kNotFound, "cannot read " + file.string());
  http::ClientRequest proven = with_proof({.method = "POST", .path = path});
  http::FetchRequest request{
      .method = "POST", .url = base_url() + proven.path, .headers = std::move(proven.headers)};
  request.headers.emplace_back("Content-Type", "application/octet-stream");
  request.upload_size = std::filesystem::file_size(file);
  std::uint64_t done = 0;
  request.upload = [&](char* buffer, std::size_t size) {
    stream.read(buffer, static_cast<std::streamsize>(size));
    done += static_cast<std::uint64_t>(stream.gcount());
    sent(done);
    return static_cast<std::size_t>(stream.gcount());
  };
  const http::FetchResponse response =
      http::Fetcher({.silence_timeout = std::chrono::minutes(10)}).fetch(request);
  throw_if_failed({.status = response.head.status, .content_type = {}, .body = response.body},
                  base_url() + path);
}

bool ApiClient::stream(const std::string& path, const Json& body,
                       const std::function<bool(const Json&)>& on_record,
                       const std::atomic<bool>* cancelled) {
  const std::string url = base_url() + path;
  std::string error;
  bool complete = false;
  const auto on_line = [&](std::string_view line) {
    const StreamRecord record = read_stream_record(line, url);
    error = record.error;
    if (!error.empty()) return false;
    complete = complete || record.last;
    return on_record(record.json);
  };
  const http::ClientResponse response =
      client_.stream(with_proof({.method = "POST", .path = path, .body = body.dump()}), on_line, cancelled);
  if (!error.empty()) throw Error(ErrorCode::kInternal, error);
  if (response.ended_early) return false;
  throw_if_failed(response, url);
  if (!complete) throw Error(ErrorCode::kInternal, url + " ended its answer before it was complete");
  return true;
}

}  // namespace axllama::cli
