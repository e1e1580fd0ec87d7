// The target and the headers of a request to Engine.IO: the first line is the target, the second the Origin, the third
// what a preflight asks for; the first byte chooses method, upgrade and what is known of the session.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "api/socketio/engine_request.hpp"
#include "api/socketio/json_text.hpp"
#include "fuzz/require.hpp"

using namespace flow::socketio;
using flow::fuzz::require;

namespace {

std::string take_line(std::string_view& rest) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return std::string(line.substr(0, 1'000));
}

void check_answer(const RequestFacts& facts) {
    const auto error = check_request(facts);
    if (!error) {
        require(facts.query.transport == "polling" || facts.query.transport == "websocket");
        require(facts.query.sid.empty() ? facts.query.eio == "4" : facts.known.has_value());
        return;
    }
    const HttpResponse response = error_response(*error);
    const auto body = parse_json(response.body(), 1);
    require(body && body->size() == 2 && body->at("code") == static_cast<int>(*error));
    require(response.result_int() == 400);
}

void check_cors(const std::string& origin, const std::string& wanted, unsigned choice) {
    Config config;
    config.cors_origins = choice % 2 == 0 ? std::vector<std::string>{"*"} : std::vector<std::string>{"http://page"};
    config.cors_credentials = choice % 4 < 2;
    HttpFields request;
    request.set(boost::beast::http::field::origin, origin);
    request.set(boost::beast::http::field::access_control_request_headers, wanted);
    const HttpResponse response = preflight_response(request, config);
    const std::string allowed(response[boost::beast::http::field::access_control_allow_origin]);
    const std::string asked(request[boost::beast::http::field::origin]);
    require(allowed.empty() || allowed == asked || (allowed == "*" && !config.cors_credentials));
    require(choice % 2 == 0 || allowed.empty() || asked == "http://page");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const unsigned choice = data[0];
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    using boost::beast::http::verb;
    constexpr std::array kMethods{verb::get, verb::post, verb::put, verb::unknown};
    RequestFacts facts;
    facts.query = parse_engine_query(take_line(rest));
    facts.method = kMethods[choice % 4];
    facts.upgrade = (choice & 4U) != 0;
    if ((choice & 8U) != 0) {
        facts.known = (choice & 16U) != 0 ? TransportKind::websocket : TransportKind::polling;
    }
    check_answer(facts);
    const std::string origin = take_line(rest);
    check_cors(origin, take_line(rest), choice >> 5U);
    return 0;
}
