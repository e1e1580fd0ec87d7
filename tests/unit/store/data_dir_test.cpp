// The data directory: modes, lock, limits; and files that cannot be used.
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

unsigned mode_of(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 0777;
}

class DataDirTest : public testing::Test {
protected:
    std::string refusal(const Config& config) {
        auto opened = Store::open(io_, config);
        return opened ? "" : opened.error().message;
    }
    std::string file() const { return folder_.path() + "/data/flow.db"; }

    Folder folder_;
    boost::asio::io_context io_;
};

TEST_F(DataDirTest, EverythingIsPrivate) {
    Bench bench{file_config(folder_)};
    ASSERT_TRUE(bench.accept(create("web")));
    EXPECT_EQ(mode_of(folder_.path() + "/data"), 0700U);
    EXPECT_EQ(mode_of(folder_.path() + "/data/run"), 0700U);
    EXPECT_EQ(mode_of(file()), 0600U);
    EXPECT_EQ(mode_of(file() + "-wal"), 0600U);
    EXPECT_EQ(bench.store->find_name("web")->socket_folder,
              folder_.path() + "/data/run/" + bench.store->find_name("web")->container_id);
}

TEST_F(DataDirTest, ASecondOneIsRefusedAndNamesTheFirst) {
    Bench bench{file_config(folder_)};
    const std::string message = refusal(file_config(folder_));
    EXPECT_NE(message.find("in use by the process " + std::to_string(::getpid())),
              std::string::npos)
        << message;
    bench.drop();
    EXPECT_EQ(refusal(file_config(folder_)), "");
}

TEST_F(DataDirTest, PathsThatAreTooLongOrRelative) {
    Config config;
    config.data_dir = "/tmp/" + std::string(56, 'x');
    EXPECT_NE(refusal(config).find("61 bytes"), std::string::npos) << refusal(config);
    config.data_dir = "data";
    EXPECT_NE(refusal(config).find("absolute"), std::string::npos);
    config.data_dir = "/dev/null/data";
    EXPECT_NE(refusal(config).find("/dev/null/data"), std::string::npos);
}

TEST_F(DataDirTest, AFileThatIsNoDatabase) {
    { Bench bench{file_config(folder_)}; }
    {
        std::ofstream out{file(), std::ios::binary | std::ios::trunc};
        out << std::string(8192, 'z');
    }
    const std::string message = refusal(file_config(folder_));
    EXPECT_NE(message.find(file()), std::string::npos) << message;
    EXPECT_NE(message.find("damaged"), std::string::npos) << message;
}

TEST_F(DataDirTest, ADamagedDatabase) {
    {
        Bench bench{file_config(folder_)};
        for (int i = 0; i < 50; ++i) {
            ASSERT_TRUE(bench.accept(create("c" + std::to_string(i))));
        }
    }
    {
        std::fstream out{file(), std::ios::binary | std::ios::in | std::ios::out};
        for (int page = 3; page < 20; ++page) {
            out.seekp(page * 4096);
            out << std::string(2000, '\xee');
        }
    }
    const std::string message = refusal(file_config(folder_));
    EXPECT_NE(message.find("damaged"), std::string::npos) << message;
    EXPECT_NE(message.find(".recover"), std::string::npos) << message;
}

TEST_F(DataDirTest, ADatabaseOfANewerProgram) {
    { Bench bench{file_config(folder_)}; }
    {
        SQLite::Database database{file(), SQLite::OPEN_READWRITE};
        database.exec("PRAGMA user_version = 1000");
    }
    EXPECT_NE(refusal(file_config(folder_)).find("newer"), std::string::npos);
}

TEST_F(DataDirTest, MemoryNeedsTheInlineWriter) {
    Config config;
    config.file = ":memory:";
    EXPECT_NE(refusal(config).find("inline_writer"), std::string::npos);
    config.inline_writer = true;
    EXPECT_EQ(refusal(config), "");
    EXPECT_NE(refusal(Config{}), "");
}

}  // namespace
}  // namespace flow::store::test
