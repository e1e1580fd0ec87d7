// volumes and tmpfs: Compose's map, short and long forms to Mounts.
#include <set>

#include "domain/spec/draft.hpp"
#include "domain/spec/names.hpp"

namespace flow::domain {
namespace {

/// The path in the container; nothing (and an error) when it is none.
std::optional<std::string> read_target(const Field& field, const std::string& target) {
    if (target.empty() || target.front() != '/') {
        field.wrong("the path in the container must be absolute, not " + shown(target));
        return std::nullopt;
    }
    auto clean = clean_path(target);
    if (!clean) {
        field.wrong("the path in the container must not contain \"..\"");
        return std::nullopt;
    }
    if (*clean == "/") {
        field.wrong("the path in the container cannot be \"/\"");
        return std::nullopt;
    }
    return clean;
}

bool read_bind_source(const Field& field, const std::string& source, Mount& mount) {
    const auto clean = clean_path(source);
    if (!clean) {
        field.wrong(source.starts_with('/')
                        ? "the host path must not contain \"..\""
                        : "the host path must be absolute, not " + shown(source));
        return false;
    }
    mount.type = Mount::Type::bind;
    mount.source = *clean;
    return true;
}

/// A host path or a volume's name, as the first character says.
bool read_source(const Field& field, const std::string& source, Mount& mount) {
    if (source.starts_with('/')) {
        return read_bind_source(field, source, mount);
    }
    if (source.starts_with('.') || source.starts_with('~')) {
        field.wrong("the host path must be absolute: the daemon does not know your folder " +
                    shown(source));
        return false;
    }
    if (const auto bad = why_bad_object_name(source)) {
        field.wrong("the volume's name " + *bad);
        return false;
    }
    mount.type = Mount::Type::volume;
    mount.source = source;
    return true;
}

/// Takes a trailing ":ro" or ":rw" off; other options are an error.
bool read_mode(const Field& field, const std::string& mode, Mount& mount) {
    if (mode == "ro" || mode == "rw") {
        mount.read_only = mode == "ro";
        return true;
    }
    field.wrong("option " + shown(mode) + " is not supported; only ro and rw are");
    return false;
}

/// "/data", "/srv:/data", "name:/data:ro".
std::optional<Mount> read_short_mount(const Field& field) {
    const auto text = read_text(field);
    if (!text) {
        return std::nullopt;
    }
    Mount mount;
    std::string source;
    std::string target = *text;
    const std::size_t first = text->find(':');
    if (first != std::string::npos) {
        source = text->substr(0, first);
        target = text->substr(first + 1);
        const std::size_t second = target.find(':');
        if (second != std::string::npos) {
            if (!read_mode(field, target.substr(second + 1), mount)) {
                return std::nullopt;
            }
            target.resize(second);
        }
        if (!read_source(field, source, mount)) {
            return std::nullopt;
        }
    } else {
        mount.type = Mount::Type::volume;
    }
    const auto clean = read_target(field, target);
    mount.target = clean.value_or("");
    return clean ? std::optional(mount) : std::nullopt;
}

/// The value of {"/host": "/in"}, {"name": "/in:ro"}; the key is the source.
std::optional<Mount> read_map_mount(const Field& field, const std::string& source) {
    const auto text = read_text(field);
    Mount mount;
    if (!text || !read_source(field, source, mount)) {
        return std::nullopt;
    }
    const std::size_t colon = text->find(':');
    if (colon != std::string::npos && !read_mode(field, text->substr(colon + 1), mount)) {
        return std::nullopt;
    }
    const auto target = read_target(field, text->substr(0, colon));
    mount.target = target.value_or("");
    return target ? std::optional(mount) : std::nullopt;
}

struct LongMount {
    std::optional<std::string> type;
    std::optional<std::string> source;
    std::optional<std::string> target;
    bool read_only = false;
};

constexpr Member<LongMount> kLongMembers[] = {
    {"type",
     [](const Field& field, LongMount& into) {
         into.type = read_text(field);
     }},
    {"source",
     [](const Field& field, LongMount& into) {
         into.source = read_text(field);
     }},
    {"target",
     [](const Field& field, LongMount& into) {
         if (const auto text = read_text(field)) into.target = read_target(field, *text);
     }},
    {"read_only",
     [](const Field& field, LongMount& into) {
         into.read_only = read_bool(field).value_or(false);
     }},
};

constexpr ForeignField kForeign[] = {
    {"destination", "use target"},
    {"dst", "use target"},
    {"src", "use source"},
    {"readonly", "use read_only"},
    {"ro", "use read_only"},
    {"bind", "mount options are not supported yet"},
    {"volume", "mount options are not supported yet"},
    {"tmpfs", "use the field tmpfs"},
    {"consistency", "mount options are not supported yet"},
};

/// Was the member given, but in a way that has been reported already?
bool is_reported(const Field& field, const char* member, bool was_read) {
    return !was_read && field.value.contains(member) && !field.value.at(member).is_null();
}

std::optional<Mount> long_bind(const Field& field, const LongMount& given, Mount mount) {
    if (is_reported(field, "source", given.source.has_value())) {
        return std::nullopt;
    }
    if (!given.source || given.source->empty()) {
        field.errors.add(field.path + ".source", "is required: the path on the host");
        return std::nullopt;
    }
    return read_bind_source(field.member("source"), *given.source, mount) ? std::optional(mount)
                                                                         : std::nullopt;
}

std::optional<Mount> long_volume(const Field& field, const LongMount& given, Mount mount) {
    mount.type = Mount::Type::volume;
    mount.source = given.source.value_or("");
    if (mount.source.empty()) {
        return mount;
    }
    if (const auto bad = why_bad_object_name(mount.source)) {
        field.errors.add(field.path + ".source", "the volume's name " + *bad);
        return std::nullopt;
    }
    return mount;
}

/// {type, source, target, read_only}.
std::optional<Mount> read_long_mount(const Field& field) {
    LongMount given;
    read_members<LongMount>(field, kLongMembers, kForeign, given);
    if (!given.target && !is_reported(field, "target", false)) {
        field.errors.add(field.path + ".target", "is required: the path in the container");
    }
    Mount mount;
    mount.read_only = given.read_only;
    mount.target = given.target.value_or("");
    if (given.type == "bind") {
        return long_bind(field, given, std::move(mount));
    }
    if (given.type == "volume") {
        return long_volume(field, given, std::move(mount));
    }
    if (given.type == "tmpfs") {
        field.errors.add(field.path + ".type", "use the field tmpfs");
    } else if (!is_reported(field, "type", given.type.has_value())) {
        field.errors.add(field.path + ".type", "must be bind or volume");
    }
    return std::nullopt;
}

/// "/path" or "/path:options"; the path comes out clean.
std::optional<std::string> read_one_tmpfs(const Field& field) {
    const auto text = read_text(field);
    if (!text) {
        return std::nullopt;
    }
    const std::size_t colon = text->find(':');
    const auto target = read_target(field, text->substr(0, colon));
    if (!target) {
        return std::nullopt;
    }
    const std::string options = colon == std::string::npos ? "" : text->substr(colon + 1);
    return options.empty() ? *target : *target + ":" + options;
}

}  // namespace

void read_volumes(const Field& field, SpecDraft& draft) {
    if (!field.value.is_array() && !field.value.is_object()) {
        field.wrong("must be a map or a list, not " + std::string(kind_of(field.value)));
        return;
    }
    if (field.value.size() > kMaxMounts) {
        field.wrong("has more than " + std::to_string(kMaxMounts) + " entries");
        return;
    }
    const auto keep = [&](std::optional<Mount> mount) {
        if (mount) {
            draft.spec.volumes.push_back(std::move(*mount));
        }
    };
    if (field.value.is_object()) {
        for (const auto& [source, ignored] : field.value.items()) {
            keep(read_map_mount(field.member(source), source));
        }
        return;
    }
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        const Field element = field.element(i);
        keep(element.value.is_object() ? read_long_mount(element) : read_short_mount(element));
    }
}

