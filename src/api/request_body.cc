#include "api/request_body.h"

#include <string>
#include <utility>

#include "http/content_encoding.h"

namespace axllama::api {

Json take_json_body(http::Request& request) {
  std::string body = std::move(request.body);
  std::string().swap(request.body);
  if (const std::string* encoding = request.headers.find("Content-Encoding")) {
    body = http::decode_content(*encoding, std::move(body));
  }
  return parse_json_body(body);
}

}  // namespace axllama::api
