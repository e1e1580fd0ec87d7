// Who may talk to the daemon (contract 9), as a table of headers.
#include "api/access.hpp"

#include <gtest/gtest.h>

namespace flow::api {
namespace {

AccessConfig config() {
    AccessConfig made;
    made.listen_hosts = {"127.0.0.1", "::1", "192.168.7.5"};
    made.own_hosts = {"workhorse", "10.1.2.3", "fe80::1%eth0"};
    made.allowed_hosts = {"flow.example.com", "other.example.com:8443"};
    made.cors_origins = {"https://app.example.com", "http://localhost:3000"};
    return made;
}

struct Case {
    const char* host;
    const char* origin;
    bool allowed;
};

void PrintTo(const Case& one, std::ostream* out) {
    *out << "Host \"" << one.host << "\", Origin \"" << one.origin << "\"";
}

class Access : public testing::TestWithParam<Case> {};

TEST_P(Access, IsAsTheTableSays) {
    const Case& one = GetParam();
    const auto refused = check_access({one.host, one.origin, false}, config());
    EXPECT_EQ(!refused.has_value(), one.allowed) << refused.value_or("");
}

INSTANTIATE_TEST_SUITE_P(Hosts, Access, testing::Values(
    Case{"localhost:8000", "", true}, Case{"localhost", "", true}, Case{"LocalHost:1", "", true},
    Case{"localhost.:8000", "", true}, Case{"127.0.0.1:8000", "", true}, Case{"127.8.9.1", "", true},
    Case{"[::1]:8000", "", true}, Case{"[::1]", "", true}, Case{"192.168.7.5:8000", "", true},
    Case{"[::ffff:127.0.0.1]:80", "", true}, Case{"workhorse:8000", "", true},
    Case{"WORKHORSE", "", true}, Case{"10.1.2.3", "", true}, Case{"[fe80::1]:8000", "", true},
    Case{"flow.example.com:99", "", true}, Case{"other.example.com", "", true}, Case{"", "", true},
    Case{"evil.example.com:8000", "", false}, Case{"localhost.evil.com", "", false},
    Case{"127.0.0.1.evil.com", "", false}, Case{"10.1.2.4", "", false}, Case{"[::2]:8000", "", false},
    Case{"0.0.0.0:8000", "", false}, Case{"example.com", "", false}, Case{"localhost:99999", "", false},
    Case{"localhost:80x", "", false}, Case{"[::1", "", false}, Case{"a@localhost", "", false},
    Case{":8000", "", false}));

INSTANTIATE_TEST_SUITE_P(Origins, Access, testing::Values(
    Case{"localhost:8000", "http://localhost:8000", true},
    Case{"localhost:8000", "HTTP://LOCALHOST:8000", true},
    Case{"127.0.0.1:8000", "http://localhost:8000", true},
    Case{"[::1]:8000", "http://[::1]:8000", true},
    Case{"localhost", "http://localhost", true}, Case{"localhost:443", "https://localhost", true},
    Case{"flow.example.com", "http://flow.example.com", true},
    Case{"localhost:8000", "https://app.example.com", true},
    Case{"localhost:8000", "https://app.example.com:443", true},
    Case{"localhost:8000", "http://localhost:3000", true},
    Case{"localhost:8000", "http://app.example.com", false},
    Case{"localhost:8000", "https://app.example.com:444", false},
    Case{"localhost:8000", "http://localhost:3001", false},
    Case{"localhost:8000", "http://localhost", false},
    Case{"localhost:8000", "http://evil.example.com:8000", false},
    Case{"localhost:8000", "https://app.example.com.evil.com", false},
    Case{"localhost:8000", "null", false}, Case{"localhost:8000", "file://", false},
    Case{"localhost:8000", "chrome-extension://abc", false},
    // Both are wrong: a page that was resolved to loopback.
    Case{"evil.example.com:8000", "http://evil.example.com:8000", false}));

TEST(AccessConfig, StarAllowsAll) {
    AccessConfig open = config();
    open.allowed_hosts = {"*"};
    EXPECT_FALSE(check_access({"evil.example.com", "", false}, open));
    EXPECT_TRUE(check_access({"evil.example.com", "http://other.example.org", false}, open));
    open.cors_origins = {"*"};
    EXPECT_FALSE(check_access({"evil.example.com", "http://other.example.org", false}, open));
}

TEST(AccessConfig, AListenAddressCounts) {
    AccessConfig everywhere = config();
    everywhere.listen_hosts = {"0.0.0.0"};
    EXPECT_FALSE(check_access({"0.0.0.0:8000", "", false}, everywhere));
    EXPECT_TRUE(check_access({"192.168.7.5:8000", "", false}, everywhere));
}

TEST(AccessConfig, AUnixSocketTakesAnyHostButNotAnyOrigin) {
    EXPECT_FALSE(check_access({"whatever", "", true}, config()));
    EXPECT_TRUE(check_access({"whatever", "http://evil.example.com", true}, config()));
}

TEST(AccessConfig, TheRefusalNamesTheOption) {
    EXPECT_NE(check_access({"evil.com", "", false}, config())->find("--allowed-hosts"),
              std::string::npos);
    EXPECT_NE(
        check_access({"localhost", "http://evil.com", false}, config())->find("--cors-origins"),
        std::string::npos);
}

TEST(MachineHosts, AreReadFromTheSystem) {
    const auto hosts = machine_hosts();
    EXPECT_FALSE(hosts.empty());
    for (const std::string& host : hosts) {
        EXPECT_FALSE(host.empty());
    }
}

}  // namespace
}  // namespace flow::api
