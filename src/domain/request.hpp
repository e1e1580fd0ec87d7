// What a client asks for, validated: the input of the store's accept verb. Plain values.
#pragma once

#include <optional>
#include <string>

#include "domain/change.hpp"
#include "domain/record.hpp"
#include "domain/spec.hpp"

namespace flow::domain {

enum class Operation { create, start, stop, restart, update, rollback, remove, manifest };

/// "create_container" …; a manifest's is "apply".
std::string_view to_string(Operation operation);

struct Request {
    Operation operation = Operation::create;
    std::string actor = "anonymous";
    std::string request_id;                         ///< the client's, or one that we made
    bool client_gave_id = false;                    ///< only then is a repetition recognised
    std::string payload_digest;                     ///< of the payload without wait and wait_timeout
    std::string container_id;                       ///< resolved; "" for create and for a manifest's new name
    std::optional<Generation> expected_generation;
    std::optional<Spec> spec;                       ///< create, manifest, rollback: whole; update: the patched one
    DesiredState desired = DesiredState::created;   ///< create, manifest
    std::optional<Duration> timeout;                ///< stop, restart: instead of the spec's grace
    bool remove_volumes = true;
    bool force = false;
    std::string source;                             ///< manifest: "manifest:FILE"; by hand "apply", "apply:NAME"
    std::string document_digest;                    ///< manifest: an applied one does nothing; "": held against the row
    std::string document_set;                       ///< manifest: where its name counts; "": the source
};

/// The answer to an accepted request.
struct Accepted {
    std::string container_id;
    std::string name;
    Generation generation = 0;
    Seq seq = 0;
    bool changed = false;
    bool created = false;                   ///< the row is new
    /// update, rollback, manifest: `[{"field", "from", "to"}]`, secrets masked.
    Json diff = Json::array();
    std::string request_id;
    bool repeated = false;                  ///< the same request came before: nothing was done now
    std::optional<RequestEnd> end;          ///< repeated, and it has ended already
    /// `{ok: true, container_id, name, generation, seq, changed}`
    Json to_json() const;
};

}  // namespace flow::domain
