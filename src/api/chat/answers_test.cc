#include "api/chat/answers.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "api/event_records.h"
#include "api/testing/dialect_test.h"
#include "base/error.h"
#include "http/status.h"

namespace axllama::api::chat {
namespace {

using namespace std::chrono_literals;

/// Names the functions it is called with.
class TracingForm final : public StreamForm {
 public:
  std::string_view content_type() const override { return http::kNdjsonContentType; }
  std::string begin(const BuiltPrompt& prompt) override {
    return "begin " + std::to_string(prompt.tokens.size()) + "\n";
  }
  std::string piece(AnswerPiece piece) override { return "piece " + piece.content + "\n"; }
  std::string end(const AnswerEnd& end) override { return "end " + std::to_string(end.tokens.size()) + "\n"; }
  std::string finish() override { return "finish\n"; }
  std::string error(const base::Error& error) override { return "error " + error.message() + "\n"; }
  std::string ping() override { return "ping\n"; }
};

class AnswersTest : public testing::DialectTest {
 protected:
  void add_routes(http::Router& router, const std::shared_ptr<Core>& core) override {
    core_ = core.get();
    router.add("POST", "/", [this, core](http::Request& request, http::ResponseWriter& response) {
      return answer(core, request, response);
    });
  }
  http::Awaitable<void> answer(std::shared_ptr<Core> core, http::Request& request,
                               http::ResponseWriter& response) {
    const auto answers = streamed(plan_, TracingForm());
    co_await stream_answers(*core, answers, request, response);
  }
  ChatRequest ask(const std::string& model, const std::string& text = "Hi") {
    ChatRequest request;
    request.asked_name = model;
    request.model = open_model(library_, model);
    request.messages.push_back({"user", text});
    return request;
  }
  std::string stream() { return server().post("/", "x").body; }
  /// Lets the model be silent for a while before it answers.
  std::thread answer_late(std::chrono::milliseconds pause,
                          std::function<void(testing::FakeRequest&)> answer) {
    service_.on_submit = nullptr;
    return std::thread([this, pause, answer = std::move(answer)] {
      const auto request = service_.last_request();
      std::this_thread::sleep_for(pause);
      answer(*request);
    });
  }
  static void end(testing::FakeRequest& request) {
    request.push_ready();
    request.push_done();
  }

  AnswerPlan plan_;
  Core* core_ = nullptr;
};

TEST_F(AnswersTest, AnswersFollowEachOther) {
  plan_.requests = {ask("plain"), ask("plain", "longer")};
  plan_.answers_each = 2;
  EXPECT_EQ(stream(),
            "begin 20\npiece Hel\npiece lo\nend 2\nbegin 20\npiece Hel\npiece lo\nend 2\n"
            "begin 24\npiece Hel\npiece lo\nend 2\nbegin 24\npiece Hel\npiece lo\nend 2\nfinish\n");
}

TEST_F(AnswersTest, ALongWaitIsPinged) {
  plan_.requests = {ask("plain")};
  plan_.ping_interval = 20ms;
  std::thread late = answer_late(200ms, end);
  const std::string body = stream();
  late.join();
  EXPECT_THAT(body, ::testing::StartsWith("ping\nping\n"));
  EXPECT_THAT(body, ::testing::EndsWith("ping\nbegin 20\nend 0\nfinish\n"));
}

TEST_F(AnswersTest, EventsWithoutAWordDoNotPutPingsOff) {
  plan_.requests = {ask("plain")};
  plan_.ping_interval = 20ms;
  std::thread late = answer_late(0ms, [](testing::FakeRequest& request) {
    request.push_ready();
    for (int i = 0; i < 60; ++i) {
      request.push_text("");
      std::this_thread::sleep_for(5ms);
    }
    request.push_done();
  });
  const std::string body = stream();
  late.join();
  EXPECT_THAT(body, ::testing::HasSubstr("begin 20\nping\n"));
}

TEST_F(AnswersTest, PingsAreNoRecordsOfAStreamThatCanBeTakenUpAgain) {
  plan_.requests = {ask("plain")};
  plan_.ping_interval = 20ms;
  std::thread late = answer_late(100ms, end);
  const auto response = server().call("POST", "/", "x", "X-Axllama-Resumable: 1\r\n");
  late.join();
  EXPECT_THAT(response.body, ::testing::StartsWith("ping\n"));
  EXPECT_THAT(response.body, ::testing::EndsWith("ping\nbegin 20\nend 0\nfinish\n"));
  const std::string* id = response.headers.find("X-Axllama-Stream-Id");
  ASSERT_NE(id, nullptr);
  EXPECT_EQ(server().call("GET", "/api/streams/" + *id).body, "begin 20\nend 0\nfinish\n");
}

TEST_F(AnswersTest, AnErrorAfterAPingIsARecord) {
  plan_.requests = {ask("plain")};
  plan_.ping_interval = 20ms;
  std::thread late = answer_late(100ms, [](testing::FakeRequest& request) {
    request.push(base::Error(base::ErrorCode::kDevice, "it broke"));
  });
  const std::string body = stream();
  late.join();
  EXPECT_THAT(body, ::testing::EndsWith("ping\nerror it broke\n"));
}

TEST_F(AnswersTest, AModelIsLoadedFirstWhereOnlyThatTellsItsContext) {
  plan_.requests = {ask("unknown-context")};
  EXPECT_THAT(stream(), ::testing::StartsWith("begin 20\n"));
  EXPECT_EQ(service_.loads().size(), 1U);
}

TEST_F(AnswersTest, TheUsualContextHoldsWhereTheRequestSaysNothing) {
  core_options_.context_length = 64;
  plan_.requests = {ask("plain", std::string(100, 'x'))};
  EXPECT_THAT(stream(), ::testing::Not(::testing::StartsWith("begin 118")));  // cut in the middle
  plan_.requests.front().options.num_ctx = 200;
  EXPECT_THAT(stream(), ::testing::StartsWith("begin 118"));
}

TEST_F(AnswersTest, RequestsAreWrittenDownWhenAskedFor) {
  core_options_.keep_requests = true;
  plan_.requests = {ask("plain")};
  server();
  ASSERT_TRUE(core_->archive);
  http::Request request;
  request.path = "/api/chat";
  request.body = "{}";
  EXPECT_EQ(take_request(*core_, request), Json::object());
  EXPECT_TRUE(std::filesystem::exists(core_->archive->folder() / "000001-api_chat.body"));
  std::filesystem::remove_all(core_->archive->folder());
}

TEST_F(AnswersTest, TheSecondAnswersErrorEndsTheStream) {
  plan_.requests = {ask("plain")};
  plan_.answers_each = 2;
  int count = 0;
  service_.on_submit = [&count](testing::FakeRequest& request) {
    if (++count == 2) {
      throw base::Error(base::ErrorCode::kResourceExhausted, "the queue is full");
    }
    request.push_ready();
    request.push_done();
  };
  EXPECT_EQ(stream(), "begin 20\nend 0\nerror the queue is full\n");
}

}  // namespace
}  // namespace axllama::api::chat
