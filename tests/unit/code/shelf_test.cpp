// Copies of code on a real file system: what is taken, what is refused, modes, links, the switch, the sweep.
#include "code/shelf.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "code/tree.hpp"

namespace flow::code {
namespace {

namespace fs = std::filesystem;
using domain::Spec;

class Shelved : public testing::Test {
protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path().string() + "/flow-code-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = fs::canonical(name);
        fs::create_directory(source());
        shelf_ = Shelf{data()};
    }
    void TearDown() override { fs::remove_all(root_); }

    std::string source() const { return root_ + "/source"; }
    std::string data() const { return root_ + "/data"; }
    std::string tree(const std::string& digest) const { return data() + "/code/trees/" + digest; }

    void write(const std::string& name, const std::string& text, int mode = 0644) {
        const fs::path path = fs::path{source()} / name;
        fs::create_directories(path.parent_path());
        std::ofstream{path, std::ios::binary} << text;
        ::chmod(path.c_str(), static_cast<mode_t>(mode));
    }
    static std::string read(const std::string& path) {
        std::ifstream file{path, std::ios::binary};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    static int mode(const std::string& path) {
        struct stat found {};
        EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
        return found.st_mode & 07777;
    }
    Spec of_path() const {
        Spec spec;
        spec.code.edit().path = source();
        return spec;
    }
    Spec captured() {
        Spec spec = of_path();
        const auto done = shelf_.capture(spec);
        EXPECT_TRUE(done.has_value()) << done.error().message;
        return spec;
    }
    std::string refusal() {
        Spec spec = of_path();
        const auto done = shelf_.capture(spec);
        EXPECT_TRUE(done.has_error());
        if (done) {
            return "";
        }
        EXPECT_EQ(done.error().type, domain::ErrorType::validation_error);
        EXPECT_EQ(done.error().details.at("field_errors")[0].at("path"), "code.path");
        return done.error().details.at("field_errors")[0].at("message");
    }
    std::size_t trees() const {
        std::error_code error;
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : fs::directory_iterator{data() + "/code/trees", error}) {
            ++count;
        }
        return count;
    }

