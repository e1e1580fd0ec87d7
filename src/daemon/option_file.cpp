#include "daemon/option_file.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "domain/yaml.hpp"

namespace flow::daemon {
namespace {

using domain::Json;

class Reader {
public:
    Reader(std::string path, const domain::YamlDocument& document)
        : path_(std::move(path)), document_(document) {}

    domain::Error wrong(const std::string& field, const std::string& message) const {
        domain::Error error;
        error.type = domain::ErrorType::validation_error;
        error.message = path_ + ":" + std::to_string(document_.line_of(field)) + ": " + field +
                        ": " + message;
        return error;
    }

    domain::Result<std::vector<std::string>> texts(const std::string& field,
                                                   const Json& value) const {
        std::vector<std::string> list;
        const Json items = value.is_array() ? value : Json::array({value});
        for (const Json& item : items) {
            if (item.is_string()) {
                list.push_back(item.get<std::string>());
            } else if (item.is_number() || item.is_boolean()) {
                list.push_back(item.dump());
            } else {
                return wrong(field, "expected text, a number or a list of these");
            }
        }
        return list;
    }

    domain::Result<bool> flag(const std::string& field, const Json& value) const {
        if (!value.is_boolean()) {
            return wrong(field, "expected true or false");
        }
        return value.get<bool>();
    }

private:
    std::string path_;
    const domain::YamlDocument& document_;
};

domain::Result<void> read_policy(const Reader& reader, const Json& section,
                                 domain::Policy& policy) {
    if (!section.is_object()) {
        return reader.wrong("policy", "expected a map");
    }
    for (const auto& [key, value] : section.items()) {
        const std::string field = "policy." + key;
        bool* const flag = key == "privileged"     ? &policy.privileged
                           : key == "host_network" ? &policy.host_network
                           : key == "unconfined"   ? &policy.unconfined
                                                   : nullptr;
        if (flag != nullptr) {
            const auto read = reader.flag(field, value);
            if (!read) {
                return read.error();
            }
            *flag = *read;
            continue;
        }
        const auto texts = reader.texts(field, value);
        if (!texts) {
            return texts.error();
        }
        if (key == "capabilities") {
            policy.capabilities = *texts;
        } else if (key == "host_paths" || key == "code_roots") {
            auto& rules = key == "host_paths" ? policy.host_paths : policy.code_roots;
            for (const std::string& text : *texts) {
                const auto rule = domain::parse_host_path_rule(text);
                if (!rule) {
                    return reader.wrong(field, rule.error().message);
                }
                rules.push_back(*rule);
            }
        } else {
            return reader.wrong(field, "unknown; the policy has host_paths, code_roots, capabilities, "
                                       "privileged, host_network and unconfined");
        }
    }
    return {};
}

/// A file's first line, without its end.
std::optional<std::string> first_line(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    if (!std::getline(file, line)) {
        return std::nullopt;
    }
    return line;
}

domain::Result<docker::Registry> read_registry(const Reader& reader, const std::string& field,
                                               const Json& value) {
    docker::Registry registry;
    for (const auto& [key, text] : value.items()) {
        const std::string path = field + "." + key;
        if (!text.is_string()) {
            return reader.wrong(path, "expected text");
        }
        const std::string given = text.get<std::string>();
        if (key == "server") {
            registry.server = given;
        } else if (key == "username") {
            registry.username = given;
        } else if (key == "password") {
            registry.password = given;
        } else if (key == "password_file") {
            const auto line = first_line(given);
            if (!line) {
                return reader.wrong(path, "cannot read a line of " + given);
            }
            registry.password = *line;
        } else {
            return reader.wrong(path, "unknown; a registry has server, username, and password or "
                                      "password_file");
        }
    }
    if (registry.server.empty() || registry.username.empty() || registry.password.empty()) {
        return reader.wrong(field, "needs server (docker.io, or HOST:PORT as images name it), "
                                   "username, and password or password_file");
    }
    return registry;
}

domain::Result<void> read_registries(const Reader& reader, const Json& section,
                                     std::map<std::string, docker::Registry>& registries) {
    if (!section.is_object()) {
        return reader.wrong("registries", "expected a map of names");
    }
    for (const auto& [name, value] : section.items()) {
        const std::string field = "registries." + name;
        if (!value.is_object()) {
            return reader.wrong(field, "expected a map with server, username and password");
        }
        auto registry = read_registry(reader, field, value);
        if (!registry) {
            return registry.error();
        }
        registries[name] = std::move(*registry);
    }
    return {};
}

}  // namespace

domain::Result<FileOptions> read_option_file(const std::string& path, FileSections sections,
                                             const std::function<bool(const std::string&)>& known) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    domain::Error error;
    error.type = domain::ErrorType::validation_error;
    if (!file) {
        error.message = "cannot read the configuration " + path;
        return error;
    }
    const domain::YamlStream stream = domain::read_yaml(text.str());
    if (!stream.problems.empty()) {
        const auto& problem = stream.problems.front();
        error.message = path + ":" + std::to_string(problem.line) + ": " + problem.message;
        return error;
    }
    FileOptions options;
    sections.policy.host_paths.clear();
    sections.policy.code_roots.clear();
    sections.registries.clear();
    for (const domain::YamlDocument& document : stream.documents) {
        const Reader reader{path, document};
        if (!document.value.is_object()) {
            return reader.wrong("", "expected a map of options");
        }
        for (const auto& [key, value] : document.value.items()) {
            if (key == "policy") {
                if (auto read = read_policy(reader, value, sections.policy); !read) {
                    return read.error();
                }
                continue;
            }
            if (key == "registries") {
                if (auto read = read_registries(reader, value, sections.registries); !read) {
                    return read.error();
                }
                continue;
            }
            std::string name = key;
            std::replace(name.begin(), name.end(), '_', '-');
            if (!known(name)) {
                return reader.wrong(key, "unknown option (flow-manager --help lists them)");
            }
            const auto texts = reader.texts(key, value);
            if (!texts) {
                return texts.error();
            }
            options[name] = *texts;
        }
    }
    return options;
}

}  // namespace flow::daemon
