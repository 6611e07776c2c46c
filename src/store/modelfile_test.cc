#include "store/modelfile.h"

#include <array>
#include <functional>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_modelfile(text);
  } catch (const base::Error& error) {
    return error.message();
  }
  return "nothing was thrown";
}

TEST(ModelfileTest, ReadsEveryCommand) {
  const Modelfile file = parse_modelfile(R"(# a comment
FROM ./folder
from projector.gguf

parameter temperature 0.5
PARAMETER top_k 20
PARAMETER stop "<|im_end|>"
PARAMETER stop two words  
PARAMETER use_mmap false
TEMPLATE """{{ .System }}
 "quoted" """
SYSTEM You are "brief".
ADAPTER ./lora.gguf
DRAFT small
RENDERER qwen3-coder
PARSER qwen3
REQUIRES 0.14.0
LICENSE first
LICENSE """second
"""
MESSAGE user hello
Message assistant """ hi
there""")"
                                         "\n");
  EXPECT_THAT(file.from, ElementsAre("./folder", "projector.gguf"));
  EXPECT_EQ(file.settings.parameters.dump(),
            R"({"temperature":0.5,"top_k":20,"stop":["<|im_end|>","two words"],"use_mmap":false})");
  EXPECT_EQ(file.settings.chat_template, "{{ .System }}\n \"quoted\" ");
  EXPECT_EQ(file.settings.system, "You are \"brief\".");
  EXPECT_THAT(file.adapters, ElementsAre("./lora.gguf"));
  EXPECT_EQ(file.settings.draft, "small");
  EXPECT_EQ(file.settings.renderer, "qwen3-coder");
  EXPECT_EQ(file.settings.parser, "qwen3");
  EXPECT_EQ(file.settings.requires_version, "0.14.0");
  EXPECT_THAT(file.settings.licenses, ElementsAre("first", "second\n"));
  EXPECT_THAT(file.settings.messages,
              ElementsAre(PresetMessage{"user", "hello"}, PresetMessage{"assistant", " hi\nthere"}));
}

TEST(ModelfileTest, ReadsOtherEncodingsAndLineEnds) {
  const std::string utf8 = "FROM x\r\nSYSTEM \xC3\xA4 \xF0\x9F\x98\x80\r\n";
  EXPECT_EQ(parse_modelfile("\xEF\xBB\xBF" + utf8), parse_modelfile(utf8));
  EXPECT_EQ(parse_modelfile(utf8).settings.system, "\xC3\xA4 \xF0\x9F\x98\x80");
  std::string little = "\xFF\xFE";
  std::string big = "\xFE\xFF";
  for (const char16_t unit : std::u16string(u"FROM x\nSYSTEM ä 😀\n")) {
    little += {static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8)};
    big += {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xFF)};
  }
  EXPECT_EQ(parse_modelfile(little), parse_modelfile(utf8));
  EXPECT_EQ(parse_modelfile(big), parse_modelfile(utf8));
}

TEST(ModelfileTest, RefusesInOllamasWords) {
  EXPECT_EQ(refusal(""), "no FROM line");
  EXPECT_EQ(refusal("SYSTEM x"), "no FROM line");
  EXPECT_EQ(refusal("FROM x\n\n# c\nBADCOMMAND y"),
            "(line 4): command must be one of \"from\", \"license\", \"template\", \"system\", \"adapter\", "
            "\"draft\", \"renderer\", \"parser\", \"parameter\", \"message\", or \"requires\"");
  EXPECT_EQ(refusal("FROM x\nMESSAGE robot hi"),
            "(line 2): message role must be one of \"system\", \"user\", or \"assistant\"");
  EXPECT_EQ(refusal("FROM x\nPARAMETER request_timeout soon"),
            "parameter 'request_timeout' must be seconds or a duration as 1m30s, not 'soon'");
  EXPECT_EQ(refusal("FROM x\nPARAMETER nonsense 1"), "unknown parameter 'nonsense'");
  EXPECT_EQ(refusal("FROM x\nPARAMETER top_k much"), "parameter 'top_k' must be a whole number, not 'much'");
  EXPECT_EQ(refusal("FROM x\nPARAMETER temperature inf"),
            "parameter 'temperature' must be a number, not 'inf'");
  EXPECT_THAT(refusal("FROM x\nSYSTEM \"\"\"never\nclosed"), HasSubstr("(line 2)"));
  EXPECT_EQ(refusal("FROM"), "(line 1): from needs a value");
  EXPECT_EQ(refusal("FROM x\nDRAFT"), "(line 2): draft needs a value");
  EXPECT_EQ(refusal("FROM x\nDRAFT a\nDRAFT b"), "(line 3): a model has one draft, and a is it");
}

