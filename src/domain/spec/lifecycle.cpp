// restart, stop_signal, stop_grace_period, depends_on and desired_state.
#include <array>
#include <charconv>
#include <set>

#include "domain/spec/draft.hpp"

namespace flow::domain {
namespace {

constexpr std::array<std::string_view, 32> kSignals{
    "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"};

/// The signal's name as the engine knows it; "" for a number without one (32 and 33 belong to the C
/// library).
std::string signal_name(int number) {
    if (number >= 1 && number < static_cast<int>(kSignals.size())) {
        return "SIG" + std::string(kSignals[static_cast<std::size_t>(number)]);
    }
    if (number == 34) return "SIGRTMIN";
    if (number > 34 && number <= 49) return "SIGRTMIN+" + std::to_string(number - 34);
    if (number >= 50 && number < 64) return "SIGRTMAX-" + std::to_string(64 - number);
    return number == 64 ? "SIGRTMAX" : "";
}

/// "term", "SIGTERM", "15" to "SIGTERM"; "" when there is no such signal.
std::string canonical_signal(std::string text) {
    int number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc{} && end == text.data() + text.size()) {
        return signal_name(number);
    }
    for (char& c : text) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (!text.starts_with("SIG")) {
        text.insert(0, "SIG");
    }
    for (int candidate = 1; candidate <= 64; ++candidate) {
        if (signal_name(candidate) == text) {
            return text;
        }
    }
    return "";
}

std::optional<int> retries(std::string_view text) {
    int count = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool whole = failed == std::errc{} && end == text.data() + text.size();
    return whole && count >= 0 && count <= 1000000 ? std::optional(count) : std::nullopt;
}

void add_dependency(const Field& field, const std::string& name, DependencyCondition condition,
                    SpecDraft& draft) {
    if (const auto bad = why_bad_name(name)) {
        field.wrong("the name of the container waited for " + *bad);
        return;
    }
    for (const Dependency& other : draft.spec.depends_on) {
        if (other.name == name) {
            field.wrong("names " + shown(name) + " twice");
            return;
        }
    }
    draft.spec.depends_on.push_back(Dependency{name, condition});
}

void read_condition(const Field& field, DependencyCondition& condition) {
    const auto text = read_text(field);
    if (!text) {
        return;
    }
    if (*text == "started" || *text == "service_started") {
        condition = DependencyCondition::started;
    } else if (*text == "healthy" || *text == "service_healthy") {
        condition = DependencyCondition::healthy;
    } else if (*text == "completed" || *text == "service_completed_successfully") {
        condition = DependencyCondition::completed;
    } else {
        field.wrong("must be started, healthy or completed, not " + shown(field.value));
    }
}

constexpr Member<DependencyCondition> kDependencyMembers[] = {{"condition", read_condition}};

constexpr ForeignField kForeignOfDependency[] = {
    {"required", "is not supported: a container that is not declared yet is waited for"},
    {"restart", "is not supported yet"},
};

}  // namespace

void read_restart(const Field& field, SpecDraft& draft) {
    Restart& restart = draft.spec.restart;
    std::string text;
    if (field.value.is_boolean() && !field.value.get<bool>()) {
        text = "no";  // what YAML 1.1 makes of a bare `no`
    } else if (field.value.is_string()) {
        text = field.value.get<std::string>();
    }
    const std::string_view kLimited = "on-failure:";
    if (text == "no") {
        restart.policy = Restart::Policy::no;
    } else if (text == "always" || text == "unless-stopped") {
        restart.policy = Restart::Policy::always;
    } else if (text.starts_with(kLimited) && retries(text.substr(kLimited.size()))) {
        restart.max_retries = *retries(text.substr(kLimited.size()));
    } else if (text != "on-failure") {
        field.wrong("must be no, on-failure, on-failure:N, always or unless-stopped, not " +
                    shown(field.value));
    }
}

void read_stop_signal(const Field& field, SpecDraft& draft) {
    const auto text = read_scalar_text(field, 32);
    if (!text || text->empty()) {
        return;
    }
    const std::string name = canonical_signal(*text);
    if (name.empty()) {
        field.wrong("must be a signal such as SIGTERM or 15, not " + shown(field.value));
    }
    draft.spec.stop_signal = name;
}

void read_stop_grace_period(const Field& field, SpecDraft& draft) {
    const auto period = read_duration(field);
    if (period && *period > std::chrono::hours{24}) {
        field.wrong("must be at most 24h");
    } else if (period) {
        draft.spec.stop_grace_period = *period;
    }
}

void read_depends_on(const Field& field, SpecDraft& draft) {
    if (!field.value.is_array() && !field.value.is_object()) {
        field.wrong("must be a list of names or a map, not " + std::string(kind_of(field.value)));
        return;
    }
    if (field.value.size() > kMaxDependencies) {
        field.wrong("has more than " + std::to_string(kMaxDependencies) + " entries");
        return;
    }
    if (field.value.is_object()) {
        for (const auto& [name, value] : field.value.items()) {
            const Field member = field.member(name);
            DependencyCondition condition = DependencyCondition::started;
            if (!value.is_null()) {
                read_members<DependencyCondition>(member, kDependencyMembers, kForeignOfDependency,
                                                  condition);
            }
            add_dependency(member, name, condition, draft);
        }
        return;
    }
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        const Field element = field.element(i);
        if (const auto name = read_text(element)) {
            add_dependency(element, *name, DependencyCondition::started, draft);
        }
    }
}

void read_desired_state(const Field& field, SpecDraft& draft) {
    if (field.value == "created") {
        draft.desired_state = DesiredState::created;
    } else if (field.value == "running") {
        draft.desired_state = DesiredState::running;
    } else if (field.value == "stopped") {
        draft.desired_state = DesiredState::stopped;
    } else {
        field.wrong("must be created, running or stopped, not " + shown(field.value));
    }
}

}  // namespace flow::domain
