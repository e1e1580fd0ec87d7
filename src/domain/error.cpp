#include "domain/error.hpp"

#include <stdexcept>

namespace flow::domain {

std::string_view to_string(ErrorType type) {
    switch (type) {
        case ErrorType::validation_error: return "validation_error";
        case ErrorType::container_not_found: return "container_not_found";
        case ErrorType::image_not_found: return "image_not_found";
        case ErrorType::docker_api_error: return "docker_api_error";
        case ErrorType::socket_error: return "socket_error";
        case ErrorType::socket_timeout_error: return "socket_timeout_error";
        case ErrorType::socket_connection_error: return "socket_connection_error";
        case ErrorType::system_error: return "system_error";
        case ErrorType::conflict_error: return "conflict_error";
        case ErrorType::name_conflict: return "name_conflict";
        case ErrorType::unauthorized: return "unauthorized";
        case ErrorType::forbidden: return "forbidden";
        case ErrorType::rate_limited: return "rate_limited";
        case ErrorType::superseded: return "superseded";
        case ErrorType::timeout: return "timeout";
    }
    return "system_error";
}

Json Error::to_json() const {
    Json json;
    json["error"] = true;
    json["error_type"] = to_string(type);
    json["message"] = message;
    json["details"] = details;
    return json;
}

Error validation_failed(const std::vector<FieldError>& fields) {
    Error error;
    error.type = ErrorType::validation_error;
    Json list = Json::array();
    for (const FieldError& field : fields) {
        list.push_back({{"path", field.path}, {"message", field.message}});
    }
    if (!fields.empty()) {
        const FieldError& first = fields.front();
        error.message = first.path.empty() ? first.message : first.path + ": " + first.message;
        if (fields.size() > 1) {
            error.message += " (and " + std::to_string(fields.size() - 1) + " more)";
        }
    }
    error.details["field_errors"] = std::move(list);
    return error;
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    throw std::logic_error("result without a value read at " + where.to_string() + ": " +
                           error.message);
}

}  // namespace flow::domain
