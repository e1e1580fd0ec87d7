// code, code_path and workspace (contract 2): the files of a container's own. What is read here is what the request says;
// it is copied, and its digest computed, once the policy has allowed it.
#include <array>
#include <set>

#include "domain/spec/draft.hpp"
#include "domain/spec/names.hpp"

namespace flow::domain {
namespace {

constexpr std::size_t kDigest = 64;                     // hex characters
constexpr std::int64_t kSmallestWorkspace = 1 << 20;
constexpr std::int64_t kLargestWorkspace = std::int64_t{1} << 40;

int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// RFC 4648 with its padding; line ends are passed over. Nothing: it is not that.
std::optional<std::string> decode_base64(std::string_view text) {
    std::string bytes;
    std::array<int, 4> group{};
    std::size_t filled = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (c == '\n' || c == '\r') {
            continue;
        }
        const int value = c == '=' ? 0 : value_of(c);
        const bool misplaced = c == '=' ? filled < 2 : padding != 0;
        if (value < 0 || misplaced || padding == 3) {
            return std::nullopt;
        }
        padding += c == '=' ? 1 : 0;
        group[filled++] = value;
        if (filled == group.size()) {
            const int all = (group[0] << 18) | (group[1] << 12) | (group[2] << 6) | group[3];
            for (std::size_t i = 0; i + padding < 3; ++i) {
                bytes += static_cast<char>((all >> (16 - 8 * i)) & 0xff);
            }
            filled = 0;
            if (padding != 0) {
                padding = 3;    // nothing may follow
            }
        }
    }
    return filled == 0 ? std::optional{std::move(bytes)} : std::nullopt;
}

/// {"base64": "…"}, or the text itself.
std::optional<std::string> read_content(const Field& field) {
    if (!field.value.is_object()) {
        return read_text(field, Code::kMostBytes);
    }
    std::optional<std::string> encoded;
    constexpr Member<std::optional<std::string>> kMembers[] = {
        {"base64", [](const Field& member, std::optional<std::string>& into) {
             into = read_text(member, Code::kMostBytes * 4 / 3 + 4);
         }}};
    read_members<std::optional<std::string>>(field, kMembers, {}, encoded);
    if (!encoded) {
        field.wrong("must be a text, or {\"base64\": …}");
        return std::nullopt;
    }
    auto bytes = decode_base64(*encoded);
    if (!bytes) {
        field.member("base64").wrong("is not base64");
    }
    return bytes;
}

void read_files(const Field& field, SpecDraft& draft) {
    if (!field.value.is_object() || field.value.empty()) {
        field.wrong("must be a map of file names to texts, with at least one of them");
        return;
    }
    std::map<std::string, std::string>& given = draft.spec.code.edit().given;
    for (const auto& [name, ignored] : field.value.items()) {
        const Field file = field.member(name);
        if (const auto bad = why_bad_file_name(name)) {
            file.wrong(*bad);
        } else if (auto content = read_content(file)) {
            given[name] = std::move(*content);
        }
    }
    for (const auto& [name, ignored] : given) {
        for (auto slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
            if (given.contains(name.substr(0, slash))) {
                field.member(name).wrong("is in " + shown(name.substr(0, slash)) + ", which is a file itself");
            }
        }
    }
}

void read_path(const Field& field, SpecDraft& draft) {
    const auto text = read_text(field);
    const auto path = text ? clean_path(*text) : std::nullopt;
    if (text && !path) {
        field.wrong("must be an absolute path of a folder on the host, without \"..\", not " + shown(field.value));
    }
    draft.spec.code.edit().path = path.value_or("");
}

void read_target(const Field& field, SpecDraft& draft) {
    const auto text = read_text(field);
    const auto path = text ? clean_path(*text) : std::nullopt;
    if (text && (!path || *path == "/")) {
        field.wrong("must be an absolute path in the container, without \"..\", not " + shown(field.value));
        return;
    }
    draft.spec.code.edit().target = path.value_or(Code::kDefaultTarget);
}

void read_digest(const Field& field, SpecDraft& draft) {
    const auto text = read_text(field);
    const bool good = text && text->size() == kDigest &&
                      text->find_first_not_of("0123456789abcdef") == std::string::npos;
    if (text && !good) {
        field.wrong("must be 64 hex characters, as get_container_status and the revisions show it");
    }
    draft.spec.code.edit().digest = good ? *text : "";
}

template <std::int64_t Code::*Number>
void read_count(const Field& field, SpecDraft& draft) {
    draft.spec.code.edit().*Number = read_integer(field).value_or(0);
}

void read_contents(const Field& field, SpecDraft& draft) {
    if (!field.value.is_object() || field.value.size() > Code::kMostListed) {
        field.wrong("must be a map of file names to sizes");
        return;
    }
    for (const auto& [name, ignored] : field.value.items()) {
        draft.spec.code.edit().contents[name] = read_integer(field.member(name)).value_or(0);
    }
}

/// The last four are what we found when it was copied: a spec that we have shown can be given back as it is.
constexpr Member<SpecDraft> kMembers[] = {
    {"path", read_path},
    {"files", read_files},
    {"target", read_target},
    {"digest", read_digest},
    {"file_count", read_count<&Code::file_count>},
    {"bytes", read_count<&Code::bytes>},
    {"contents", read_contents},
};

}  // namespace

std::optional<std::string> why_bad_file_name(std::string_view name) {
    constexpr std::size_t kLongestPart = 255;
    if (const auto bad = why_bad_text(name, kMaxText)) {
        return bad;
    }
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::any_of(name.begin(), name.end(), is_control)) {
        return "has a control character in its name";
    }
    if (name.starts_with('/')) {
        return "must be a relative name, without a slash at its beginning";
    }
    while (true) {
        const auto slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        if (part.empty() || part == "." || part == "..") {
            return "must be a plain relative name, without \"..\", \".\" and empty parts";
        }
        if (part.size() > kLongestPart) {
            return "has a part of more than 255 bytes";
        }
        if (slash == name.npos) {
            return std::nullopt;
        }
        name.remove_prefix(slash + 1);
    }
}

void read_code(const Field& field, SpecDraft& draft) {
    read_members<SpecDraft>(field, kMembers, {}, draft);
    if (!field.value.is_object()) {
        return;
    }
    const auto given = [&field](const char* name) {
        return field.value.contains(name) && !field.value.at(name).is_null();
    };
    if (given("files") && (given("path") || given("digest"))) {
        field.wrong("has files as well as path or digest: give one of them");
    } else if (!given("files") && !given("path") && !given("digest")) {
        field.wrong("needs path (a folder on the host) or files (names to texts)");
    }
}

void read_code_path(const Field& field, SpecDraft& draft) {
    if (draft.spec.code->wanted()) {
        field.wrong("is short for code.path: give code or code_path, not both");
        return;
    }
    read_path(field, draft);
}

void read_workspace(const Field& field, SpecDraft& draft) {
    Workspace& workspace = draft.spec.workspace;
    if (field.value.is_boolean()) {
        workspace.enabled = field.value.get<bool>();
        return;
    }
    const auto size = read_bytes(field);
    if (size && (*size < kSmallestWorkspace || *size > kLargestWorkspace)) {
        field.wrong("must be true, or a size from 1m to 1t, not " + shown(field.value));
    } else if (size) {
        workspace = {true, *size};
    }
}

}  // namespace flow::domain
