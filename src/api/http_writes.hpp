// The HTTP routes that write (contract 5, as far as they are there): POST /api/apply and
// POST /api/containers/ID/rollback. They do what the Socket.IO requests do and are answered after the commit, with
// `wait` at the end. Borrows what it is given; on the io_context's thread.
#pragma once

#include <functional>
#include <string_view>

#include "api/handlers.hpp"
#include "api/http_text.hpp"
#include "api/socketio/server.hpp"

namespace flow::api {

class HttpWrites {
public:
    using Request = socketio::Server::HttpRequest;
    using Done = std::function<void(HttpReply)>;

    explicit HttpWrites(Parts parts) : parts_(parts) {}

    /// False: not one of its routes. Else `done` is called once, at once or later.
    bool answer(const Request& request, const Done& done);
    void close_gate() { closed_ = true; }

private:
    void apply(const Request& request, std::string_view query, const Done& done);
    void rollback(const Request& request, std::string_view reference, const Done& done);

    Parts parts_;
    bool closed_ = false;
};

}  // namespace flow::api
