// The connection to the manager: made, and made again whenever it ends. Never blocks.
#pragma once

#include <poll.h>

#include <string>

#include "runtime/relay.hpp"

namespace flow::runtime {

class Link {
public:
    /// `path` of the socket; "": there is none, and nothing is ever connected.
    explicit Link(std::string path) : path_(std::move(path)) {}

    bool wanted() const { return !path_.empty(); }
    bool connected() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    bool has_to_write(const Relay& from) const { return connected() && (!greeted_ || !from.ready().empty()); }
    /// Tries to connect when it is time. Answers for how many ms there is nothing to be done.
    int connect_if_due(long now_ms);
    /// Reads what came into `to`, and writes what is ready in `from`. The other side's end ends the connection.
    void move(short events, Relay& to, Relay& from, long now_ms);

private:
    void wait(long now_ms);
    void drop(long now_ms, Relay& to, Relay& from);
    bool read_into(Relay& to);
    bool write_from(Relay& from);

    std::string path_;
    int descriptor_ = -1;
    bool greeted_ = false;      ///< the line break by which the manager knows that we speak lines
    long due_ms_ = 0;
    long since_ms_ = 0;         ///< when it was connected
    int pause_ms_ = 0;
};

}  // namespace flow::runtime
