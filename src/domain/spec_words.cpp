// Words of the spec's enumerations, durations and digests as text; declared in spec_canonical.hpp.
#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "domain/spec_canonical.hpp"

namespace flow::domain {

std::string_view to_string(Kind kind) { return kind == Kind::job ? "job" : "container"; }

std::string_view to_string(SecurityProfile profile) {
    return profile == SecurityProfile::restricted ? "restricted" : "baseline";
}

std::string_view to_string(DependencyCondition condition) {
    switch (condition) {
        case DependencyCondition::started: return "started";
        case DependencyCondition::healthy: return "healthy";
        case DependencyCondition::completed: return "completed";
    }
    return "started";
}

std::string_view to_string(PullPolicy policy) {
    switch (policy) {
        case PullPolicy::missing: return "missing";
        case PullPolicy::always: return "always";
        case PullPolicy::never: return "never";
    }
    return "missing";
}

std::string_view to_string(Framing framing) {
    switch (framing) {
        case Framing::automatic: return "auto";
        case Framing::lines: return "lines";
        case Framing::length_prefixed: return "length-prefixed";
    }
    return "auto";
}

std::string to_string(const Restart& restart) {
    switch (restart.policy) {
        case Restart::Policy::always: return "always";
        case Restart::Policy::no: return "no";
        case Restart::Policy::on_failure: break;
    }
    return restart.max_retries < 0 ? "on-failure"
                                   : "on-failure:" + std::to_string(restart.max_retries);
}

std::string to_text(Duration duration) {
    struct Unit {
        std::int64_t nanos;
        const char* name;
    };
    constexpr std::array<Unit, 6> kUnits{{{3'600'000'000'000, "h"},
                                          {60'000'000'000, "m"},
                                          {1'000'000'000, "s"},
                                          {1'000'000, "ms"},
                                          {1'000, "us"},
                                          {1, "ns"}}};
    std::int64_t left = duration.count();
    std::string text;
    for (const Unit& unit : kUnits) {
        if (left >= unit.nanos) {
            text += std::to_string(left / unit.nanos) + unit.name;
            left %= unit.nanos;
        }
    }
    return text.empty() ? "0s" : text;
}

std::string name_key(std::string_view name) {
    std::string key{name};
    for (char& c : key) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return key;
}

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) !=
        1) {
        throw std::logic_error("OpenSSL cannot compute SHA-256");
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < length; ++i) {
        text += kHex[digest[i] >> 4];
        text += kHex[digest[i] & 15];
    }
    return text;
}

}  // namespace flow::domain
