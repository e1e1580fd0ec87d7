#include "docker/create_parts.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "docker/spec_to_create.hpp"

namespace flow::docker {

using domain::Json;
using reconciler::CreateCall;

namespace {

Json bind_mount(const std::string& source, const std::string& target, bool read_only) {
    Json mount;
    mount["Type"] = "bind";
    mount["Source"] = source;
    mount["Target"] = target;
    mount["ReadOnly"] = read_only;
    return mount;
}

/// Without a name the engine makes an anonymous volume. The labels count only when the volume is
/// made by this.
Json volume_mount(const domain::Mount& volume, const EngineConfig& config) {
    Json mount;
    mount["Type"] = "volume";
    if (!volume.source.empty()) {
        mount["Source"] = volume.source;
    }
    mount["Target"] = volume.target;
    mount["ReadOnly"] = volume.read_only;
    mount["VolumeOptions"]["Labels"][domain::kLabelManager] = config.manager;
    return mount;
}

/// Its options count when the engine makes it: at the first create, and again after it was removed.
Json workspace_mount(const CreateCall& call, const EngineConfig& config) {
    domain::Mount volume;
    volume.source = call.workspace;
    volume.target = domain::Workspace::kTarget;
    Json mount = volume_mount(volume, config);
    if (const std::int64_t size = call.spec.workspace.size; size != 0) {
        Json& driver = mount["VolumeOptions"]["DriverConfig"];
        driver["Name"] = "local";
        driver["Options"]["type"] = "tmpfs";
        driver["Options"]["device"] = "tmpfs";
        driver["Options"]["o"] = "size=" + std::to_string(size);
    }
    return mount;
}

}  // namespace

Json mounts_of(const CreateCall& call, const EngineConfig& config) {
    Json list = Json::array();
    std::map<std::string, std::string> carried;   // target to volume
    for (const domain::ObservedMount& mount : call.carried) {
        carried[mount.target] = mount.name;
    }
    for (domain::Mount volume : call.spec.volumes) {
        if (volume.type == domain::Mount::Type::bind) {
            carried.erase(volume.target);
            list.push_back(bind_mount(volume.source, volume.target, volume.read_only));
            continue;
        }
        if (const auto old = carried.find(volume.target); old != carried.end()) {
            volume.source = volume.source.empty() ? old->second : volume.source;
            carried.erase(old);
        }
        list.push_back(volume_mount(volume, config));
    }
    for (const auto& [target, name] : carried) {   // made by the image's VOLUME: not in the spec
        domain::Mount volume;
        volume.source = name;
        volume.target = target;
        list.push_back(volume_mount(volume, config));
    }
    if (!call.code_link.empty()) {
        list.push_back(bind_mount(call.code_link, call.spec.code->target, true));
    }
    if (!call.workspace.empty()) {
        list.push_back(workspace_mount(call, config));
    }
    if (!call.socket_folder.empty()) {
        list.push_back(bind_mount(call.socket_folder, kSocketFolder, true));
    }
    if (call.spec.messaging.inject) {
        list.push_back(bind_mount(config.runtime, kRuntime, true));
    }
    return list;
}

namespace {

std::int64_t nano_cpus(double cpus) { return std::llround(cpus * 1e9); }

}  // namespace

void add_resources(const domain::Resources& resources, Json& host) {
    if (resources.cpus > 0) {
        host["NanoCpus"] = nano_cpus(resources.cpus);
    }
    if (resources.cpu_shares > 0) {
        host["CpuShares"] = resources.cpu_shares;
    }
    if (resources.memory > 0) {
        host["Memory"] = resources.memory;
        host["MemorySwap"] = resources.memory;   // else the engine allows as much swap on top
    }
    if (resources.memory_reservation > 0) {
        host["MemoryReservation"] = resources.memory_reservation;
    }
    if (resources.pids != 0) {
        host["PidsLimit"] = resources.pids;
    }
}

void add_fixed_resources(const domain::Resources& resources, Json& host) {
    if (resources.shm_size > 0) {
        host["ShmSize"] = resources.shm_size;
    }
    for (const auto& [name, limit] : resources.ulimits) {
        Json ulimit;
        ulimit["Name"] = name;
        ulimit["Soft"] = limit.soft;
        ulimit["Hard"] = limit.hard;
        host["Ulimits"].push_back(ulimit);
    }
}

void add_healthcheck(const domain::Healthcheck& healthcheck, Json& body) {
    Json form = Json::object();
    if (!healthcheck.test.empty()) {
        form["Test"] = healthcheck.test;
    }
    const auto time = [&form](const char* name, domain::Duration value) {
        if (value != domain::Duration{0}) {
            form[name] = value.count();
        }
    };
    time("Interval", healthcheck.interval);
    time("Timeout", healthcheck.timeout);
    time("StartPeriod", healthcheck.start_period);
    if (healthcheck.retries != 0) {
        form["Retries"] = healthcheck.retries;
    }
    if (!form.empty()) {
        body["Healthcheck"] = std::move(form);
    }
}

Json log_config_of(const domain::Logging& logging) {
    Json form;
    form["Type"] = logging.driver.empty() ? "json-file" : logging.driver;
    form["Config"] = Json::object();
    if (form["Type"] == "json-file") {
        form["Config"]["max-size"] = "10m";
        form["Config"]["max-file"] = "5";
    }
    for (const auto& [name, value] : logging.options) {
        form["Config"][name] = value;
    }
    return form;
}

void add_security(const domain::Security& security, Json& host) {
    if (!security.cap_drop.empty()) {
        host["CapDrop"] = security.cap_drop;
    }
    if (!security.cap_add.empty()) {
        host["CapAdd"] = security.cap_add;
    }
    Json options = Json::array();
    if (security.no_new_privileges) {
        options.push_back("no-new-privileges:true");
    }
    if (!security.seccomp.empty()) {
        options.push_back("seccomp=" + security.seccomp);
    }
    if (!security.apparmor.empty()) {
        options.push_back("apparmor=" + security.apparmor);
    }
    if (!options.empty()) {
        host["SecurityOpt"] = std::move(options);
    }
    if (!security.userns.empty()) {
        host["UsernsMode"] = security.userns;
    }
    if (security.privileged) {
        host["Privileged"] = true;
    }
}

}  // namespace flow::docker
