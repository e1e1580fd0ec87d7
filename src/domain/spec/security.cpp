// security: the profile and what is changed of it. Whether it is allowed is the policy's matter.
#include <array>
#include <set>

#include "domain/spec/draft.hpp"
#include "domain/spec/names.hpp"

namespace flow::domain {
namespace {

constexpr std::array<std::string_view, 42> kCapabilities{
    "ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF",
    "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID",
    "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE",
    "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE",
    "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME",
    "SYS_TTY_CONFIG", "WAKE_ALARM"};

std::string upper_case(std::string text) {
    for (char& c : text) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text;
}

/// Upper case without CAP_, sorted, each once; "ALL" alone when it is among them.
std::vector<std::string> read_capabilities(const Field& field) {
    const auto names = read_texts(field, kCapabilities.size() * 2);
    std::set<std::string> known;
    for (std::size_t i = 0; names && i < names->size(); ++i) {
        std::string name = upper_case((*names)[i]);
        if (name.starts_with("CAP_")) {
            name.erase(0, 4);
        }
        if (std::find(kCapabilities.begin(), kCapabilities.end(), name) == kCapabilities.end()) {
            field.element(i).wrong("is not a Linux capability: " + shown((*names)[i]));
        }
        known.insert(std::move(name));
    }
    if (known.contains("ALL")) {
        return {"ALL"};
    }
    return {known.begin(), known.end()};
}

void read_profile(const Field& field, SpecDraft& draft) {
    if (field.value == "restricted") {
        draft.profile = SecurityProfile::restricted;
    } else if (field.value == "baseline") {
        draft.profile = SecurityProfile::baseline;
    } else {
        field.wrong("must be restricted or baseline, not " + shown(field.value));
    }
}

void read_seccomp(const Field& field, SpecDraft& draft) {
    const auto text = read_text(field);
    if (!text || *text == "default") {
        return;
    }
    if (*text != "unconfined" && !text->empty()) {
        field.wrong("must be default or unconfined; profiles of your own are not supported yet");
        return;
    }
    draft.spec.security.seccomp = *text;
}

void read_apparmor(const Field& field, SpecDraft& draft) {
    const auto text = read_text(field, 255);
    if (!text || *text == "default") {
        return;
    }
    const bool good = std::all_of(text->begin(), text->end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    });
    if (!good) {
        field.wrong("must be the name of a loaded profile, default or unconfined, not " +
                    shown(field.value));
        return;
    }
    draft.spec.security.apparmor = *text;
}

void read_userns(const Field& field, SpecDraft& draft) {
    const auto text = read_text(field);
    if (text && *text != "host" && !text->empty()) {
        field.wrong("must be host, or left out");
        return;
    }
    draft.spec.security.userns = text.value_or("");
}

constexpr Member<SpecDraft> kMembers[] = {
    {"profile", read_profile},
    {"cap_drop",
     [](const Field& field, SpecDraft& draft) {
         draft.spec.security.cap_drop = read_capabilities(field);
     }},
    {"cap_add",
     [](const Field& field, SpecDraft& draft) {
         draft.spec.security.cap_add = read_capabilities(field);
     }},
    {"no_new_privileges",
     [](const Field& field, SpecDraft& draft) {
         draft.spec.security.no_new_privileges = read_bool(field).value_or(true);
     }},
    {"seccomp", read_seccomp},
    {"apparmor", read_apparmor},
    {"userns", read_userns},
    {"privileged",
     [](const Field& field, SpecDraft& draft) {
         draft.spec.security.privileged = read_bool(field).value_or(false);
     }},
};

bool is_flow_image(std::string_view image) {
    std::string_view repository = image_repository(image);
    for (const std::string_view prefix : {"docker.io/", "library/"}) {
        if (repository.starts_with(prefix)) {
            repository.remove_prefix(prefix.size());
        }
    }
    return repository == "flow";
}

}  // namespace

void read_security(const Field& field, SpecDraft& draft) {
    read_members<SpecDraft>(field, kMembers, foreign_security_fields(), draft);
}

void settle_security(SpecDraft& draft, FieldErrors& errors) {
    Security& security = draft.spec.security;
    const auto by_image =
        is_flow_image(draft.spec.image) || draft.spec.kind == Kind::job || draft.spec.code->wanted()
            ? SecurityProfile::restricted
            : SecurityProfile::baseline;
    security.profile = draft.profile.value_or(by_image);
    if (security.profile == SecurityProfile::restricted) {
        security.cap_drop = {"ALL"};
    }
    for (const std::string& name : security.cap_add) {
        if (name == "ALL" && security.cap_drop == std::vector<std::string>{"ALL"}) {
            errors.add("security.cap_add", "ALL cannot be added where ALL is dropped");
        } else if (std::find(security.cap_drop.begin(), security.cap_drop.end(), name) !=
                   security.cap_drop.end()) {
            errors.add("security.cap_add", name + " is in cap_drop as well");
        }
    }
}

}  // namespace flow::domain