TEST(ModelfileTest, OldParametersOnlyWarn) {
  const Modelfile file = parse_modelfile("FROM x\nPARAMETER mirostat 1\nPARAMETER tfs_z 1");
  EXPECT_THAT(file.warnings, ElementsAre("warning: parameter mirostat is deprecated",
                                         "warning: parameter tfs_z is deprecated"));
  EXPECT_TRUE(file.settings.parameters.empty());
}

/// Random texts of the characters that matter to the grammar.
class Texts {
 public:
  explicit Texts(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  std::string text() {
    static const std::array<const char*, 14> kParts{"\"", "\"\"\"",   "\n", "\r\n",   " ",
                                                    "\t", "#",        "a",  "FROM x", "{{ .System }}",
                                                    "\\", "\xC3\xA4", "0",  "\"\""};
    std::string out;
    for (std::size_t i = below(7); i > 0; --i) out += kParts[below(kParts.size())];
    return out;
  }
  /// Without what the grammar cannot write.
  std::string writable() {
    while (true) {
      std::string out = text();
      if (parse_modelfile("FROM x\nSYSTEM \"\"\"" + out + "\"\"\"").settings.system == out) return out;
    }
  }

 private:
  std::mt19937 random_;
};

TEST(ModelfileTest, WhatIsPrintedReadsBackTheSame) {
  Texts texts(7);
  for (int round = 0; round < 2000; ++round) {
    Modelfile file{.from = {"some/model:tag"}, .settings = {}, .adapters = {}};
    if (texts.below(2) == 0) file.settings.draft = "other/model:small";
    const auto writable = [&] {
      while (true) {
        try {
          return texts.writable();
        } catch (const base::Error&) {  // closed early
        }
      }
    };
    if (texts.below(2) == 0) file.settings.chat_template = writable();
    if (texts.below(2) == 0) file.settings.system = writable();
    for (std::size_t i = texts.below(3); i > 0; --i) {
      add_parameter(file.settings.parameters, "stop", Json::array({writable()}));
    }
    if (texts.below(2) == 0) {
      file.settings.parameters["temperature"] = static_cast<double>(texts.below(1000)) / 7.0;
    }
    if (texts.below(2) == 0) file.settings.parameters["seed"] = static_cast<std::int64_t>(texts.below(1000));
    for (std::size_t i = texts.below(3); i > 0; --i) file.settings.licenses.push_back(writable());
    for (std::size_t i = texts.below(3); i > 0; --i) file.settings.messages.push_back({"user", writable()});
    const std::string printed = print_modelfile(file);
    ASSERT_EQ(parse_modelfile(printed), file) << printed;
  }
}

TEST(ModelfileTest, AnyBytesAreReadOrRefused) {
  Texts texts(11);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = texts.text() + "\n" + texts.text() + "\nSYSTEM " + texts.text();
    try {
      const Modelfile file = parse_modelfile(text);
      EXPECT_FALSE(file.from.empty());
    } catch (const base::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, 3000);
}

TEST(ModelfileTest, ParametersAreWrittenShortAndQuoted) {
  EXPECT_EQ(parameter_text(0.7), "0.7");
  EXPECT_EQ(parameter_text(parse_parameter("request_timeout", "90")), "90");
  EXPECT_EQ(parameter_text(parse_parameter("request_timeout", "1m30s")), "\"1m30s\"");
  EXPECT_EQ(parameter_text(20), "20");
  EXPECT_EQ(parameter_text(true), "true");
  EXPECT_EQ(parameter_text("a\"\n\x01\\"), R"("a\"\n\x01\\")");
}

}  // namespace
}  // namespace axllama::store
