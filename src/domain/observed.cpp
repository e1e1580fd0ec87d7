#include "domain/observed.hpp"

namespace flow::domain {

std::string_view to_string(EngineEvent::Type type) {
    using Type = EngineEvent::Type;
    switch (type) {
        case Type::create: return "create";
        case Type::start: return "start";
        case Type::die: return "die";
        case Type::oom: return "oom";
        case Type::kill: return "kill";
        case Type::stop: return "stop";
        case Type::destroy: return "destroy";
        case Type::rename: return "rename";
        case Type::update: return "update";
        case Type::pause: return "pause";
        case Type::unpause: return "unpause";
        case Type::health: return "health";
    }
    return "unknown";
}

Json ResourceUsage::to_json() const {
    Json json;
    json["cpu_percent"] = cpu_percent;
    json["memory_usage"] = memory_usage;
    json["memory_limit"] = memory_limit;
    json["memory_percent"] = memory_percent;
    json["network_rx_bytes"] = network_rx_bytes;
    json["network_tx_bytes"] = network_tx_bytes;
    json["disk_read_bytes"] = disk_read_bytes;
    json["disk_write_bytes"] = disk_write_bytes;
    json["pids"] = pids;
    json["timestamp"] = to_rfc3339(timestamp);
    return json;
}

}  // namespace flow::domain
