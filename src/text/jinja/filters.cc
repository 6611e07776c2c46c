#include "text/jinja/filters.h"

#include <string_view>
#include <unordered_map>

#include "text/jinja/filter_groups.h"

namespace axllama::text::jinja {

Filter find_filter(std::string_view name) noexcept {
  static const auto* const kFilters = [] {
    auto* filters = new std::unordered_map<std::string_view, Filter>;  // lives as long as the program
    for (const auto group : {text_filters(), number_filters(), sequence_filters(), selection_filters()}) {
      for (const NamedFilter& filter : group) {
        filters->emplace(filter.name, filter.filter);
      }
    }
    return filters;
  }();
  const auto found = kFilters->find(name);
  return found == kFilters->end() ? nullptr : found->second;
}

}  // namespace axllama::text::jinja
