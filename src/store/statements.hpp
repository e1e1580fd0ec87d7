// The statements that change the database, and values for them: what a transaction is made of on
// its way from the io_context's thread to the writer. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "domain/time.hpp"

namespace flow::store {

enum class Sql {
    put_meta,
    put_container,
    delete_container,
    put_spec,
    put_status,
    put_fact,
    delete_fact,
    put_request,        ///< accepted or refused: the whole row
    put_open,           ///< an open request as the model has it now; keeps the answer
    end_request,
    delete_request,
    put_manifest,
    delete_manifest,
    put_event,
    delete_events,
    delete_specs,
    put_message,        ///< new, or the new status of one that is known
    delete_messages,
};
inline constexpr std::size_t kSqlCount = static_cast<std::size_t>(Sql::delete_messages) + 1;

const char* text_of(Sql sql);

using Value = std::variant<std::nullptr_t, std::int64_t, std::string>;

struct Statement {
    Sql sql = Sql::put_meta;
    std::vector<Value> values;
};

template <class Number>
Value number(Number value) {
    return static_cast<std::int64_t>(value);
}

/// NULL for the time that stands for none.
inline Value optional_time(domain::Time time) {
    return time == domain::Time{} ? Value{nullptr} : Value{domain::to_nanos(time)};
}

}  // namespace flow::store
