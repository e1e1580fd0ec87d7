// The policy on a made-up host: a map of paths and links stands for the file system.
#include "domain/policy.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "domain/host_paths.hpp"
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::field_errors;
using test::with;

/// A host whose /var/run is a link to /run, as everywhere. Paths that are not listed do not exist.
class Host {
public:
    std::map<std::string, std::string> links{
        {"/var/run", "/run"}, {"/bin", "/usr/bin"}, {"/lib", "/usr/lib"}};
    std::set<std::string> missing{"/missing"};

    Result<std::string> resolve(const std::string& path) const {
        if (missing.contains(path)) {
            Error error;
            error.message = "does not exist";
            return error;
        }
        for (const auto& [link, target] : links) {
            if (path == link || path.starts_with(link + "/")) {
                return resolve(target + path.substr(link.size()));
            }
        }
        return path;
    }
};

struct Verdict {
    Result<void> result;
    Spec spec;
};

class PolicyTest : public testing::Test {
protected:
    PolicyTest() {
        policy_.data_dir = "/srv/flow-data";
        policy_.engine_socket = "/opt/engine/docker.sock";
    }

    Verdict check(const std::string& fields) {
        Spec spec = with(fields);
        const Host host = host_;
        auto result = check_policy(spec, policy_,
                                   [host](const std::string& path) { return host.resolve(path); });
        return {std::move(result), std::move(spec)};
    }

    Verdict bind(const std::string& source, bool read_only = false) {
        return check("\"volumes\": [\"" + source + ":/in" + (read_only ? ":ro" : "") + "\"]");
    }

    void expect_allowed(const std::string& source, bool read_only = false) {
        const Verdict verdict = bind(source, read_only);
        EXPECT_TRUE(verdict.result.has_value()) << source << ": " << verdict.result.error().message;
    }

    void expect_refused(const std::string& source, const std::string& part,
                        bool read_only = false) {
        const Verdict verdict = bind(source, read_only);
        ASSERT_TRUE(verdict.result.has_error()) << source;
        EXPECT_EQ(verdict.result.error().type, ErrorType::forbidden);
        const std::string text = field_errors(verdict.result.error());
        EXPECT_TRUE(text.starts_with("volumes[0].source: ")) << text;
        EXPECT_NE(text.find(part), std::string::npos) << text;
        EXPECT_NE(text.find("(policy: host_paths)"), std::string::npos) << text;
        EXPECT_EQ(verdict.result.error().details.at("rules"), Json::array({"host_paths"}));
    }

    Host host_;
    Policy policy_;
};

TEST_F(PolicyTest, OrdinaryFoldersAreAllowed) {
    for (const char* path :
         {"/srv", "/srv/x", "/home/me", "/opt/data", "/tmp/x", "/etcetera", "/data", "/library"}) {
        if (std::string(path) != "/srv") {
            expect_allowed(path);
        }
    }
}

TEST_F(PolicyTest, TheHostsOwnPlacesAreRefused) {
    for (const char* root :
         {"/etc", "/root", "/proc", "/sys", "/dev", "/boot", "/run", "/var/run"}) {
        expect_refused(root, root);
        expect_refused(root, root, true);
        expect_refused(std::string(root) + "/below/it", root, true);
    }
    expect_refused("/", "whole host", true);
}

TEST_F(PolicyTest, EngineAndDataDirectoryAreRefused) {
    expect_refused("/opt/engine/docker.sock", "the engine's socket", true);
    expect_refused("/opt/engine", "the engine's socket", true);
    expect_refused("/srv/flow-data", "data directory", true);
    expect_refused("/srv/flow-data/run/x", "data directory", true);
    expect_refused("/var/lib/docker/volumes", "the engine's data", true);
}

TEST_F(PolicyTest, AFolderThatContainsARefusedOneIsRefused) {
    expect_refused("/var", "it contains /var/run", true);
    expect_refused("/var/lib", "it contains /var/lib/docker", true);
    expect_refused("/srv", "it contains /srv/flow-data", true);
    expect_allowed("/var/log");
}

TEST_F(PolicyTest, LinksAreFollowedAndTheTargetIsStored) {
    host_.links["/home/me/data"] = "/srv/real";
    const Verdict verdict = bind("/home/me/data/x");
    ASSERT_TRUE(verdict.result.has_value());
    EXPECT_EQ(verdict.spec.volumes[0].source, "/srv/real/x");
    host_.links["/home/me/trick"] = "/etc";
    expect_refused("/home/me/trick/shadow", "leads to \"/etc/shadow\"", true);
    host_.links["/home/me/sock"] = "/opt/engine/docker.sock";
    expect_refused("/home/me/sock", "the engine's socket");
}

TEST_F(PolicyTest, PlacesThatAreLinksAreRefusedUnderBothNames) {
    host_.links["/srv/flow-data"] = "/mnt/big/flow";
    expect_refused("/mnt/big/flow", "data directory");
    expect_refused("/mnt/big", "it contains /mnt/big/flow");
    expect_refused("/run/docker.sock", "/run");
}

