#include "text/constraint/schema_array.h"

#include <algorithm>
#include <vector>

namespace axllama::text {

WrittenItems written_items(const SchemaShape& shape) {
  WrittenItems items;
  while (items.first < shape.first_items.size() && items.first < shape.max_items &&
         shape.first_items[items.first].never == nullptr) {
    ++items.first;
  }
  // Where nothing is said of further items, a list may have any and a tuple none.
  const bool further = items.first == shape.first_items.size() &&
                       (shape.items ? shape.items->never == nullptr : shape.first_items.empty());
  items.least = std::max(items.first, shape.min_items);
  items.most = further ? shape.max_items : items.first;
  return items;
}

Grammar::Node add_array(JsonGrammar& json, const SchemaShape& shape,
                        const std::function<Grammar::Node(const SchemaConjunction&)>& node_of,
                        const std::function<Grammar::Node(const std::string&)>& never) {
  if (shape.min_items > shape.max_items) {
    return never("\"minItems\" " + std::to_string(shape.min_items) + " is more than \"maxItems\" " +
                 std::to_string(shape.max_items));
  }
  const WrittenItems items = written_items(shape);
  if (items.least > items.most) return never("\"minItems\" asks for more items than are described");
  std::vector<Grammar::Node> first;
  for (std::uint32_t i = 0; i < items.first; ++i) first.push_back(node_of(shape.first_items[i]));
  Grammar::Node item = json.grammar().never();
  if (items.most > items.first) item = shape.items ? node_of(*shape.items) : json.value();
  return json.array_of(first, first.size(), item, items.least - items.first,
                       items.most == Grammar::kUnbounded ? items.most : items.most - items.first);
}

}  // namespace axllama::text
