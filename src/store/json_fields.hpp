// Small helpers for reading and writing JSON that we wrote ourselves: an absent field keeps its
// default, so that a file from before a field existed is read as if it had been written with it.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "domain/error.hpp"
#include "domain/time.hpp"

namespace flow::store {

using domain::Json;

/// As text on one line; bytes that are no UTF-8 (a log line, say) become replacement characters.
inline std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Our own text: what cannot be read gives null, so that one bad cell does not hide the rest.
inline Json parse(const std::string& text) {
    Json json = Json::parse(text, nullptr, false);
    return json.is_discarded() ? Json{} : json;
}

inline const Json* field(const Json& json, const char* key) {
    if (!json.is_object()) {
        return nullptr;
    }
    const auto found = json.find(key);
    return found == json.end() || found->is_null() ? nullptr : &*found;
}

template <class T>
void read(const Json& json, const char* key, T& out) {
    if (const Json* value = field(json, key)) {
        out = value->get<T>();
    }
}

template <class T>
void read(const Json& json, const char* key, std::optional<T>& out) {
    if (const Json* value = field(json, key)) {
        out = value->get<T>();
    }
}

inline void read(const Json& json, const char* key, domain::Time& out) {
    if (const Json* value = field(json, key)) {
        out = domain::from_nanos(value->get<std::int64_t>());
    }
}

inline void read(const Json& json, const char* key, std::optional<domain::Time>& out) {
    if (const Json* value = field(json, key)) {
        out = domain::from_nanos(value->get<std::int64_t>());
    }
}

inline void read(const Json& json, const char* key, domain::Duration& out) {
    if (const Json* value = field(json, key)) {
        out = domain::Duration{value->get<std::int64_t>()};
    }
}

inline void read(const Json& json, const char* key, std::optional<domain::Duration>& out) {
    if (const Json* value = field(json, key)) {
        out = domain::Duration{value->get<std::int64_t>()};
    }
}

/// Writes a field only when it is not what an absent one would be read as.
template <class T>
void put(Json& json, const char* key, const T& value, const T& absent = T{}) {
    if (!(value == absent)) {
        json[key] = value;
    }
}

template <class T>
void put(Json& json, const char* key, const std::optional<T>& value) {
    if (value) {
        json[key] = *value;
    }
}

inline void put(Json& json, const char* key, domain::Time value) {
    if (value != domain::Time{}) {
        json[key] = domain::to_nanos(value);
    }
}

inline void put(Json& json, const char* key, const std::optional<domain::Time>& value) {
    if (value) {
        json[key] = domain::to_nanos(*value);
    }
}

inline void put(Json& json, const char* key, const std::optional<domain::Duration>& value) {
    if (value) {
        json[key] = value->count();
    }
}

}  // namespace flow::store
