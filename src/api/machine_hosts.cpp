// Reads this machine's names and addresses once, at start.
#include <ifaddrs.h>
#include <netdb.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "api/access.hpp"

namespace flow::api {

std::vector<std::string> machine_hosts() {
    std::vector<std::string> hosts;
    std::array<char, 256> text{};
    if (gethostname(text.data(), text.size() - 1) == 0 && text.front() != '\0') {
        hosts.emplace_back(text.data());
    }
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) {
        return hosts;
    }
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const sockaddr* address = entry->ifa_addr;
        if (address == nullptr ||
            (address->sa_family != AF_INET && address->sa_family != AF_INET6)) {
            continue;
        }
        const socklen_t length =
            address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        if (getnameinfo(address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) ==
            0) {
            hosts.emplace_back(text.data());
        }
    }
    return hosts;
}

}  // namespace flow::api
