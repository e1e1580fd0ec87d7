// ports: Compose's map, short and long forms, with ranges, to single Ports.
#include <arpa/inet.h>

#include <array>
#include <charconv>

#include "domain/spec/draft.hpp"

namespace flow::domain {
namespace {

struct Range {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    int size() const { return last - first + 1; }
};

std::optional<std::uint16_t> port_number(std::string_view text) {
    std::uint16_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = failed == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

/// "80" or "8000-8010".
std::optional<Range> port_range(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = port_number(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : port_number(text.substr(dash + 1));
    if (!first || !last || *last < *first) {
        return std::nullopt;
    }
    return Range{*first, *last};
}

/// What one entry says, still as text.
struct Entry {
    std::string container;
    std::string host = "0";
    std::string host_ip;
    std::string protocol = "tcp";
};

/// Takes "/udp" off the end of `text`.
void split_protocol(std::string& text, std::string& protocol) {
    const std::size_t slash = text.find('/');
    if (slash != std::string::npos) {
        protocol = text.substr(slash + 1);
        text.resize(slash);
    }
}

/// "[ip:]host" or "ip:" in front of the container's port.
bool split_host(const Field& field, const std::string& text, Entry& entry) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        entry.host = text;
        return true;
    }
    entry.host = text.substr(colon + 1);
    entry.host_ip = text.substr(0, colon);
    if (entry.host.empty()) {
        entry.host = "0";
    }
    if (entry.host_ip.empty()) {
        field.wrong("must be [ADDRESS:]HOST:CONTAINER[/PROTOCOL], not " + shown(field.value));
        return false;
    }
    return true;
}

/// Compose's short form: "80", "8080:80", "127.0.0.1:8080:80/udp", "[::1]:8080:80".
std::optional<Entry> short_entry(const Field& field) {
    auto text = read_scalar_text(field);
    if (!text) {
        return std::nullopt;
    }
    Entry entry;
    split_protocol(*text, entry.protocol);
    const std::size_t colon = text->rfind(':');
    if (colon == std::string::npos) {
        entry.container = *text;
        return entry;
    }
    entry.container = text->substr(colon + 1);
    return split_host(field, text->substr(0, colon), entry) ? std::optional(entry) : std::nullopt;
}

std::string scalar_or(const Field& field, const std::string& otherwise) {
    return read_scalar_text(field).value_or(otherwise);
}

constexpr Member<Entry> kLongMembers[] = {
    {"target",
     [](const Field& field, Entry& entry) {
         entry.container = scalar_or(field, "?");
     }},
    {"published",
     [](const Field& field, Entry& entry) {
         entry.host = scalar_or(field, "0");
     }},
    {"host_ip",
     [](const Field& field, Entry& entry) {
         entry.host_ip = read_text(field).value_or("");
     }},
    {"protocol",
     [](const Field& field, Entry& entry) {
         entry.protocol = read_text(field).value_or("tcp");
     }},
};

constexpr ForeignField kForeign[] = {
    {"mode", "is for swarms; leave it out"},
    {"name", "is not supported yet"},
    {"app_protocol", "is not supported yet"},
    {"container", "use target"},
    {"container_port", "use target"},
    {"host", "use published"},
    {"host_port", "use published"},
};

std::optional<Entry> long_entry(const Field& field) {
    Entry entry;
    read_members<Entry>(field, kLongMembers, kForeign, entry);
    if (entry.container.empty()) {
        field.errors.add(field.path + ".target", "is required: the port in the container");
        return std::nullopt;
    }
    return entry;
}

/// One pair of the map: the key names the container's port, the value the host's.
std::optional<Entry> map_entry(const Field& field, const std::string& key) {
    if (field.value.is_null()) {
        field.wrong("has no host port; write 0 to let the engine choose one");
        return std::nullopt;
    }
    const auto host = read_scalar_text(field);
    if (!host) {
        return std::nullopt;
    }
    Entry entry;
    entry.container = key;
    split_protocol(entry.container, entry.protocol);
    return split_host(field, *host, entry) ? std::optional(entry) : std::nullopt;
}

/// An IP address in its usual spelling; brackets around IPv6 are taken off.
std::optional<std::string> canonical_address(std::string text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
    }
    const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    if (inet_pton(family, text.c_str(), bytes.data()) != 1 ||
        inet_ntop(family, bytes.data(), canonical.data(), canonical.size()) == nullptr) {
        return std::nullopt;
    }
    return canonical.data();
}

/// The ports of an entry without ranges; nothing (and an error) when something is wrong.
void add_ports(const Field& field, const Entry& entry, std::vector<Port>& ports) {
    const auto container = port_range(entry.container);
    const auto host = port_range(entry.host);
    if (!container || container->first == 0) {
        field.wrong("the container's port must be 1 to 65535 or a range, not " +
                    shown(entry.container));
        return;
    }
    if (!host) {
        field.wrong("the host's port must be 0 to 65535 or a range, not " + shown(entry.host));
        return;
    }
    const bool chosen_by_engine = host->first == 0 && host->last == 0;
    if (!chosen_by_engine && (host->size() != container->size() || host->first == 0)) {
        field.wrong("the two ranges of ports must be equally long");
        return;
    }
    if (entry.protocol != "tcp" && entry.protocol != "udp" && entry.protocol != "sctp") {
        field.wrong("the protocol must be tcp, udp or sctp, not " + shown(entry.protocol));
        return;
    }
    const auto host_ip = entry.host_ip.empty() ? std::optional(std::string{})
                                               : canonical_address(entry.host_ip);
    if (!host_ip) {
        field.wrong("the host's address must be an IP address, not " + shown(entry.host_ip));
        return;
    }
    for (int i = 0; i < container->size() && ports.size() <= kMaxPorts; ++i) {
        Port port;
        port.container = static_cast<std::uint16_t>(container->first + i);
        port.protocol = entry.protocol;
        port.host = chosen_by_engine ? 0 : static_cast<std::uint16_t>(host->first + i);
        port.host_ip = *host_ip;
        ports.push_back(std::move(port));
    }
}

bool is_any_address(const std::string& ip) { return ip == "0.0.0.0" || ip == "::"; }
bool is_v6(const std::string& ip) { return ip.find(':') != std::string::npos; }

/// Can both be bound on one host? An address left out may be any.
bool collide(const Port& a, const Port& b) {
    if (a.host == 0 || a.host != b.host || a.protocol != b.protocol) {
        return a == b;
    }
    if (a.host_ip == b.host_ip) {
        return true;
    }
    return is_v6(a.host_ip) == is_v6(b.host_ip) &&
           (is_any_address(a.host_ip) || is_any_address(b.host_ip));
}

void keep_without_collisions(const Field& field, std::vector<Port> fresh,
                             std::vector<Port>& ports) {
    for (Port& port : fresh) {
        for (const Port& other : ports) {
            if (collide(port, other)) {
                field.wrong(port.host == 0 ? "publishes a port that another entry publishes already"
                                           : "host port " + std::to_string(port.host) + "/" +
                                                 port.protocol + " is given to two entries");
                return;
            }
        }
        ports.push_back(std::move(port));
    }
    if (ports.size() > kMaxPorts) {
        ports.resize(kMaxPorts);
        field.wrong("more than " + std::to_string(kMaxPorts) + " ports in all");
    }
}

}  // namespace

void read_ports(const Field& field, SpecDraft& draft) {
    if (!field.value.is_array() && !field.value.is_object()) {
        field.wrong("must be a map or a list, not " + std::string(kind_of(field.value)));
        return;
    }
    if (field.value.size() > kMaxPorts) {
        field.wrong("has more than " + std::to_string(kMaxPorts) + " entries");
        return;
    }
    const auto keep = [&](const Field& at, const std::optional<Entry>& entry) {
        std::vector<Port> fresh;
        if (entry) {
            add_ports(at, *entry, fresh);
        }
        keep_without_collisions(at, std::move(fresh), draft.spec.ports);
    };
    if (field.value.is_object()) {
        for (const auto& [key, ignored] : field.value.items()) {
            const Field member = field.member(key);
            keep(member, map_entry(member, key));
        }
        return;
    }
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        const Field element = field.element(i);
        keep(element, element.value.is_object() ? long_entry(element) : short_entry(element));
    }
}

}  // namespace flow::domain
