#include "docker/error_table.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "docker/json_read.hpp"

namespace flow::docker {
namespace {

using domain::EngineFailure;
using domain::ErrorType;

constexpr std::size_t kMaxQuote = 2000;   // bytes of the engine's message in ours

struct Rule {
    std::string_view pattern;   // in lower case; '*' matches anything between two parts
    std::string_view verbs;     // "" any, else a list of words
    EngineFailure failure;
    ErrorType type = ErrorType::docker_api_error;
    std::string_view field = "";
    std::string_view cause = "";
    std::string_view hint = "";
};

// The first rule that fits counts: the special ones stand before the general ones.
constexpr Rule kRules[] = {
    // The object itself.
    {"removal of container * is already in progress", "", EngineFailure::in_progress},
    {"is marked for removal", "", EngineFailure::in_progress},
    {"is already in use by container", "create rename", EngineFailure::name_taken,
     ErrorType::name_conflict, "name", "name_taken",
     "choose another name, or remove or rename the container that holds it"},
    {"no such image", "", EngineFailure::no_such_image, ErrorType::image_not_found, "image"},
    {"could not find the file", "", EngineFailure::refused},
    {"no such container", "", EngineFailure::no_such_container, ErrorType::container_not_found},
    {"could not find bridge", "", EngineFailure::retryable, ErrorType::docker_api_error, "networks",
     "bridge_missing", "the engine's own bridge is gone from this host; restart the engine"},
    {"network * not found", "create start connect", EngineFailure::no_such_network,
     ErrorType::docker_api_error, "networks", "network_missing"},
    {"no such network", "", EngineFailure::no_such_network, ErrorType::docker_api_error, "networks",
     "network_missing"},
    {"is not running", "kill", EngineFailure::not_running},
    {"no such process", "kill stop", EngineFailure::not_running},
    {"client version * is too", "", EngineFailure::away, ErrorType::docker_api_error, "",
     "api_version"},

    // Ports and networks: others hold them now, and may let go.
    {"port is already allocated", "", EngineFailure::retryable, ErrorType::docker_api_error,
     "ports", "port_conflict", "free the host port or choose another one"},
    {"address already in use", "", EngineFailure::retryable, ErrorType::docker_api_error, "ports",
     "port_conflict", "free the host port or choose another one"},
    {"cannot assign requested address", "", EngineFailure::refused, ErrorType::docker_api_error,
     "ports", "", "use an address that this host has"},
    {"all ports are allocated", "", EngineFailure::retryable, ErrorType::docker_api_error, "ports",
     "port_conflict"},
    {"invalid port", "", EngineFailure::refused, ErrorType::docker_api_error, "ports"},
    {"invalid hostport", "", EngineFailure::refused, ErrorType::docker_api_error, "ports"},
    {"invalid containerport", "", EngineFailure::refused, ErrorType::docker_api_error, "ports"},
    {"network-scoped alias is supported only", "", EngineFailure::refused,
     ErrorType::docker_api_error, "networks"},
    {"already exists in network", "", EngineFailure::retryable, ErrorType::docker_api_error,
     "networks"},
    {"non-overlapping", "", EngineFailure::retryable, ErrorType::docker_api_error, "networks", "",
     "remove networks that nobody uses: the engine has no address range left"},
    {"connected to host network", "", EngineFailure::refused,
     ErrorType::docker_api_error, "networks"},
    {"has active endpoints", "", EngineFailure::retryable, ErrorType::docker_api_error, "networks",
     "in_use"},

    // Mounts. A missing source may come (a disk that is mounted late): tried again.
    {"bind source path does not exist", "", EngineFailure::retryable, ErrorType::docker_api_error,
     "volumes", "source_missing", "make the folder on the host"},
    {"are you trying to mount a directory onto a file", "", EngineFailure::refused,
     ErrorType::docker_api_error, "volumes"},
    {"error mounting", "", EngineFailure::retryable, ErrorType::docker_api_error, "volumes"},
    {"error while mounting volume", "", EngineFailure::retryable, ErrorType::docker_api_error,
     "volumes"},
    {"duplicate mount point", "", EngineFailure::refused, ErrorType::docker_api_error, "volumes"},
    {"invalid mount config", "", EngineFailure::refused, ErrorType::docker_api_error, "volumes"},
    {"invalid mount", "", EngineFailure::refused, ErrorType::docker_api_error, "volumes"},
    {"invalid volume", "", EngineFailure::refused, ErrorType::docker_api_error, "volumes"},
    {"volume name", "create", EngineFailure::refused, ErrorType::docker_api_error, "volumes"},
    {"invalid tmpfs option", "", EngineFailure::refused, ErrorType::docker_api_error, "tmpfs"},
    {"tmpfs", "create", EngineFailure::refused, ErrorType::docker_api_error, "tmpfs"},
    {"volume is in use", "", EngineFailure::retryable, ErrorType::docker_api_error, "volumes",
     "in_use"},

    // Limits.
    {"error setting rlimit", "", EngineFailure::refused, ErrorType::docker_api_error,
     "resources.ulimits", "", "ask for less than the engine's own limit"},
    {"ulimit", "create", EngineFailure::refused, ErrorType::docker_api_error, "resources.ulimits"},
    {"init was oom-killed", "", EngineFailure::refused, ErrorType::docker_api_error,
     "resources.memory", "", "allow more memory"},
    {"memory reservation", "create update", EngineFailure::refused, ErrorType::docker_api_error,
     "resources.memory_reservation"},
    {"memory limit", "create update", EngineFailure::refused, ErrorType::docker_api_error,
     "resources.memory"},
    {"range of cpus is from", "", EngineFailure::refused, ErrorType::docker_api_error,
     "resources.cpus"},
    {"cpu-shares", "", EngineFailure::refused, ErrorType::docker_api_error, "resources.cpu_shares"},
    {"cpu shares", "", EngineFailure::refused, ErrorType::docker_api_error, "resources.cpu_shares"},
    {"shm", "create", EngineFailure::refused, ErrorType::docker_api_error, "resources.shm_size"},
    {"pids limit", "", EngineFailure::refused, ErrorType::docker_api_error, "resources.pids"},

    // Security.
    {"invalid capadd", "", EngineFailure::refused, ErrorType::docker_api_error, "security.cap_add"},
    {"invalid capdrop", "", EngineFailure::refused, ErrorType::docker_api_error,
     "security.cap_drop"},
    {"unknown capability", "", EngineFailure::refused, ErrorType::docker_api_error,
     "security.cap_add"},
    {"seccomp profile", "", EngineFailure::refused, ErrorType::docker_api_error,
     "security.seccomp"},
    {"apparmor", "", EngineFailure::refused, ErrorType::docker_api_error, "security.apparmor"},
    {"security-opt", "", EngineFailure::refused, ErrorType::docker_api_error, "security"},

    // Logs and probes.
    {"looking up logging plugin", "", EngineFailure::refused, ErrorType::docker_api_error,
     "logging.driver", "", "use one of the engine's log drivers (docker info lists them)"},
    {"no log driver named", "", EngineFailure::refused, ErrorType::docker_api_error,
     "logging.driver", "", "use one of the engine's log drivers (docker info lists them)"},
    {"unknown log opt", "", EngineFailure::refused, ErrorType::docker_api_error,
     "logging.options"},
    {"invalid log", "", EngineFailure::refused, ErrorType::docker_api_error, "logging.options"},
    {"in healthcheck cannot be", "", EngineFailure::refused, ErrorType::docker_api_error,
     "healthcheck"},

    // The process itself.
    {"unable to find user", "", EngineFailure::refused, ErrorType::docker_api_error, "user"},
    {"unable to find group", "", EngineFailure::refused, ErrorType::docker_api_error, "user"},
    {"no matching entries in passwd file", "", EngineFailure::refused, ErrorType::docker_api_error,
     "user"},
    {"sethostname", "", EngineFailure::refused, ErrorType::docker_api_error, "hostname"},
    {"invalid hostname", "", EngineFailure::refused, ErrorType::docker_api_error, "hostname"},
    {"working directory", "create", EngineFailure::refused, ErrorType::docker_api_error,
     "working_dir"},
    {"mkdir * not a directory", "start", EngineFailure::refused, ErrorType::docker_api_error,
     "working_dir"},
    {"cannot mkdir: * is not a directory", "create", EngineFailure::refused,
     ErrorType::docker_api_error, "working_dir"},
    {"chdir to cwd", "", EngineFailure::refused, ErrorType::docker_api_error, "working_dir"},
    {"invalid signal", "", EngineFailure::refused, ErrorType::docker_api_error, "stop_signal"},
    {"executable file not found", "", EngineFailure::refused, ErrorType::docker_api_error,
     "command"},
    {"exec format error", "", EngineFailure::refused, ErrorType::docker_api_error, "image", "",
     "the program was built for another processor, or is a script without its first line"},
    {"no command specified", "", EngineFailure::refused, ErrorType::docker_api_error, "command"},
    {"exec: * no such file or directory", "", EngineFailure::refused, ErrorType::docker_api_error,
     "command"},
    {"exec: * permission denied", "", EngineFailure::refused, ErrorType::docker_api_error,
     "command"},
    {"exec: * is a directory", "", EngineFailure::refused, ErrorType::docker_api_error, "command"},
    {"invalid reference format", "", EngineFailure::refused, ErrorType::docker_api_error, "image"},
    {"invalid container name", "", EngineFailure::refused, ErrorType::docker_api_error, "name"},

    // The host.
    {"no space left on device", "", EngineFailure::retryable, ErrorType::docker_api_error, "",
     "disk_full", "free space in the engine's data folder"},
    {"cannot allocate memory", "", EngineFailure::retryable},
    {"deadline exceeded", "", EngineFailure::retryable},
};

/// `pattern` has at most one '*'.
bool matches(std::string_view text, std::string_view pattern) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) {
        return text.find(pattern) != std::string_view::npos;
    }
    const std::string_view head = pattern.substr(0, star);
    const auto at = text.find(head);
    return at != std::string_view::npos &&
           text.find(pattern.substr(star + 1), at + head.size()) != std::string_view::npos;
}