TEST_F(PolicyTest, WhetherARefusedPlaceExistsIsNotTold) {
    host_.missing.insert("/root/.ssh/id_rsa");
    expect_refused("/root/.ssh/id_rsa", "/root");
}

TEST_F(PolicyTest, CodeIsCopiedFromWhereReadingIsAllowed) {
    host_.links["/home/me/current"] = "/srv/rev1";
    const Verdict good = check(R"("code_path": "/home/me/current")");
    ASSERT_TRUE(good.result.has_value());
    EXPECT_EQ(good.spec.code->path, "/srv/rev1");
    host_.links["/home/me/trick"] = "/root/.ssh";
    for (const char* path : {"/etc", "/root/x", "/", "/srv/flow-data/code", "/opt/engine", "/home/me/trick"}) {
        const Verdict refused = check("\"code_path\": \"" + std::string(path) + "\"");
        ASSERT_TRUE(refused.result.has_error()) << path;
        EXPECT_EQ(refused.result.error().type, ErrorType::forbidden) << path;
        EXPECT_TRUE(field_errors(refused.result.error()).starts_with("code.path: ")) << path;
    }
    const Verdict missing = check(R"("code_path": "/missing")");
    ASSERT_TRUE(missing.result.has_error());
    EXPECT_EQ(missing.result.error().type, ErrorType::validation_error);
}

TEST_F(PolicyTest, CodeRootsNarrowAndWiden) {
    policy_.host_paths = {{"/home", false}};
    EXPECT_TRUE(check(R"("code_path": "/srv/x")").result.has_error());
    EXPECT_TRUE(check(R"("code_path": "/home/x")").result.has_value());
    policy_.code_roots = {{"/srv/code", false}, {"/etc/flows", false}};
    EXPECT_TRUE(check(R"("code_path": "/srv/code/x")").result.has_value());
    EXPECT_TRUE(check(R"("code_path": "/etc/flows")").result.has_value());
    EXPECT_TRUE(check(R"("code_path": "/home/x")").result.has_error());
    EXPECT_TRUE(bind("/home/x").result.has_value());
    EXPECT_TRUE(bind("/etc/flows").result.has_error());
}

TEST_F(PolicyTest, CodeThatIsCopiedAlreadyNeedsNoPath) {
    const Verdict verdict = check("\"code\": {\"path\": \"/missing\", \"digest\": \"" +
                                  std::string(64, 'a') + "\"}");
    EXPECT_TRUE(verdict.result.has_value());
    EXPECT_EQ(verdict.spec.code->path, "/missing");
}

TEST_F(PolicyTest, HarmlessFilesOfEtcReadOnly) {
    for (const char* path :
         {"/etc/localtime", "/etc/timezone", "/etc/ssl/certs", "/etc/ssl/certs/ca.pem"}) {
        expect_allowed(path, true);
        expect_refused(path, "add :ro");
    }
    expect_refused("/etc/ssl", "/etc", true);
    expect_refused("/etc/ssl/private", "/etc", true);
    host_.links["/etc/localtime"] = "/usr/share/zoneinfo/UTC";
    expect_allowed("/etc/localtime", true);
}

TEST_F(PolicyTest, ProgramsOfTheHostReadOnly) {
    for (const char* path :
         {"/usr", "/usr/local/lib", "/bin", "/bin/sh", "/sbin", "/lib", "/lib64"}) {
        expect_allowed(path, true);
        expect_refused(path, "writable is not allowed");
    }
}

TEST_F(PolicyTest, AMissingSourceIsAValidationError) {
    const Verdict verdict = bind("/missing");
    ASSERT_TRUE(verdict.result.has_error());
    EXPECT_EQ(verdict.result.error().type, ErrorType::validation_error);
    EXPECT_EQ(field_errors(verdict.result.error()),
              "volumes[0].source: the host path \"/missing\" does not exist; make it first, it is "
              "never made silently\n");
    EXPECT_FALSE(verdict.result.error().details.contains("rules"));
}

TEST_F(PolicyTest, NamedAndAnonymousVolumesNeedNoHostPath) {
    EXPECT_TRUE(check(R"("volumes": ["data:/a", "/b"])").result.has_value());
}

TEST_F(PolicyTest, EverythingIsReportedAtOnce) {
    const Verdict verdict =
        check(R"("volumes": ["/srv/ok:/a", "/missing:/b", "/etc:/c"], "network_mode": "host",
        "security": {"privileged": true, "cap_add": ["SYS_ADMIN", "CHOWN"], "seccomp": "unconfined",
                     "apparmor": "unconfined", "userns": "host"})");
    ASSERT_TRUE(verdict.result.has_error());
    EXPECT_EQ(verdict.result.error().type, ErrorType::forbidden);
    const std::string text = field_errors(verdict.result.error());
    for (const char* part :
         {"volumes[1].source: the host path", "volumes[2].source: mounting \"/etc\"",
          "network_mode: ", "security.privileged: ", "security.cap_add: capability SYS_ADMIN",
          "security.seccomp: ", "security.apparmor: ", "security.userns: "}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
    }
    EXPECT_EQ(text.find("CHOWN"), std::string::npos);
    EXPECT_EQ(
        verdict.result.error().details.at("rules"),
        Json::array({"host_paths", "privileged", "host_network", "capabilities", "unconfined"}));
}

