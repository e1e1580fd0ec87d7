#include "docker/event_parse.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <string>
#include <utility>

#include "docker/json_read.hpp"

namespace flow::docker {
namespace {

using Type = domain::EngineEvent::Type;

struct NamedSignal {
    std::string_view name;
    int number;
};

constexpr std::array<NamedSignal, 31> kSignals{{
    {"HUP", SIGHUP},       {"INT", SIGINT},     {"QUIT", SIGQUIT},   {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},   {"IOT", SIGABRT},    {"BUS", SIGBUS},
    {"FPE", SIGFPE},       {"KILL", SIGKILL},   {"USR1", SIGUSR1},   {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE},   {"ALRM", SIGALRM},   {"TERM", SIGTERM},
    {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},   {"CONT", SIGCONT},   {"STOP", SIGSTOP},
    {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},   {"TTOU", SIGTTOU},   {"URG", SIGURG},
    {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ},   {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},
    {"WINCH", SIGWINCH},   {"IO", SIGIO},       {"SYS", SIGSYS},
}};

struct NamedType {
    std::string_view action;
    Type type;
};

constexpr std::array<NamedType, 11> kActions{{
    {"create", Type::create}, {"start", Type::start},     {"die", Type::die},
    {"oom", Type::oom},       {"kill", Type::kill},       {"stop", Type::stop},
    {"destroy", Type::destroy}, {"rename", Type::rename}, {"update", Type::update},
    {"pause", Type::pause},   {"unpause", Type::unpause},
}};

/// "health_status: unhealthy" carries its value behind the colon.
std::optional<Type> type_of(std::string_view action) {
    if (action.starts_with("health_status")) {
        return Type::health;
    }
    const auto found =
        std::find_if(kActions.begin(), kActions.end(),
                     [action](const NamedType& known) { return known.action == action; });
    return found == kActions.end() ? std::nullopt : std::optional{found->type};
}

domain::Time time_of(const EngineJson& event) {
    if (const std::int64_t nanos = integer_of(event, "timeNano"); nanos != 0) {
        return domain::from_nanos(nanos);
    }
    return domain::Time{std::chrono::seconds{std::clamp<std::int64_t>(
        integer_of(event, "time"), 0, 9'000'000'000)}};
}

}  // namespace

int signal_number(std::string_view text) {
    int number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc{} && end == text.data() + text.size()) {
        return number > 0 && number <= 64 ? number : 0;
    }
    std::string name{text};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const std::string_view bare = name.starts_with("SIG") ? std::string_view{name}.substr(3) : name;
    for (const NamedSignal& known : kSignals) {
        if (known.name == bare) {
            return known.number;
        }
    }
    return 0;
}

std::optional<domain::EngineEvent> parse_event(std::string_view line) {
    const EngineJson event = parse_engine_json(line);
    if (!event.is_object() || text_of(event, "Type") != "container") {
        return std::nullopt;
    }
    const auto type = type_of(text_of(event, "Action"));
    const EngineJson& actor = member(event, "Actor");
    const EngineJson& attributes = member(actor, "Attributes");
    if (!type || text_of(actor, "ID").empty()) {
        return std::nullopt;
    }
    domain::EngineEvent out;
    out.type = *type;
    out.docker_id = text_of(actor, "ID");
    out.container_id = text_of(attributes, domain::kLabelContainerId);
    out.time = time_of(event);
    out.exit_code = static_cast<int>(integer_of(attributes, "exitCode"));
    out.signal = signal_number(text_of(attributes, "signal"));
    out.name = text_of(attributes, "name");
    if (out.type == Type::health) {
        const std::string action = text_of(event, "Action");
        const auto colon = action.find(": ");
        out.health = colon == std::string::npos ? "" : action.substr(colon + 2);
    }
    return out;
}

std::optional<domain::NetworkEvent> parse_network_event(std::string_view line) {
    const EngineJson event = parse_engine_json(line);
    if (!event.is_object() || text_of(event, "Type") != "network") {
        return std::nullopt;
    }
    const std::string action = text_of(event, "Action");
    const EngineJson& attributes = member(member(event, "Actor"), "Attributes");
    domain::NetworkEvent out;
    out.connected = action == "connect";
    out.docker_id = text_of(attributes, "container");
    out.network = text_of(attributes, "name");
    out.time = time_of(event);
    if ((!out.connected && action != "disconnect") || out.docker_id.empty()) {
        return std::nullopt;
    }
    return out;
}

}  // namespace flow::docker
