#include "api/preloader.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "api/testing/api_server.h"
#include "api/testing/fake_service.h"
#include "base/error.h"

namespace axllama::api {
namespace {

using testing::eventually;
using testing::FakeRequest;

class PreloaderTest : public ::testing::Test {
 protected:
  PreloaderTest() : library_({models_.path()}) {}

  std::vector<std::string> loads() const {
    std::vector<std::string> names;
    for (const auto& [name, keep_alive] : service_.loads()) {
      const bool stays = keep_alive && keep_alive->duration == serving::KeepAlive::kForever;
      names.push_back(name + (stays ? " for ever" : ""));
    }
    return names;
  }

  testing::ModelFolder models_;
  store::Library library_;
  testing::FakeService service_;
};

TEST_F(PreloaderTest, LoadsWhatCanBeLoadedAndGoesOnAfterWhatCannot) {
  service_.on_load = [count = std::make_shared<int>(0)](FakeRequest& request) {
    if (++*count == 1) {
      request.push(base::Error(base::ErrorCode::kResourceExhausted, "It does not fit."));
    } else {
      request.push_ready();
      request.push_done();
    }
  };
  const Preloader preloader(service_, library_, {{"plain"}, {"no-such-model", "broken", "thinker", "plain"}});
  EXPECT_TRUE(eventually([&] { return service_.loads().size() == 3; }));
  EXPECT_EQ(loads(), (std::vector<std::string>{"plain:latest for ever", "thinker:latest", "plain:latest"}));
}

TEST_F(PreloaderTest, GivesUpWhenTheServerEnds) {
  service_.on_load = nullptr;  // never loaded
  {
    const Preloader preloader(service_, library_, {{}, {"plain", "thinker"}});
    EXPECT_TRUE(eventually([&] { return service_.loads().size() == 1; }));
  }
  EXPECT_TRUE(service_.last_request()->dropped());
  EXPECT_EQ(service_.loads().size(), 1U);
}

}  // namespace
}  // namespace axllama::api
