// Fields that users know from Compose and Docker and that our schema has elsewhere, later, or not
// at all.
#include "domain/spec/draft.hpp"

namespace flow::domain {
namespace {

constexpr ForeignField kSpecFields[] = {
    // Compose's and Docker's spellings of what we have.
    {"apparmor", "use security.apparmor"},
    {"args", "use command"},
    {"cap_add", "use security.cap_add"},
    {"cap_drop", "use security.cap_drop"},
    {"cmd", "use command"},
    {"container_name", "use name"},
    {"cpu_count", "use resources.cpus"},
    {"cpu_percent", "use resources.cpus"},
    {"cpu_period", "use resources.cpus"},
    {"cpu_quota", "use resources.cpus"},
    {"cpu_shares", "use resources.cpu_shares"},
    {"cpus", "use resources.cpus"},
    {"deploy", "use resources and restart"},
    {"domainname", "use hostname"},
    {"env", "use environment"},
    {"image_name", "use image"},
    {"mem_limit", "use resources.memory"},
    {"mem_reservation", "use resources.memory_reservation"},
    {"memory", "use resources.memory"},
    {"memory_reservation", "use resources.memory_reservation"},
    {"memswap_limit", "is not a field: swap is always equal to resources.memory"},
    {"mounts", "use volumes"},
    {"network", "use networks, or network_mode"},
    {"no_new_privileges", "use security.no_new_privileges"},
    {"pids", "use resources.pids"},
    {"pids_limit", "use resources.pids"},
    {"privileged", "use security.privileged"},
    {"pull", "use pull_policy"},
    {"restart_policy", "use restart"},
    {"seccomp", "use security.seccomp"},
    {"security_opt", "use security.no_new_privileges, security.seccomp or security.apparmor"},
    {"shm_size", "use resources.shm_size"},
    {"stop_timeout", "use stop_grace_period"},
    {"ulimits", "use resources.ulimits"},
    {"userns", "use security.userns"},
    {"userns_mode", "use security.userns"},
    {"workdir", "use working_dir"},
    // Compose's fields without a counterpart here.
    {"annotations", "is not supported in a spec; use labels"},
    {"build", "is not supported: build the image first and name it in image"},
    {"configs", "is not supported; use volumes"},
    {"cpuset", "is not supported yet"},
    {"devices", "is not supported"},
    {"dns", "is not supported yet"},
    {"dns_opt", "is not supported yet"},
    {"dns_search", "is not supported yet"},
    {"expose", "is not needed: containers on one network reach all of each other's ports"},
    {"extends", "is not supported"},
    {"health_check", "use healthcheck"},
    {"log_driver", "use logging.driver"},
    {"log_opt", "use logging.options"},
    {"extra_hosts", "is not supported yet"},
    {"group_add", "is not supported yet"},
    {"ipc", "is not supported"},
    {"links", "is not supported; use networks: containers find each other by name"},
    {"pid", "is not supported"},
    {"platform", "is not supported"},
    {"profiles", "is not supported"},
    {"runtime", "is not supported"},
    {"scale", "is not supported: declare each container"},
    {"secrets", "is not supported yet; use environment or volumes"},
    {"stdin_open", "is not supported"},
    {"sysctls", "is not supported yet"},
    {"tty", "is not supported"},
    {"volumes_from", "is not supported; use volumes"},
};

constexpr ForeignField kResourceFields[] = {
    {"cpu", "use resources.cpus"},
    {"cpu_quota", "use resources.cpus"},
    {"cpuset", "is not supported yet"},
    {"limits", "write the limits directly: resources.cpus, resources.memory, resources.pids"},
    {"mem_limit", "use resources.memory"},
    {"mem_reservation", "use resources.memory_reservation"},
    {"memory_swap", "is not a field: swap is always equal to resources.memory"},
    {"memswap_limit", "is not a field: swap is always equal to resources.memory"},
    {"pids_limit", "use resources.pids"},
    {"requests", "use resources.memory_reservation"},
    {"reservations", "use resources.memory_reservation"},
};

constexpr ForeignField kSecurityFields[] = {
    {"capabilities", "use security.cap_add and security.cap_drop"},
    {"read_only", "use read_only at the top of the spec"},
    {"security_opt", "use security.no_new_privileges, security.seccomp or security.apparmor"},
    {"user", "use user at the top of the spec"},
    {"userns_mode", "use security.userns"},
};

}  // namespace

std::span<const ForeignField> foreign_spec_fields() { return kSpecFields; }
std::span<const ForeignField> foreign_resource_fields() { return kResourceFields; }
std::span<const ForeignField> foreign_security_fields() { return kSecurityFields; }

}  // namespace flow::domain