/// `words` is a list of words without overlap ("create rename"), or "" for all.
bool among(std::string_view verb, std::string_view words) {
    const std::string padded = " " + std::string{words} + " ";
    return words.empty() || padded.find(" " + std::string{verb} + " ") != std::string::npos;
}

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// The engine's message in one line, of bounded length.
std::string quote_of(std::string_view body) {
    const EngineJson json = parse_engine_json(body);
    std::string text = json.is_object() ? text_of(json, "message") : std::string{body};
    if (text.size() > kMaxQuote) {
        text.resize(kMaxQuote);
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) {
            text.pop_back();   // never half a character
        }
        text += "...";
    }
    std::replace(text.begin(), text.end(), '\n', ' ');
    while (text.ends_with(' ') || text.ends_with('\r')) {
        text.pop_back();
    }
    return text.empty() ? "(no message)" : text;
}

/// What a status means when no rule knows the message.
EngineFailure failure_of_status(const EngineCall& call, int status) {
    const bool bad_value = status == 400 && (call.verb == "create" || call.verb == "update");
    return bad_value ? EngineFailure::refused : EngineFailure::retryable;
}

ErrorType type_of_status(int status) {
    switch (status) {
        case 401: return ErrorType::unauthorized;
        case 403: return ErrorType::forbidden;
        default: return ErrorType::docker_api_error;
    }
}

