// Image references, and the stream of a pull.
#include <gtest/gtest.h>

#include "docker/pull_parse.hpp"

namespace flow::docker {
namespace {

TEST(SplitImage, Forms) {
    const std::string digest = "sha256:" + std::string(64, 'a');
    const std::tuple<std::string, std::string, std::string> rows[] = {
        {"busybox", "busybox", "latest"},
        {"busybox:1.36", "busybox", "1.36"},
        {"localhost:5000/a/b", "localhost:5000/a/b", "latest"},
        {"localhost:5000/a/b:2", "localhost:5000/a/b", "2"},
        {"a/b@" + digest, "a/b", digest},
        {"r:5000/a:1@" + digest, "r:5000/a", digest}};
    for (const auto& [image, name, tag] : rows) {
        EXPECT_EQ(split_image(image).name, name) << image;
        EXPECT_EQ(split_image(image).tag, tag) << image;
    }
}

const std::string kStream =
    "{\"status\":\"Pulling from library/x\",\"id\":\"latest\"}\r\n"
    "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"l1\"}\r\n"
    "{\"status\":\"Already exists\",\"progressDetail\":{},\"id\":\"l0\"}\r\n"
    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":10,\"total\":100},\"id\":\"l1\"}\r\n"
    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":50},\"id\":\"l2\"}\r\n"
    "{\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"l1\"}\r\n"
    "{\"status\":\"Extracting\",\"progressDetail\":{\"current\":3,\"total\":9999},\"id\":\"l1\"}\r\n"
    "{\"status\":\"Digest: sha256:aa\"}\r\n"
    "{\"status\":\"Status: Downloaded newer image for x:latest\"}\r\n";

TEST(PullParser, AddsUpTheLayersWhereverItIsCut) {
    for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
        PullParser parser{"x", 1000};
        parser.feed(std::string_view{kStream}.substr(0, cut));
        parser.feed(std::string_view{kStream}.substr(cut));
        parser.finish();
        EXPECT_EQ(parser.progress().image, "x");
        EXPECT_EQ(parser.progress().bytes_done, 105);
        EXPECT_EQ(parser.progress().bytes_total, 150);
        EXPECT_EQ(parser.progress().layers, 2);
        EXPECT_EQ(parser.failure(), "");
    }
}

TEST(PullParser, FailureInTheStream) {
    PullParser parser{"x", 1000};
    parser.feed("{\"status\":\"Waiting\",\"id\":\"l1\"}\n"
                "{\"errorDetail\":{\"message\":\"manifest unknown\"},\"error\":\"manifest unknown\"}");
    EXPECT_EQ(parser.failure(), "");
    parser.finish();
    EXPECT_EQ(parser.failure(), "manifest unknown");
}

TEST(PullParser, NonsenseIsSkipped) {
    PullParser parser{"x", 1000};
    parser.feed("\n\nnull\n[]\n{\"id\":7}\n{\"progressDetail\":\"x\",\"id\":\"a\"}\n" +
                std::string(5000, 'x') + "\n");
    parser.finish();
    EXPECT_EQ(parser.failure(), "");
    EXPECT_EQ(parser.progress().bytes_total, 0);
}

}  // namespace
}  // namespace flow::docker
