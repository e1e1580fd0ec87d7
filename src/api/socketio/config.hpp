// What can be set on the Socket.IO server. Each field says its meaning, unit and limit; the
// defaults are those of Node's socket.io where it has one. A plain value, copied at construction.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <spdlog/logger.h>

namespace flow::socketio {

struct Config {
    /// Where Engine.IO lives; begins and ends with a slash.
    std::string path = "/socket.io/";
    /// A ping is sent this long after the last pong.
    std::chrono::milliseconds ping_interval{25'000};
    /// A session without a sign of life for this long after a ping is closed.
    std::chrono::milliseconds ping_timeout{20'000};
    /// A session that has joined no namespace by then is closed.
    std::chrono::milliseconds connect_timeout{45'000};
    /// A websocket that has not taken over its session by then is closed; polling goes on.
    std::chrono::milliseconds upgrade_timeout{10'000};
    /// A connection without a request, or in the middle of one, is closed after this time.
    std::chrono::milliseconds http_idle_timeout{65'000};
    /// Attachments of a binary packet must all have come this long after its header.
    std::chrono::milliseconds attachment_timeout{10'000};
    /// close() ends after this time at the latest, whatever the clients do.
    std::chrono::milliseconds close_timeout{2'000};
    /// Bytes of one message from a client, also of one POST body; 413 or close code 1009 above it.
    std::size_t max_payload = 4 * 1024 * 1024;
    /// Bytes waiting for one client; above it volatile events go first, then the session.
    std::size_t max_send_queue = 16 * 1024 * 1024;
    /// Bytes of volatile events among them once the client reads more slowly than it is written to; the oldest go.
    /// So much an acknowledgement may have to wait for; pings overtake it.
    std::size_t max_volatile_queue = 1024 * 1024;
    /// Nesting of JSON from a client.
    std::size_t max_json_depth = 128;
    /// Attachments of one binary packet from a client; together they are bounded by max_payload.
    std::size_t max_attachments = 64;
    /// Bytes of a request's header.
    std::size_t max_http_header = 16 * 1024;
    /// Open TCP or Unix connections and Engine.IO sessions; further ones are refused.
    std::size_t max_connections = 20'000;
    std::size_t max_sessions = 10'000;
    /// Origins whose pages may read our answers ("http://host:port"), or "*" for all. Only tells
    /// browsers; refusing a request is the access check's duty.
    std::vector<std::string> cors_origins;
    /// Answers "Access-Control-Allow-Credentials: true" and never "*" when set.
    bool cors_credentials = false;
    /// permessage-deflate for messages of at least deflate_threshold bytes.
    bool deflate = false;
    std::size_t deflate_threshold = 1024;
    /// Connection state recovery, for sessions that ask for it with `recovery: true` in their CONNECT
    /// payload: their events carry an offset as one more argument, which not every client expects.
    bool recovery = false;
    /// How long a lost session and the events it missed are kept, and how much memory the
    /// events of a namespace may take.
    std::chrono::milliseconds recovery_keep{120'000};
    std::size_t recovery_max_bytes = 16 * 1024 * 1024;
    /// The JSON body of a refusal of Host, Origin or size on paths that are not Engine.IO's; null: as there,
    /// {code, message}.
    std::function<std::string(unsigned status, std::string_view message)> refusal_body;
    /// Where log lines go; spdlog's default logger when null.
    std::shared_ptr<spdlog::logger> logger;
};

}  // namespace flow::socketio
