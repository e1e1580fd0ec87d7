// Connect and abandon, thousands of times, in every state that a client can leave from: what the process keeps must
// not grow. Counts the bytes alive on the heap, and without sanitizers (which keep freed memory back) also its RSS.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>

#include <gtest/gtest.h>

#include "unit/socketio/wire.hpp"

#if defined(__SANITIZE_ADDRESS__)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace flow::socketio::testing {
namespace {

std::size_t heap_bytes() {
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#elif defined(__SANITIZE_THREAD__)
    return 0;
#else
    return ::mallinfo2().uordblks;
#endif
}

std::size_t resident_bytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0;
#else
    unsigned long total = 0;
    unsigned long resident = 0;
    if (FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%lu %lu", &total, &resident) != 2) {
            resident = 0;
        }
        std::fclose(file);
    }
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
#endif
}

class WireChurn : public ::testing::Test {
protected:
    static Config quick() {
        Config config = Loopback::quick_config();
        // Who leaves without a word while no poll is open is found out by the heartbeat.
        config.ping_interval = std::chrono::milliseconds(200);
        config.ping_timeout = std::chrono::milliseconds(200);
        return config;
    }
    WireChurn()
        : loop_(quick(), [this](Server& server) {
              mount_answering(server);
              echo_.mount(server);
          }) {}

    /// Leaves in the state of this number.
    void come_and_go(int state) {
        Wire http(loop_.port());
        Wire socket(loop_.port());
        switch (state % 8) {
            case 0: open_polling(http); break;
            case 1: http.write(get_text(polling_target(open_polling(http)))); break;
            case 2: http.write("POST " + polling_target(open_polling(http)) + " HTTP/1.1\r\nContent-Le"); break;
            case 3: open_wire(socket); break;
            case 4: join_main(socket); break;
            case 5: socket.upgrade(websocket_target(open_polling(http))); break;
            case 6:
                socket.upgrade(websocket_target(open_polling(http)));
                socket.send("2probe");
                socket.read_frame();
                break;
            default:
                join_main(socket);
                socket.send(R"(452-["x",{"_placeholder":true,"num":0}])");
                socket.send_frame(kBinaryFrame, std::string(10'000, 'x'));
                break;
        }
    }
    void round(int times) {
        for (int i = 0; i < times; ++i) {
            come_and_go(i);
        }
        EXPECT_TRUE(eventually([&] {
            std::size_t left = 0;
            loop_.on_loop([&](Server& server) { left = server.session_count() + server.connection_count(); });
            return left == 0;
        })) << "sessions and connections that nobody uses any more";
    }

    EchoSite echo_;
    Loopback loop_;
};

TEST_F(WireChurn, MemoryStaysFlatOverThousandsOfAbandonedConnections) {
    round(400);     // what is kept for reuse, like tables that have grown, is kept from now on
    const std::size_t heap = heap_bytes();
    const std::size_t resident = resident_bytes();
    round(2'400);
    // A leak of only 64 bytes for each of them would be more than this.
    EXPECT_LT(heap_bytes(), heap + 150'000);
    EXPECT_LT(resident_bytes(), resident + 2'000'000);
}

}  // namespace
}  // namespace flow::socketio::testing
