#include "api/sidecar/sidecar_request.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::api::sidecar {
namespace {

TEST(SidecarRequest, DefaultsAreTheBackEndsOwn) {
  const GenerateRequest request = parse_generate_request(R"({"prompt":"Hello!"})");
  EXPECT_EQ(request.prompt, "Hello!");
  EXPECT_EQ(request.max_tokens, 128);
  EXPECT_DOUBLE_EQ(request.sampling.temperature, 0.8);
  EXPECT_DOUBLE_EQ(request.sampling.top_p, 0.9);
  EXPECT_EQ(request.sampling.top_k, 40);
  EXPECT_FALSE(request.stream);
  EXPECT_TRUE(request.request_id.empty());
}

TEST(SidecarRequest, EveryFieldIsRead) {
  const GenerateRequest request = parse_generate_request(
      R"({"prompt":"x","max_tokens":7,"temperature":0,"top_p":0.5,"top_k":3,"stream":true,"request_id":"abc","other":1})");
  EXPECT_EQ(request.max_tokens, 7);
  EXPECT_DOUBLE_EQ(request.sampling.temperature, 0);
  EXPECT_DOUBLE_EQ(request.sampling.top_p, 0.5);
  EXPECT_EQ(request.sampling.top_k, 3);
  EXPECT_TRUE(request.stream);
  EXPECT_EQ(request.request_id, "abc");
}

TEST(SidecarRequest, WrongTypesAndValuesAreRefusedWithTheFieldsName) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "missing"},
      {"{", "not valid JSON"},
      {"[]", "object"},
      {"{}", "prompt"},
      {R"({"prompt":5})", "prompt"},
      {R"({"prompt":"x","max_tokens":0})", "max_tokens"},
      {R"({"prompt":"x","max_tokens":1.5})", "max_tokens"},
      {R"({"prompt":"x","temperature":"hot"})", "temperature"},
      {R"({"prompt":"x","temperature":-1})", "temperature"},
      {R"({"prompt":"x","top_p":2})", "top_p"},
      {R"({"prompt":"x","stream":"yes"})", "stream"},
      {R"({"prompt":"x","request_id":7})", "request_id"},
  };
  for (const auto& [body, word] : cases) {
    try {
      parse_generate_request(body);
      FAIL() << body;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      EXPECT_NE(error.message().find(word), std::string::npos) << error.message();
    }
  }
  EXPECT_THROW(parse_load_request(R"({"path":"x"})"), base::Error);
  EXPECT_EQ(parse_load_request(R"({"model_path":"/a/b"})"), "/a/b");
}

}  // namespace
}  // namespace axllama::api::sidecar