/// The first run of 12 to 64 hex characters in quotes: … in use by container "<id>".
std::string quoted_id(std::string_view message) {
    constexpr auto kNone = std::string_view::npos;
    for (auto at = message.find('"'); at != kNone; at = message.find('"', at + 1)) {
        const auto end = message.find_first_not_of("0123456789abcdef", at + 1);
        if (end != kNone && message[end] == '"' && end - at > 12) {
            return std::string{message.substr(at + 1, end - at - 1)};
        }
    }
    return {};
}

void set_if(domain::Json& details, const char* key, std::string_view value) {
    if (!value.empty()) {
        details[key] = value;
    }
}

}  // namespace

domain::Error engine_error(const EngineCall& call, int status, std::string_view body) {
    const std::string said = quote_of(body);
    const std::string text = lower(said);
    domain::Error error;
    error.type = type_of_status(status);
    error.engine = failure_of_status(call, status);
    error.message = "cannot " + call.verb + " " + call.subject + ": the Docker Engine answered \"" +
                    said + "\"";
    error.details["engine_call"] = call.verb;
    error.details["status"] = status;
    error.details["engine_message"] = said;
    set_if(error.details, "docker_id", call.docker_id);
    const auto rule = std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& known) {
        return among(call.verb, known.verbs) && matches(text, known.pattern);
    });
    if (rule == std::end(kRules)) {
        return error;
    }
    error.engine = rule->failure;
    error.type = rule->type;
    set_if(error.details, "field", rule->field);
    set_if(error.details, "cause", rule->cause);
    if (!rule->hint.empty()) {
        error.message += "; " + std::string{rule->hint};
    }
    if (error.engine == EngineFailure::name_taken) {
        set_if(error.details, "holder_id", quoted_id(said));
    }
    return error;
}

domain::Error with_call(const EngineCall& call, domain::Error error) {
    error.message = "cannot " + call.verb + " " + call.subject + ": " + error.message;
    error.details["engine_call"] = call.verb;
    set_if(error.details, "docker_id", call.docker_id);
    return error;
}

}  // namespace flow::docker