TEST_F(PolicyTest, TheConfigurationWidens) {
    policy_.privileged = policy_.host_network = policy_.unconfined = true;
    policy_.capabilities = {"cap_sys_admin", "NET_ADMIN"};
    EXPECT_TRUE(check(R"("network_mode": "host", "security": {"privileged": true, "userns": "host",
        "cap_add": ["SYS_ADMIN", "NET_ADMIN"], "seccomp": "unconfined", "apparmor": "unconfined"})")
                    .result.has_value());
    EXPECT_FALSE(check(R"("security": {"cap_add": ["SYS_TIME"]})").result.has_value());
    EXPECT_FALSE(check(R"("security": {"cap_add": ["ALL"]})").result.has_value());
    policy_.capabilities = {"ALL"};
    EXPECT_TRUE(check(R"("security": {"cap_add": ["ALL"]})").result.has_value());
}

TEST_F(PolicyTest, AListOfHostPathsNarrows) {
    policy_.host_paths = {{"/srv/pub", true}, {"/srv/pub/rw", false}};
    expect_allowed("/srv/pub/x", true);
    expect_refused("/srv/pub/x", "may only be mounted read-only");
    expect_allowed("/srv/pub/rw/y");
    expect_refused("/home/me", "listed paths", true);
    expect_refused("/srv/public", "listed paths", true);
}

TEST_F(PolicyTest, AListOfHostPathsWidensOnlyWhatItNames) {
    policy_.host_paths = {{"/etc/app", true}, {"/srv", false}, {"/var", false}};
    expect_allowed("/etc/app/conf", true);
    expect_refused("/etc/app/conf", "read-only");
    expect_refused("/etc/passwd", "below /etc", true);
    expect_allowed("/srv/x");
    expect_refused("/srv/flow-data", "data directory");
    expect_refused("/srv", "it contains /srv/flow-data");
    expect_refused("/var", "it contains");
    policy_.host_paths = {{"/var/run", false}, {"/usr/share/app", false}};
    expect_allowed("/run/docker.sock");
    expect_allowed("/var/run/docker.sock");
    expect_allowed("/usr/share/app/data");
}

TEST_F(PolicyTest, CheckedAgainBeforeAStart) {
    Spec spec = with(R"("volumes": ["/srv/x:/in"])");
    const auto again = [&] {
        const Host host = host_;
        return check_host_paths_again(
            spec, policy_, [host](const std::string& path) { return host.resolve(path); });
    };
    EXPECT_TRUE(again().has_value());
    host_.links["/srv/x"] = "/home/other";
    ASSERT_TRUE(again().has_error());
    EXPECT_EQ(again().error().type, ErrorType::forbidden);
    EXPECT_NE(again().error().message.find("has become a link to \"/home/other\""),
              std::string::npos);
    host_.links["/srv/x"] = "/etc";
    EXPECT_NE(again().error().message.find("/etc"), std::string::npos);
    host_.links.erase("/srv/x");
    host_.missing.insert("/srv/x");
    EXPECT_EQ(again().error().type, ErrorType::validation_error);
    EXPECT_EQ(spec.volumes[0].source, "/srv/x");
}

TEST(HostPathRuleText, PathWithOrWithoutRo) {
    EXPECT_EQ(parse_host_path_rule("/srv/x/")->path, "/srv/x");
    EXPECT_FALSE(parse_host_path_rule("/srv/x")->read_only);
    EXPECT_TRUE(parse_host_path_rule("/srv/x:ro")->read_only);
    EXPECT_EQ(parse_host_path_rule("/srv/x:ro")->path, "/srv/x");
    for (const char* text : {"", "srv", ":ro", "/srv:rw", "/a/../b"}) {
        EXPECT_TRUE(parse_host_path_rule(text).has_error()) << text;
    }
}

TEST(HostPaths, FollowLinksOfTheRealFileSystem) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("host-paths-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder / "real");
    std::filesystem::create_directory_symlink(folder / "real", folder / "link");
    std::filesystem::create_symlink("loop", folder / "loop");
    std::ofstream(folder / "real" / "file") << "x";
    const std::string real = std::filesystem::canonical(folder / "real" / "file").string();
    EXPECT_EQ(*resolve_host_path((folder / "link" / "file").string()), real);
    EXPECT_EQ(resolve_host_path((folder / "none").string()).error().message, "does not exist");
    EXPECT_EQ(resolve_host_path((folder / "real" / "file" / "x").string()).error().message,
              "does not exist");
    EXPECT_TRUE(resolve_host_path((folder / "loop").string())
                    .error()
                    .message.starts_with("cannot be resolved: "));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace flow::domain
