// networks and network_mode.
#include "domain/spec/draft.hpp"
#include "domain/spec/names.hpp"

namespace flow::domain {
namespace {

/// Names that mean something else to the engine than a network of that name, or would pass for an
/// id.
std::optional<std::string> why_bad_network(const std::string& name) {
    if (name == "host" || name == "none" || name == "bridge") {
        return "is not a network to join; use network_mode: " + name;
    }
    if (name == "default") {
        return "is a name that the engine reads as its default bridge; use network_mode: bridge";
    }
    if (looks_like_id(name)) {
        return "would pass for a network's id; give its name";
    }
    if (const auto bad = why_bad_object_name(name)) {
        return "the network's name " + *bad;
    }
    return std::nullopt;
}

void add_network(const Field& field, const std::string& name, SpecDraft& draft) {
    auto& networks = draft.spec.networking.networks;
    if (const auto bad = why_bad_network(name)) {
        field.wrong(*bad);
    } else if (std::find(networks.begin(), networks.end(), name) != networks.end()) {
        field.wrong("names " + shown(name) + " twice");
    } else {
        networks.push_back(name);
    }
}

}  // namespace

void read_networks(const Field& field, SpecDraft& draft) {
    if (!field.value.is_array() && !field.value.is_object()) {
        field.wrong("must be a list of names, not " + std::string(kind_of(field.value)));
        return;
    }
    if (field.value.size() > kMaxNetworks) {
        field.wrong("has more than " + std::to_string(kMaxNetworks) + " entries");
        return;
    }
    draft.networks_given = !field.value.empty();
    if (field.value.is_object()) {
        for (const auto& [name, value] : field.value.items()) {
            const Field member = field.member(name);
            if (!value.is_null() && !(value.is_object() && value.empty())) {
                member.wrong("options of a network are not supported yet");
            }
            add_network(member, name, draft);
        }
        return;
    }
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        if (const auto name = read_text(field.element(i))) {
            add_network(field.element(i), *name, draft);
        }
    }
}

void read_network_mode(const Field& field, SpecDraft& draft) {
    const auto mode = read_text(field);
    if (!mode) {
        return;
    }
    if (*mode != "none" && *mode != "bridge" && *mode != "host") {
        field.wrong("must be none, bridge or host, not " + shown(field.value) +
                    "; networks are joined by networks");
        return;
    }
    draft.spec.networking.mode = *mode;
}

void settle_networking(SpecDraft& draft, FieldErrors& errors) {
    Networking& networking = draft.spec.networking;
    if (networking.mode.empty()) {
        if (!draft.networks_given) {
            networking.networks = {"flow-net"};
        }
        return;
    }
    if (draft.networks_given) {
        errors.add("network_mode", "cannot be given together with networks");
    }
    if (networking.mode != "bridge" && !draft.spec.ports.empty()) {
        errors.add("ports", "cannot be published under network_mode: " + networking.mode);
    }
}

}  // namespace flow::domain
