// The documents of an `apply`: YAML text with one or several of them, one as an object, or a list of both. Each must
// be good before any is applied. Reads the store (values behind a mask); on the io_context's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/errors.hpp"
#include "api/payload.hpp"
#include "api/services.hpp"
#include "domain/ports/store.hpp"
#include "domain/spec.hpp"

namespace flow::api {

struct ApplyDocument {
    domain::Spec spec;          ///< with its name
    domain::DesiredState desired = domain::DesiredState::running;
};

/// At most so many in one request.
inline constexpr std::size_t kMostDocuments = 1000;

/// Reads the field `manifests`; notes everything that is wrong with it, with the path and, in a text, the line.
std::vector<ApplyDocument> read_documents(Payload& payload, const domain::Store& store);

}  // namespace flow::api
