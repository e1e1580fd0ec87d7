#include "api/errors.hpp"

#include <utility>

#include "domain/spec_parse.hpp"

namespace flow::api {

namespace {

constexpr std::size_t kExcerptBytes = 2048;
constexpr std::size_t kTextBytes = 200;
constexpr std::size_t kItems = 20;
constexpr int kDepth = 6;

bool is_secret(std::string_view key) {
    return domain::is_secret_key(key) || key == "token" || key == "authorization";
}

/// "KEY=value" as lists of environment variables have it.
std::string mask_assignment(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || !is_secret(text.substr(0, equals))) {
        return printable(text, kTextBytes);
    }
    return text.substr(0, equals + 1) + std::string(domain::kMask);
}

Json shorten(const Json& value, int depth) {
    if (value.is_string()) {
        return mask_assignment(value.get_ref<const std::string&>());
    }
    if (value.is_binary()) {
        return "(binary)";
    }
    if (!value.is_structured()) {
        return value;
    }
    if (depth == 0) {
        return "…";
    }
    Json result = value.is_array() ? Json::array() : Json::object();
    std::size_t count = 0;
    for (const auto& [key, item] : value.items()) {
        const bool cut = count++ == kItems;
        if (value.is_array()) {
            result.push_back(cut ? Json("…") : shorten(item, depth - 1));
        } else if (cut) {
            result["…"] = value.size() - kItems;
        } else {
            result[printable(key, kTextBytes)] =
                is_secret(key) ? Json(domain::kMask) : shorten(item, depth - 1);
        }
        if (cut) {
            break;
        }
    }
    return result;
}

}  // namespace

Error about(Error error, const About& subject) {
    Json details = Json::object();
    if (!subject.operation.empty()) {
        details["operation"] = subject.operation;
    }
    if (!subject.container_id.empty()) {
        details["container_id"] = subject.container_id;
    }
    if (!subject.request_id.empty()) {
        details["request_id"] = subject.request_id;
    }
    if (error.details.is_object()) {
        details.update(error.details);
    }
    error.details = std::move(details);
    return error;
}

Error make_error(ErrorType type, std::string message) {
    Error error;
    error.type = type;
    error.message = std::move(message);
    return error;
}

Error not_found(std::string_view reference) {
    return make_error(
        ErrorType::container_not_found,
        "there is no container \"" + printable(reference, kTextBytes) +
            "\" here, neither as id nor as name; list_containers shows those that are");
}

Json failed_ack(const Error& error) {
    Json ack;
    ack["ok"] = false;
    ack["error"] = error.to_json();
    return ack;
}

std::string printable(std::string_view text, std::size_t longest) {
    std::size_t end = std::min(text.size(), longest);
    while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
        --end;
    }
    std::string result(text.substr(0, end));
    for (char& letter : result) {
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
            letter = ' ';
        }
    }
    return end < text.size() ? result + "…" : result;
}

Json excerpt(const Json& payload) {
    Json short_form = shorten(payload, kDepth);
    const std::string text = short_form.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() <= kExcerptBytes) {
        return short_form;
    }
    return printable(text, kExcerptBytes);
}

}  // namespace flow::api
