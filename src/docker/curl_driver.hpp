// Drives one libcurl multi handle from the Asio loop: sockets by readiness waits, its clock by one
// timer. Duty: add and drop transfers, notice their ends, deliver what arrived. User code runs only
// in deliver(), outside of libcurl, so it may add, drop, or destroy the client. Threading: the
// loop's thread. Ownership: shared by the client and by pending Asio handlers; libcurl owns the
// sockets (we release, never close).
#pragma once

#include <map>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>

#include "docker/curl_transfer.hpp"

namespace flow::docker {

class CurlDriver : public std::enable_shared_from_this<CurlDriver> {
public:
    explicit CurlDriver(boost::asio::any_io_executor executor);
    CurlDriver(const CurlDriver&) = delete;
    CurlDriver& operator=(const CurlDriver&) = delete;
    ~CurlDriver();

    void add(std::shared_ptr<Transfer> transfer);
    /// The transfer ends at once, without a callback. Dropping twice, or after its end, is nothing.
    void drop(Transfer& transfer);
    /// Ends all with an error. Nothing runs afterwards.
    void close();

private:
    struct Watch;

    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
    static int on_timer(CURLM* multi, long timeout_ms, void* self);
    void watch_socket(curl_socket_t socket, int what);
    void arm(const std::shared_ptr<Watch>& watch);
    void wait(const std::shared_ptr<Watch>& watch, int direction);
    void set_timer(long timeout_ms);
    void drive(curl_socket_t socket, int ready);
    /// Takes out what has ended and tells everyone what is new.
    void reap();

    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer timer_;
    CURLM* multi_ = nullptr;   // nothing after close()
    std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::map<CURL*, std::shared_ptr<Transfer>> transfers_;
};

}  // namespace flow::docker
