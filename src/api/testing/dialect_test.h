#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/chat/core.h"
#include "api/json_body.h"
#include "api/streams/reading.h"
#include "api/testing/api_server.h"
#include "api/testing/fake_service.h"
#include "store/library.h"

namespace axllama::api::testing {

/// A dialect's routes over a folder of models and a scripted service.
class DialectTest : public ::testing::Test {
 protected:
  DialectTest() : library_({models_.path()}) {}
  ~DialectTest() override {
    if (server_) {
      server_->server().stop(std::chrono::milliseconds(0));
    }
  }

  virtual void add_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) = 0;

  ApiServer& server() {
    if (!server_) {
      server_ = std::make_unique<ApiServer>([this](http::Router& router) {
        const auto core = std::make_shared<chat::Core>(service_, library_, core_options_);
        add_routes(router, core);
        streams::add_stream_routes(router, core->streams, core);
      });
    }
    return *server_;
  }

  http::testing::RawResponse post(const std::string& path, const Json& body) {
    return server().post(path, to_json(body));
  }
  Json reply(const std::string& path, const Json& body, int status = 200) {
    return json_of(post(path, body), status);
  }
  Json json_of(const http::testing::RawResponse& response, int status = 200) {
    EXPECT_EQ(response.status, status) << response.body;
    const std::string* type = response.headers.find("Content-Type");
    EXPECT_THAT(type, ::testing::Pointee(::testing::StartsWith("application/json")));
    return Json::parse(response.body);
  }
  const serving::InferenceRequest& submitted() { return *service_.last_request()->submitted; }
  /// What the model was shown; the test models have one token per byte.
  std::string prompt() {
    std::string text;
    for (const text::TokenId token : submitted().generation.prompt) {
      text += token < 256 ? std::string(1, static_cast<char>(token)) : "<" + std::to_string(token) + ">";
    }
    return text;
  }
  /// Makes the service answer with these pieces.
  void script(std::vector<std::string> pieces,
              inference::FinishReason reason = inference::FinishReason::kStop) {
    service_.on_submit = [pieces = std::move(pieces), reason](FakeRequest& request) {
      request.push_ready();
      for (const std::string& piece : pieces) {
        request.push_text(piece);
      }
      request.push_done(reason);
    };
  }

  ModelFolder models_;
  store::Library library_;
  FakeService service_;
  chat::CoreOptions core_options_;
  std::unique_ptr<ApiServer> server_;
};

/// Whether a constraint for the test models, which have one token per byte, lets this be the whole answer.
inline bool accepts(const text::Constraint& constraint, const std::string& answer) {
  const auto state = constraint.start();
  for (const char byte : answer) {
    const auto token = static_cast<std::size_t>(static_cast<unsigned char>(byte));
    const text::TokenSet allowed = state->allowed();
    if ((allowed[token / 64] >> (token % 64) & 1U) == 0) {
      return false;
    }
    state->accept(static_cast<text::TokenId>(token));
  }
  return state->complete();
}

/// One record of an event stream; a comment has neither name nor data.
struct EventRecord {
  std::string name;
  std::string data;
  std::string comment;

  Json json() const { return Json::parse(data); }
};

inline std::vector<EventRecord> events_of(const std::string& body) {
  std::vector<EventRecord> events;
  EventRecord event;
  for (std::size_t begin = 0; begin < body.size();) {
    const std::size_t end = body.find('\n', begin);
    const std::string line = body.substr(begin, end - begin);
    begin = end == std::string::npos ? body.size() : end + 1;
    if (line.empty()) {
      events.push_back(std::exchange(event, {}));
    } else if (line.starts_with("data: ")) {
      event.data = line.substr(6);
    } else if (line.starts_with("event: ")) {
      event.name = line.substr(7);
    } else {
      event.comment = line;
    }
  }
  return events;
}

}  // namespace axllama::api::testing