    std::string root_;
    Shelf shelf_{""};
};

TEST_F(Shelved, AFolderIsCopiedWithPlainModes) {
    write("main", "#!/bin/sh\n", 0600);
    write("tool", "x", 0710);
    write("lib/data", std::string("\0\xff", 2), 04640);
    fs::create_directory(source() + "/empty");
    fs::create_symlink("lib/data", source() + "/link");
    const Spec spec = captured();
    EXPECT_EQ(spec.code->digest.size(), 64U);
    EXPECT_EQ(spec.code->file_count, 3);
    EXPECT_EQ(spec.code->bytes, 13);
    EXPECT_EQ(spec.code->contents, (std::map<std::string, std::int64_t>{{"lib/data", 2}, {"main", 10}, {"tool", 1}}));
    const std::string copy = tree(spec.code->digest);
    EXPECT_EQ(mode(copy), 0755);
    EXPECT_EQ(mode(copy + "/main"), 0755);
    EXPECT_EQ(mode(copy + "/tool"), 0755);
    EXPECT_EQ(mode(copy + "/lib"), 0755);
    EXPECT_EQ(mode(copy + "/lib/data"), 0644);
    EXPECT_EQ(mode(copy + "/empty"), 0755);
    EXPECT_EQ(read(copy + "/lib/data"), std::string("\0\xff", 2));
    EXPECT_EQ(fs::read_symlink(copy + "/link"), "lib/data");
}

TEST_F(Shelved, TheDigestIsOfNamesModesAndContentsAlone) {
    write("main", "one");
    const std::string first = captured().code->digest;
    EXPECT_EQ(captured().code->digest, first);
    ::chmod((source() + "/main").c_str(), 0777);
    fs::last_write_time(source() + "/main", fs::file_time_type::clock::now() - std::chrono::hours{1});
    EXPECT_EQ(captured().code->digest, first);
    EXPECT_EQ(trees(), 1U);
    write("main", "two");
    const std::string second = captured().code->digest;
    EXPECT_NE(second, first);
    write("other", "");
    const std::string third = captured().code->digest;
    EXPECT_NE(third, second);
    ::chmod((source() + "/other").c_str(), 0755);
    EXPECT_NE(captured().code->digest, third);
    EXPECT_EQ(trees(), 4U);
}

TEST_F(Shelved, FilesOfARequestAreTheSameAsAFolder) {
    write("main", "#!/bin/sh\n", 0755);
    write("lib/a", "text");
    Spec spec;
    spec.code.edit().given = {{"main", "#!/bin/sh\n"}, {"lib/a", "text"}};
    ASSERT_TRUE(shelf_.capture(spec).has_value());
    EXPECT_EQ(spec.code->digest, captured().code->digest);
    EXPECT_TRUE(spec.code->given.empty());
    EXPECT_EQ(spec.code->bytes, 14);
}

TEST_F(Shelved, WhatLeadsOutOrIsNoFileIsRefused) {
    fs::create_symlink("/etc/passwd", source() + "/link");
    EXPECT_NE(refusal().find("link, which leads out of it"), std::string::npos);
    fs::remove(source() + "/link");
    fs::create_directory(source() + "/sub");
    fs::create_symlink("../../other", source() + "/sub/link");
    EXPECT_NE(refusal().find("sub/link, which leads out of it"), std::string::npos);
    fs::remove(source() + "/sub/link");
    ASSERT_EQ(::mkfifo((source() + "/pipe").c_str(), 0600), 0);
    EXPECT_NE(refusal().find("neither a file, a folder nor a link"), std::string::npos);
    fs::remove(source() + "/pipe");
    std::ofstream{source() + "/bad\nname"} << "x";
    EXPECT_NE(refusal().find("control character"), std::string::npos);
    EXPECT_EQ(trees(), 0U);
}

TEST_F(Shelved, ALinkIsNeverFollowedWhenItIsRead) {
    fs::create_directory(source() + "/in");
    write("in/file", "x");
    fs::create_symlink("in", source() + "/dir");
    const Spec spec = captured();
    EXPECT_EQ(spec.code->file_count, 1);
    EXPECT_TRUE(fs::is_symlink(tree(spec.code->digest) + "/dir"));
    Spec by_link;
    by_link.code.edit().path = root_ + "/way";     // somebody has put a link where the policy saw a folder
    fs::create_directory_symlink(source(), by_link.code->path);
    const auto done = shelf_.capture(by_link);
    ASSERT_TRUE(done.has_error());
    EXPECT_NE(done.error().message.find("replaced by a link"), std::string::npos) << done.error().message;
}

TEST_F(Shelved, ADryRunHasTheDigestAndNoCopy) {
    write("main", "x");
    Spec spec = of_path();
    ASSERT_TRUE(shelf_.capture(spec, Shelf::Copy::no).has_value());
    EXPECT_FALSE(shelf_.check_tree(spec.code->digest).has_value());
    EXPECT_EQ(spec.code->digest, captured().code->digest);
}

TEST_F(Shelved, LimitsOfSizeAndNumber) {
    write("large", "");
    fs::resize_file(source() + "/large", (64 << 20) + 1);
    EXPECT_NE(refusal().find("more than 64 MiB"), std::string::npos);
    fs::resize_file(source() + "/large", 64 << 20);
    EXPECT_EQ(captured().code->bytes, 64 << 20);
    write("one more", "x");
    EXPECT_NE(refusal().find("more than 64 MiB"), std::string::npos);
    fs::remove_all(source());
    for (int i = 0; i < 2048; ++i) {
        write("a/" + std::to_string(i), "");
        if (i < 2045) {
            write("b/" + std::to_string(i), "");
        }
    }
    const Spec most = captured();       // with the two folders 4095
    EXPECT_EQ(most.code->file_count, 4093);
    EXPECT_TRUE(most.code->contents.empty());
    write("c", "");
    EXPECT_EQ(captured().code->file_count, 4094);
    write("d", "");
    EXPECT_NE(refusal().find("more than 4096"), std::string::npos);
}

TEST_F(Shelved, WhatIsNotThere) {
    Spec spec;
    spec.code.edit().path = root_ + "/missing";
    EXPECT_TRUE(shelf_.capture(spec).has_error());
    write("file", "x");
    spec.code.edit().path = source() + "/file";
    const auto no_folder = shelf_.capture(spec);
    ASSERT_TRUE(no_folder.has_error());
    EXPECT_NE(no_folder.error().message.find("is not a folder"), std::string::npos);
    spec.code.edit().digest = std::string(64, '0');
    const auto gone = shelf_.capture(spec);
    ASSERT_TRUE(gone.has_error());
    EXPECT_EQ(gone.error().type, domain::ErrorType::validation_error);
    EXPECT_NE(gone.error().message.find("is not kept any more"), std::string::npos) << gone.error().message;
}

TEST_F(Shelved, ADigestIsNotReadAgain) {
    write("main", "one");
    Spec spec = captured();
    write("main", "two");
    const Spec before = spec;
    ASSERT_TRUE(shelf_.capture(spec).has_value());
    EXPECT_EQ(spec, before);
    Spec none;
    ASSERT_TRUE(shelf_.capture(none).has_value());
    EXPECT_EQ(none, Spec{});
}

TEST_F(Shelved, TheLinkIsSwitchedInOneStep) {
    write("main", "one");
    const std::string first = captured().code->digest;
    write("main", "two");
    const std::string second = captured().code->digest;
    ASSERT_TRUE(shelf_.switch_link("0123456789ab", first).has_value());
    EXPECT_EQ(read(shelf_.link_of("0123456789ab") + "/main"), "one");
    ASSERT_TRUE(shelf_.switch_link("0123456789ab", second).has_value());
    ASSERT_TRUE(shelf_.switch_link("0123456789ab", second).has_value());
    EXPECT_EQ(read(shelf_.link_of("0123456789ab") + "/main"), "two");
    EXPECT_TRUE(shelf_.switch_link("0123456789ab", std::string(64, '0')).has_error());
    EXPECT_EQ(read(shelf_.link_of("0123456789ab") + "/main"), "two");
    EXPECT_EQ(shelf_.remove_link("0123456789ab").value(), true);
    EXPECT_EQ(shelf_.remove_link("0123456789ab").value(), false);
    EXPECT_EQ(trees(), 2U);
}

TEST_F(Shelved, TheSweepTakesOldTreesThatNothingNames) {
    std::vector<std::string> digests;
    for (const std::string text : {"named", "old", "young", "used again"}) {
        write("main", text);
        digests.push_back(captured().code->digest);
        fs::last_write_time(tree(digests.back()), fs::file_time_type::clock::now() - std::chrono::hours{2});
    }
    fs::last_write_time(tree(digests[2]), fs::file_time_type::clock::now() - std::chrono::minutes{59});
    EXPECT_EQ(captured().code->digest, digests[3]);
    EXPECT_EQ(shelf_.sweep([&](const std::string& digest) { return digest == digests[0]; }), 1U);
    EXPECT_FALSE(fs::exists(tree(digests[1])));
    EXPECT_EQ(trees(), 3U);
}

TEST_F(Shelved, StraysOfAKilledDaemonGo) {
    write("main", "one");
    const std::string digest = captured().code->digest;
    ASSERT_TRUE(shelf_.switch_link("0123456789ab", digest).has_value());
    ASSERT_TRUE(shelf_.switch_link("ba9876543210", digest).has_value());
    fs::create_directory(tree(".new-half"));
    shelf_.remove_strays([](const std::string& id) { return id == "0123456789ab"; });
    EXPECT_TRUE(fs::exists(shelf_.link_of("0123456789ab")));
    EXPECT_FALSE(fs::is_symlink(shelf_.link_of("ba9876543210")));
    EXPECT_FALSE(fs::exists(tree(".new-half")));
    EXPECT_TRUE(fs::exists(tree(digest)));
}

}  // namespace
}  // namespace flow::code
