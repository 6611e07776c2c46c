#pragma once

#include <functional>
#include <string>
#include <vector>

#include "axcl/layer_probe.h"
#include "axcl/selftest.h"

namespace axllama::axcl {

/// Breaks the binding rules one by one and looks at what the card makes of it. Private to this room.
class SelfTestRules {
 public:
  SelfTestRules(Card& card, Model& model, const LayerForm& form);

  std::vector<SelfTestCheck> run();

 private:
  void judge(const char* name, int rule, const std::string& what, std::int32_t code, bool right);
  /// A decode run ready for `row` with nothing cached.
  void prepare(LayerRun& run, std::size_t row) const;

  void leave_unbound();
  void bind_too_much();
  void share_between_groups();
  void bind_inside(std::size_t tensor, const char* name);
  void chunk_into_cache();
  void alias();
  void unwritten_cache();
  void small_chunk();

  Card& card_;
  Model& model_;
  const LayerForm& form_;
  LayerRun plain_;
  LayerRows first_;   // row 0 with nothing cached
  LayerRows second_;  // row 1
  std::vector<SelfTestCheck> checks_;
};

}  // namespace axllama::axcl
