#include "http/router.h"

#include <stdexcept>

namespace axllama::http {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      return segments;
    }
    path.remove_prefix(slash + 1);
  }
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
             std::vector<std::pair<std::string, std::string>>* parameters) {
  std::vector<std::pair<std::string, std::string>> found;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string& part = pattern[i];
    if (part.starts_with('*')) {
      std::string rest;
      for (std::size_t j = i; j < path.size(); ++j) {
        rest += (j > i ? "/" : "") + path[j];
      }
      if (rest.empty()) {
        return false;
      }
      found.emplace_back(part.substr(1), std::move(rest));
      *parameters = std::move(found);
      return true;
    }
    if (i >= path.size()) {
      return false;
    }
    if (part.starts_with(':')) {
      if (path[i].empty()) {
        return false;
      }
      found.emplace_back(part.substr(1), path[i]);
    } else if (part != path[i]) {
      return false;
    }
  }
  if (pattern.size() != path.size()) {
    return false;
  }
  *parameters = std::move(found);
  return true;
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, Handler handler, RouteOptions options) {
  if (!pattern.starts_with('/')) {
    throw std::invalid_argument("the route " + std::string(pattern) + " does not begin with a slash");
  }
  routes_.push_back({std::move(method), split_path(pattern), std::move(handler), options});
}

RouteMatch Router::match(std::string_view method, std::string_view path) const {
  RouteMatch result;
  if (!path.starts_with('/')) {
    return result;
  }
  const std::vector<std::string> segments = split_path(path);
  for (const Route& route : routes_) {
    if (!matches(route.segments, segments, &result.parameters)) {
      continue;
    }
    if (route.method == method) {
      result.kind = RouteMatch::Kind::kFound;
      result.route = &route;
      return result;
    }
    result.kind = RouteMatch::Kind::kMethodNotAllowed;
    result.allowed += (result.allowed.empty() ? "" : ", ") + route.method;
  }
  if (result.kind == RouteMatch::Kind::kNotFound && path.size() > 1 && path.ends_with('/')) {
    const std::vector<std::string> without(segments.begin(), segments.end() - 1);
    for (const Route& route : routes_) {
      if (route.method == method && matches(route.segments, without, &result.parameters)) {
        result.kind = RouteMatch::Kind::kRedirect;
        return result;
      }
    }
  }
  return result;
}

}  // namespace axllama::http
