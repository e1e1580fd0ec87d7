// A blocking client that writes and reads the very bytes of HTTP and of websocket frames, so that tests can say
// exactly what goes over the wire and where it is cut. For the test's thread; waits at most 10 s for an answer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "api/socketio/engine_session.hpp"
#include "api/socketio/server.hpp"
#include "unit/socketio/loopback.hpp"

namespace flow::socketio::testing {

struct WireAnswer {
    std::string head;  ///< the status line and the headers; empty when the connection ended
    std::string body;

    unsigned status() const;
    std::string header(std::string_view name) const;
};

/// First bytes of frames: FIN and the opcode.
inline constexpr unsigned kTextFrame = 0x81;
inline constexpr unsigned kBinaryFrame = 0x82;
inline constexpr unsigned kCloseFrame = 0x88;
inline constexpr unsigned kPingFrame = 0x89;
inline constexpr unsigned kPongFrame = 0x8a;
inline constexpr unsigned kFinBit = 0x80;
inline constexpr unsigned kDeflatedBit = 0x40;

struct WireFrame {
    bool ended = false;  ///< the connection, instead of a frame
    unsigned first = 0;
    std::string data;

    bool is(unsigned first_byte, std::string_view text) const { return first == first_byte && data == text; }
    unsigned close_code() const;
};

class Wire {
public:
    explicit Wire(std::uint16_t port);
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    void write(std::string_view bytes);
    /// In many writes of 1 to `longest` bytes.
    void write_cut(std::string_view bytes, std::mt19937& random, std::size_t longest = 7);
    WireAnswer read_answer();
    WireAnswer get(const std::string& target, const std::string& headers = "");
    WireAnswer post(const std::string& target, const std::string& body, const std::string& headers = "");
    /// The connection ends without another byte.
    bool ended();

    /// The handshake; the answer's head is kept in `head`.
    bool upgrade(const std::string& target, const std::string& headers = "");
    void send(std::string_view text) { send_frame(kTextFrame, text); }
    void send_frame(unsigned first, std::string_view data);
    WireFrame read_frame();
    /// The next frame that is no ping of Engine.IO.
    WireFrame read_packet();
    /// Answers the server's goodbye: its code, 0 when the connection ended without one. Skips other frames.
    unsigned read_close();
    /// "127.0.0.1:54321": what log lines call this client.
    std::string name() const;

    std::string head;

private:
    bool fill();

    int socket_ = -1;
    std::string buffer_;
};

/// A request as text. `headers` are whole lines with their CRLF.
std::string get_text(const std::string& target, const std::string& headers = "");
std::string post_text(const std::string& target, const std::string& body, const std::string& headers = "");
std::string upgrade_text(const std::string& target, const std::string& headers = "");
/// A masked frame.
std::string frame_bytes(unsigned first, std::string_view data);

/// Where tests read what the server has logged.
class LogLines {
public:
    LogLines();
    std::shared_ptr<spdlog::logger> logger() const { return logger_; }
    /// The first line with all of these words, waiting for it; empty when there is none.
    std::string line_with(const std::vector<std::string>& words) const;

private:
    struct Sink;
    std::shared_ptr<Sink> sink_;
    std::shared_ptr<spdlog::logger> logger_;
};

inline const std::string kEcho = "/engine.io/";

/// Bare Engine.IO under kEcho: each message goes back as it came. Look at it on the loop only.
struct EchoSite {
    std::size_t messages = 0;
    std::weak_ptr<EngineSession> last;  ///< of the last message

    void mount(Server& server);
};

/// Handlers for any namespace: "auth" on connect; an event that asks for an answer gets its arguments, any other
/// comes back as "NAME-back".
Handlers answering_handlers();
/// With those in "/" and "/custom".
void mount_answering(Server& server);

/// Opens a polling session; returns its sid.
std::string open_polling(Wire& client, const std::string& path = "/socket.io/");
/// An upgraded session: probe and upgrade are done.
void take_over(Wire& socket, const std::string& sid, const std::string& path = "/socket.io/");
/// A websocket session of its own; true when the open packet came.
bool open_wire(Wire& socket, const std::string& path = "/socket.io/");
/// Joins "/" over an open websocket and reads what the server says to it.
void join_main(Wire& socket);

}  // namespace flow::socketio::testing
