// What a broadcast costs at least: one send() for each receiver, with nothing around it. Forks a reader; called once by a
// program of its own, before it has threads.
#pragma once

#include <cstddef>
#include <string>

namespace flow::bench {

/// `rounds` times `bytes` to each of `receivers` loopback connections, the next round when the reader has all; a line of JSON
/// with the CPU time of one send() in microseconds.
std::string send_floor(std::size_t receivers, std::size_t rounds, std::size_t bytes);

}  // namespace flow::bench
