#include "api/request_ids.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "domain/spec_canonical.hpp"

namespace flow::api {

std::string make_request_id() {
    return boost::uuids::to_string(boost::uuids::random_generator_pure()());
}

std::string payload_digest(std::string_view operation, const domain::Json& payload) {
    // The plain json type sorts its keys at every level.
    nlohmann::json sorted = payload;
    for (const char* const field : {"wait", "wait_timeout", "request_id"}) {
        sorted.erase(field);
    }
    const std::string text = sorted.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return domain::sha256_hex(std::string(operation) + "\n" + text);
}

}  // namespace flow::api
