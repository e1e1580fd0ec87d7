// The plain HTTP side (contract 5, as far as it is there): health for machines, containers for
// scripts. Reads only. Answers from memory at once, on the io_context's thread; borrows what it is
// given.
#pragma once

#include <string_view>

#include "api/http_text.hpp"
#include "api/queries.hpp"
#include "api/services.hpp"
#include "api/socketio/server.hpp"
#include "domain/ports/store.hpp"

namespace flow::api {

class HttpRoutes {
public:
    using Request = socketio::Server::HttpRequest;
    using Response = socketio::Server::HttpResponse;

    HttpRoutes(const domain::Store& store, const Services& services, const Queries& queries)
        : store_(store), services_(services), queries_(queries) {}

    /// GET and HEAD of /healthz, /readyz, /api/containers, /api/containers/:id and its /revisions;
    /// JSON errors for all else.
    Response answer(const Request& request) const;

private:
    HttpReply route(std::string_view path, std::string_view query) const;
    HttpReply health() const;
    HttpReply readiness() const;
    HttpReply containers(std::string_view query) const;
    HttpReply container(std::string_view reference) const;

    const domain::Store& store_;
    const Services& services_;
    const Queries& queries_;
};

}  // namespace flow::api
