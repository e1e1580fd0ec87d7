// Log frames and lines, cut anywhere.
#include <gtest/gtest.h>

#include "docker/line_splitter.hpp"
#include "docker/log_frames.hpp"
#include "docker/url_text.hpp"

namespace flow::docker {
namespace {

std::string frame(char stream, const std::string& payload) {
    const auto size = static_cast<unsigned>(payload.size());
    std::string out{stream, 0, 0, 0};
    for (const unsigned shift : {24u, 16u, 8u, 0u}) {
        out.push_back(static_cast<char>((size >> shift) & 255u));
    }
    return out + payload;
}

TEST(LogFrames, CutAnywhere) {
    const std::string stream = frame(1, "one\ntwo ") + frame(2, "err\n") + frame(1, "") +
                               frame(1, "more\r\n\n") + frame(2, "half");
    const std::vector<std::string> wanted{"one", "err", "two more", "", "half"};
    for (std::size_t a = 0; a <= stream.size(); ++a) {
        for (std::size_t b = a; b <= stream.size(); ++b) {
            LogFrames frames{100};
            frames.feed(std::string_view{stream}.substr(0, a));
            frames.feed(std::string_view{stream}.substr(a, b - a));
            frames.feed(std::string_view{stream}.substr(b));
            ASSERT_EQ(frames.finish(), wanted) << a << " " << b;
        }
    }
}

TEST(LogFrames, LongLinesAreCutOff) {
    LogFrames frames{4};
    frames.feed(frame(1, "123456\n12\n"));
    frames.feed(frame(1, "12"));
    frames.feed(frame(1, "3456"));
    EXPECT_EQ(frames.finish(), (std::vector<std::string>{"1234", "12", "1234"}));
}

TEST(LogFrames, WithoutFramesAllIsText) {
    LogFrames frames{100};
    frames.feed("plain text of a terminal\r\nsecond\r\n");
    EXPECT_EQ(frames.finish(), (std::vector<std::string>{"plain text of a terminal", "second"}));
    LogFrames small{100};
    small.feed("ab\n");
    EXPECT_EQ(small.finish(), std::vector<std::string>{"ab"});
    LogFrames none{100};
    EXPECT_TRUE(none.finish().empty());
}

TEST(LogFrames, HugeLengthDoesNotAllocate) {
    LogFrames frames{10};
    frames.feed(std::string{"\x01\x00\x00\x00\xff\xff\xff\xff", 8} + "abc");
    EXPECT_EQ(frames.finish(), std::vector<std::string>{"abc"});
}

TEST(LineSplitter, CutAnywhere) {
    const std::string text = "one\r\ntwo\n\nthree";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        std::vector<std::string> lines;
        const auto keep = [&lines](std::string_view line) { lines.emplace_back(line); };
        LineSplitter splitter{10};
        splitter.feed(std::string_view{text}.substr(0, cut), keep);
        splitter.feed(std::string_view{text}.substr(cut), keep);
        splitter.finish(keep);
        EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
    }
}

TEST(LineSplitter, OverlongLineIsDroppedAndTheNextIsNot) {
    std::vector<std::string> lines;
    const auto keep = [&lines](std::string_view line) { lines.emplace_back(line); };
    LineSplitter splitter{4};
    splitter.feed("123", keep);
    splitter.feed("456", keep);
    splitter.feed("789\nok\n12345\nend\n", keep);
    EXPECT_EQ(lines, (std::vector<std::string>{"ok", "end"}));
    EXPECT_EQ(splitter.dropped(), 2u);
}

TEST(UrlText, EncodesAllButTheUnreserved) {
    EXPECT_EQ(percent_encoded("aZ0-._~"), "aZ0-._~");
    EXPECT_EQ(percent_encoded("a b/c?\xc3\xa4&"), "a%20b%2Fc%3F%C3%A4%26");
    EngineJson filters;
    filters["label"].push_back("a=b");
    EXPECT_EQ(filters_query(filters), "filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D");
}

}  // namespace
}  // namespace flow::docker
