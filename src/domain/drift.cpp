#include "domain/drift.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "domain/spec_canonical.hpp"

namespace flow::domain {
namespace {

constexpr std::size_t kLongValue = 64;
constexpr std::size_t kDigestLength = 16;
constexpr std::string_view kNothing = "none";

constexpr const char* kPids = "HostConfig.PidsLimit";
constexpr const char* kRestartPolicy = "HostConfig.RestartPolicy";

/// Limits of a spec: the engine changes them in place, but for one that has to be taken away.
constexpr std::array<std::string_view, 5> kLimits{
    "HostConfig.Memory", "HostConfig.MemorySwap", "HostConfig.MemoryReservation",
    "HostConfig.NanoCpus", "HostConfig.CpuShares"};

/// What `docker update` sets, too, and no spec: never wanted.
constexpr std::array<std::string_view, 8> kForeignLimits{
    "HostConfig.BlkioWeight",        "HostConfig.CpuPeriod",  "HostConfig.CpuQuota",
    "HostConfig.CpuRealtimePeriod",  "HostConfig.CpuRealtimeRuntime",
    "HostConfig.CpusetCpus",         "HostConfig.CpusetMems", "HostConfig.KernelMemory"};

template <class List>
bool has(const List& list, std::string_view field) {
    return std::find(list.begin(), list.end(), field) != list.end();
}

Settings parsed(std::string_view text) {
    Settings fields = Settings::parse(text, nullptr, false);
    return fields.is_object() ? fields : Settings::object();
}

bool is_nothing(const Settings& value) {
    return value.is_null() || ((value.is_structured() || value.is_string()) && value.empty()) ||
           (value.is_string() && value.get_ref<const std::string&>().empty()) ||
           (value.is_number() && value == 0) || (value.is_boolean() && !value.get<bool>());
}

std::string value_text(const Settings& value) {
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, Settings::error_handler_t::replace);
}

using Wanted = std::pair<std::string_view, std::int64_t>;

std::array<Wanted, 6> wanted_limits(const Resources& resources) {
    const auto limit = [](std::int64_t value) { return std::max<std::int64_t>(value, 0); };
    return {Wanted{"HostConfig.Memory", limit(resources.memory)},
            Wanted{"HostConfig.MemorySwap", limit(resources.memory)},
            Wanted{"HostConfig.MemoryReservation", limit(resources.memory_reservation)},
            Wanted{"HostConfig.NanoCpus", limit(std::llround(resources.cpus * 1e9))},
            Wanted{"HostConfig.CpuShares", limit(resources.cpu_shares)},
            Wanted{kPids, limit(resources.pids)}};
}

void erase_below(Settings& fields, std::string_view prefix, const auto& keep) {
    for (auto entry = fields.begin(); entry != fields.end();) {
        const std::string_view key = entry.key();
        const bool goes = key.starts_with(prefix) && !keep(std::string{key.substr(prefix.size())});
        entry = goes ? fields.erase(entry) : std::next(entry);
    }
}

/// How a field's absence reads.
std::string absent(const std::string& field) {
    if (field.starts_with(kNetworksPrefix)) {
        return std::string{"not "} + kConnected;
    }
    return field == kRestartPolicy ? "no" : std::string{kNothing};
}

}  // namespace

Settings normalised(const Settings& value) {
    if (!value.is_structured()) {
        return is_nothing(value) ? Settings() : value;
    }
    Settings out = value.is_array() ? Settings::array() : Settings::object();
    if (value.is_array()) {
        out = value;    // an entry of a list is never nothing: its place says something
    } else {
        for (const auto& [key, inner] : value.items()) {
            Settings kept = normalised(inner);
            if (!kept.is_null()) {
                out[key] = std::move(kept);
            }
        }
    }
    return out.empty() ? Settings() : out;
}

std::string settings_text(const Settings& fields) {
    Settings out = Settings::object();
    for (const auto& [key, value] : fields.items()) {
        Settings kept = normalised(value);
        if (kept.is_null()) {
            continue;
        }
        const std::string text = value_text(kept);
        if (text.size() > kLongValue) {
            kept = "sha256:" + sha256_hex(text).substr(0, kDigestLength);
        }
        out[key] = std::move(kept);
    }
    return value_text(out);
}

std::string baseline_of(std::string_view seen, const Spec& spec) {
    Settings fields = parsed(seen);
    for (const auto& [name, value] : wanted_limits(spec.resources)) {
        const std::string field{name};
        if (value == 0) {
            fields.erase(field);
        } else if (fields.contains(field)) {
            fields[field] = value;
        }
    }
    for (const std::string_view field : kForeignLimits) {
        fields.erase(std::string{field});
    }
    fields.erase(kRestartPolicy);
    erase_below(fields, kUlimitsPrefix,
                [&](const std::string& name) { return spec.resources.ulimits.contains(name); });
    if (spec.networking.mode.empty() && !spec.networking.networks.empty()) {
        erase_below(fields, kNetworksPrefix, [](const std::string&) { return false; });
        for (const std::string& network : spec.networking.networks) {
            fields[kNetworksPrefix + network] = kConnected;
        }
    }
    return value_text(fields);
}

std::vector<Difference> differences(std::string_view baseline, std::string_view seen) {
    const Settings should = parsed(baseline);
    const Settings is = parsed(seen);
    std::vector<Difference> found;
    const auto add = [&](const std::string& field, std::string value, std::string wanted) {
        found.push_back(Difference{field, std::move(value), std::move(wanted)});
    };
    for (const auto& [field, value] : should.items()) {
        const auto other = is.find(field);
        if (other == is.end()) {
            add(field, absent(field), value_text(value));
        } else if (*other != value) {
            add(field, value_text(*other), value_text(value));
        }
    }
    for (const auto& [field, value] : is.items()) {
        // The engine shows its own default ulimits in every container.
        if (!should.contains(field) && !field.starts_with(kUlimitsPrefix)) {
            add(field, value_text(value), absent(field));
        }
    }
    std::sort(found.begin(), found.end(),
              [](const Difference& a, const Difference& b) { return a.field < b.field; });
    return found;
}

Remedy remedy_of(const Difference& difference) {
    if (difference.field.starts_with(kNetworksPrefix)) {
        return difference.should == kConnected ? Remedy::connect : Remedy::disconnect;
    }
    const bool is_limit = has(kLimits, difference.field) && difference.should != kNothing;
    const bool in_place = is_limit || difference.field == kPids ||
                          difference.field == kRestartPolicy;
    return in_place ? Remedy::update : Remedy::recreate;
}

bool is_fixed(const Difference& difference) {
    return remedy_of(difference) == Remedy::recreate && !has(kLimits, difference.field) &&
           !has(kForeignLimits, difference.field);
}

std::string to_text(const std::vector<Difference>& differences) {
    std::string text;
    for (const Difference& difference : differences) {
        text += text.empty() ? "" : "; ";
        text += difference.field + " is " + difference.is + ", should be " + difference.should;
    }
    return text;
}

}  // namespace flow::domain
