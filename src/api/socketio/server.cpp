#include "api/socketio/server.hpp"

#include <utility>

#include "api/socketio/server_core.hpp"

namespace flow::socketio {

Server::Server(boost::asio::io_context& io, Config config)
    : core_(std::make_shared<ServerCore>(io, std::move(config))) {
    core_->start();
}

Server::~Server() {
    core_->abandon();
}

void Server::set_namespace(std::string name, Handlers handlers) {
    core_->set_namespace(std::move(name), std::move(handlers));
}

Broadcast Server::in(std::string_view nsp) const {
    return Broadcast(core_->find_namespace(nsp));
}

void Server::set_later_handler(LaterHandler handler) {
    core_->later_handler =
        handler ? std::make_shared<const LaterHandler>(std::move(handler)) : nullptr;
}

void Server::set_http_handler(HttpHandler handler) {
    core_->http_handler = handler ? std::make_shared<const HttpHandler>(std::move(handler)) : nullptr;
}

void Server::set_access_check(AccessCheck check) {
    core_->access_check = check ? std::make_shared<const AccessCheck>(std::move(check)) : nullptr;
}

void Server::mount_raw_engine(std::string path, RawHandler handler) {
    core_->add_raw_site(std::move(path), std::move(handler));
}

boost::system::result<std::uint16_t> Server::listen(
    const boost::asio::ip::tcp::endpoint& endpoint) {
    return core_->listen(endpoint);
}

boost::system::result<void> Server::listen_unix(const std::string& path) {
    return core_->listen_unix(path);
}

std::size_t Server::session_count() const {
    return core_->session_count();
}

std::size_t Server::connection_count() const {
    return core_->connection_count();
}

void Server::close(std::function<void()> closed) {
    const auto core = core_;    // a client that is told may destroy this
    core->close(std::move(closed));
}

}  // namespace flow::socketio