void read_tmpfs(const Field& field, SpecDraft& draft) {
    if (field.value.is_string()) {
        if (auto one = read_one_tmpfs(field)) {
            draft.spec.tmpfs.push_back(std::move(*one));
        }
        return;
    }
    if (!field.value.is_array() || field.value.size() > kMaxMounts) {
        field.wrong("must be a path or a list of at most " + std::to_string(kMaxMounts) + " paths");
        return;
    }
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        if (auto one = read_one_tmpfs(field.element(i))) {
            draft.spec.tmpfs.push_back(std::move(*one));
        }
    }
}

void settle_mounts(SpecDraft& draft, FieldErrors& errors) {
    std::set<std::string> targets;
    const auto check = [&](const std::string& path, const std::string& target) {
        if (target.empty()) {
            return;
        }
        if (is_at_or_below(target, "/var/run/flow") || is_at_or_below(target, "/run/flow")) {
            errors.add(path, shown(target) + " is where the daemon mounts the container's socket");
        } else if (draft.spec.messaging.inject && is_at_or_below(target, "/flow-runtime")) {
            errors.add(path, shown(target) + " is where the daemon mounts flow-runtime (messaging.inject)");
        } else if (!targets.insert(target).second) {
            errors.add(path, "mounts at " + shown(target) + ", where another entry mounts already");
        }
    };
    if (draft.spec.code->wanted()) {
        check("code.target", draft.spec.code->target);
    }
    if (draft.spec.workspace.enabled) {
        check("workspace", Workspace::kTarget);
    }
    for (const Mount& mount : draft.spec.volumes) {
        check("volumes", mount.target);
    }
    for (const std::string& tmpfs : draft.spec.tmpfs) {
        check("tmpfs", tmpfs.substr(0, tmpfs.find(':')));
    }
}

}  // namespace flow::domain
