#include "runtime/answers.hpp"

namespace flow::runtime {
namespace {

/// Behind the string that begins at `at` (its opening quote).
std::size_t behind_text(std::string_view json, std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at) {
        if (json[at] == '\\') {
            ++at;
        }
    }
    return at < json.size() ? at + 1 : json.size();
}

std::size_t behind_blanks(std::string_view json, std::size_t at) {
    const std::size_t found = json.find_first_not_of(" \t\r\n", at);
    return found == json.npos ? json.size() : found;
}

}  // namespace

std::string top_level_text(std::string_view json, std::string_view member) {
    int depth = 0;
    for (std::size_t at = 0; at < json.size();) {
        const char c = json[at];
        if (c != '"') {
            depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
            ++at;
            continue;
        }
        const std::size_t end = behind_text(json, at);
        const std::string_view text = json.substr(at + 1, end - at - 2);
        const std::size_t colon = behind_blanks(json, end);
        at = end;
        if (depth != 1 || text != member || colon >= json.size() || json[colon] != ':') {
            continue;
        }
        const std::size_t value = behind_blanks(json, colon + 1);
        if (value >= json.size() || json[value] != '"') {
            return "";
        }
        const std::string_view found = json.substr(value + 1, behind_text(json, value) - value - 2);
        return found.find('\\') == found.npos ? std::string{found} : std::string{};
    }
    return "";
}

std::string no_program_answer(std::string_view message) {
    std::string answer = R"({"error":"this flow has no program: give the container code with a file named main, )"
                         R"(or set FLOW_COMMAND","error_type":"no_program")";
    const std::string id = top_level_text(message, "message_id");
    if (!id.empty()) {
        answer += ",\"reply_to\":\"" + id + "\"";
    }
    return answer + "}\n";
}

}  // namespace flow::runtime
