#include "text/jinja/json_form.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/jinja/error.h"
#include "text/jinja/merge_sort.h"
#include "text/jinja/operators.h"
#include "text/jinja/text_form.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

Value convert(const nlohmann::ordered_json& json, Runtime& runtime, int& depth) {
  const DepthGuard guard(depth, runtime.budget().limits().max_data_depth, "the given values are");
  using Kind = nlohmann::ordered_json::value_t;
  switch (json.type()) {
    case Kind::boolean:
      return Value(json.get<bool>());
    case Kind::number_integer:
      return Value(json.get<std::int64_t>());
    case Kind::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail("the given number " + std::to_string(number) + " does not fit into a 64-bit integer");
      }
      return Value(static_cast<std::int64_t>(number));
    }
    case Kind::number_float:
      return Value(json.get<double>());
    case Kind::string:
      return runtime.text(json.get_ref<const std::string&>());
    case Kind::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const auto& item : json) {
        items.push_back(convert(item, runtime, depth));
      }
      return runtime.list(std::move(items));
    }
    case Kind::object: {
      Dict* dict = runtime.dict();
      for (const auto& [key, value] : json.items()) {
        dict->set(runtime.text(key), convert(value, runtime, depth), runtime.budget());
      }
      return Value(dict);
    }
    default:
      return Value::none();
  }
}

class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Runtime& runtime) : style_(style), runtime_(runtime) {}

  std::string take() { return std::move(out_); }

  void write(const Value& value) {
    const DepthGuard guard(depth_, runtime_.budget().limits().max_data_depth, "values for tojson are");
    runtime_.budget().step();
    runtime_.budget().expect_room(out_.size());
    if (value.is_none()) {
      out_ += "null";
    } else if (value.is_bool()) {
      out_ += value.as_bool() ? "true" : "false";
    } else if (value.is_int()) {
      out_ += std::to_string(value.as_int());
    } else if (value.is_float()) {
      write_float(value.as_float());
    } else if (value.is_string()) {
      write_string(value.text());
    } else if (value.is(ObjectKind::kList)) {
      write_array(value.as<List>().items);
    } else if (value.is(ObjectKind::kTuple)) {
      write_array(value.as<Tuple>().items);
    } else if (value.is(ObjectKind::kDict)) {
      write_object(value.as<Dict>());
    } else {
      fail("'" + std::string(type_name(value)) + "' has no JSON form");
    }
  }

 private:
  void write_float(double value) {
    if (std::isnan(value)) {
      out_ += "NaN";
    } else if (std::isinf(value)) {
      out_ += value < 0 ? "-Infinity" : "Infinity";
    } else {
      out_ += float_text(value);
    }
  }

  void write_escape(char32_t unit) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out_ += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) {
      out_ += kHex[(unit >> static_cast<unsigned>(shift)) & 0xFU];
    }
  }

  void write_string(std::string_view text) {
    runtime_.budget().work(text.size());
    out_ += '"';
    for (std::size_t i = 0; i < text.size();) {
      const CodePoint c = decode_code_point(text, i);
      write_character(c.value, text.substr(i, c.bytes));
      i += c.bytes;
    }
    out_ += '"';
  }

  void write_character(char32_t c, std::string_view bytes) {
    switch (c) {
      case '"':
        out_ += "\\\"";
        return;
      case '\\':
        out_ += "\\\\";
        return;
      case '\n':
        out_ += "\\n";
        return;
      case '\r':
        out_ += "\\r";
        return;
      case '\t':
        out_ += "\\t";
        return;
      case '\b':
        out_ += "\\b";
        return;
      case '\f':
        out_ += "\\f";
        return;
      default:
        break;
    }
    if (c < 0x20 || (style_.ensure_ascii && c > 0x7F && c < 0x10000)) {
      write_escape(c);
    } else if (style_.ensure_ascii && c >= 0x10000) {
      write_escape(0xD800 + ((c - 0x10000) >> 10U));
      write_escape(0xDC00 + ((c - 0x10000) & 0x3FFU));
    } else {
      out_ += bytes;
    }
  }

  void write_break(int level) {
    if (style_.indented) {
      runtime_.budget().expect_room(out_.size() + style_.indent.size() * static_cast<std::size_t>(level));
      out_ += '\n';
      for (int i = 0; i < level; ++i) {
        out_ += style_.indent;
      }
    }
  }

  void write_array(const std::vector<Value>& items) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    ++level_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      out_ += i == 0 ? "" : style_.item_separator;
      write_break(level_);
      write(items[i]);
    }
    write_break(--level_);
    out_ += ']';
  }

  void write_key(const Value& key) {
    if (key.is_string()) {
      write_string(key.text());
    } else if (key.is_number() || key.is_none()) {
      out_ += '"';
      write(key);
      out_ += '"';
    } else {
      fail("keys of a JSON object must be strings, numbers, booleans or none, not '" +
           std::string(type_name(key)) + "'");
    }
  }

  void write_object(const Dict& dict) {
    if (dict.size() == 0) {
      out_ += "{}";
      return;
    }
    std::vector<const Dict::Entry*> entries;
    for (const auto& entry : dict.entries()) {
      entries.push_back(&entry);
    }
    if (style_.sort_keys) {
      merge_sort(entries, [&](const Dict::Entry* left, const Dict::Entry* right) {
        return less(left->first, right->first, runtime_.budget());
      });
    }
    out_ += '{';
    ++level_;
    const char* separator = "";
    for (const Dict::Entry* entry : entries) {
      out_ += separator;
      separator = style_.item_separator.c_str();
      write_break(level_);
      write_key(entry->first);
      out_ += style_.key_separator;
      write(entry->second);
    }
    write_break(--level_);
    out_ += '}';
  }

  const JsonStyle& style_;
  Runtime& runtime_;
  std::string out_;
  int depth_ = 0;
  int level_ = 0;
};

}  // namespace

Value from_json(const nlohmann::ordered_json& json, Runtime& runtime) {
  int depth = 0;
  return convert(json, runtime, depth);
}

std::string to_json_text(const Value& value, const JsonStyle& style, Runtime& runtime) {
  JsonWriter writer(style, runtime);
  writer.write(value);
  return writer.take();
}

}  // namespace axllama::text::jinja
