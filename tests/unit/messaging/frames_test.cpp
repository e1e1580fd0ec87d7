#include "messaging/frames.hpp"

#include <gtest/gtest.h>

namespace flow::messaging {
namespace {

using namespace std::string_literals;

struct Read {
    std::vector<std::string> texts;
    std::vector<std::string> problems;      ///< of those that are wrong
};

Read read(FrameReader& reader, std::string_view bytes, std::size_t piece = std::string::npos) {
    Read all;
    while (!bytes.empty()) {
        for (const Frame& frame : reader.feed(bytes.substr(0, piece))) {
            if (frame.problem.empty()) {
                all.texts.push_back(frame.text);
            } else {
                all.problems.push_back(frame.text + " " + frame.problem);
            }
        }
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return all;
}

using Texts = std::vector<std::string>;

TEST(Frames, LinesInAnyPieces) {
    const std::string bytes = "{\"a\":1}\n\n  \n{\"b\":2}\r\n{\"c\":";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        FrameReader reader{Framing::lines, 100};
        EXPECT_EQ(read(reader, bytes, piece).texts, (Texts{"{\"a\":1}", "{\"b\":2}"})) << piece;
        EXPECT_EQ(read(reader, "3}\n").texts, Texts{"{\"c\":3}"}) << piece;
    }
}

TEST(Frames, LengthsInAnyPieces) {
    const std::string bytes = framed("{\"a\":1}", Framing::length_prefixed) +
                              framed("{\"b\":\"\n\"}", Framing::length_prefixed) + "\0\0"s;
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        FrameReader reader{Framing::length_prefixed, 100};
        EXPECT_EQ(read(reader, bytes, piece).texts, (Texts{"{\"a\":1}", "{\"b\":\"\n\"}"})) << piece;
    }
}

TEST(Frames, TheFirstByteDecides) {
    FrameReader lines{Framing::automatic, 100};
    EXPECT_EQ(read(lines, "{}\n").texts, Texts{"{}"});
    EXPECT_EQ(lines.framing(), Framing::lines);
    FrameReader lengths{Framing::automatic, 100};
    EXPECT_EQ(read(lengths, "\0\0\0\2{}"s).texts, Texts{"{}"});
    EXPECT_EQ(lengths.framing(), Framing::length_prefixed);
    FrameReader silent{Framing::automatic, 100};
    silent.use_lines();
    EXPECT_EQ(silent.framing(), Framing::lines);
    FrameReader greeting{Framing::automatic, 100};
    EXPECT_EQ(read(greeting, "\n").texts, Texts{}) << "flow-runtime says with it that it speaks lines";
    EXPECT_EQ(greeting.framing(), Framing::lines);
}

TEST(Frames, TooLongIsToldOnceAndTheNextOneIsRead) {
    for (const std::size_t piece : {1, 3, 1000}) {
        FrameReader lines{Framing::lines, 10};
        const Read first = read(lines, std::string(5000, 'x') + "\n{\"a\":1}\n", piece);
        EXPECT_EQ(first.texts, Texts{"{\"a\":1}"});
        ASSERT_EQ(first.problems.size(), 1u);
        EXPECT_EQ(first.problems[0], "xxxxxxxxxxx is longer than 10 bytes (messaging.max_message)");
        FrameReader lengths{Framing::length_prefixed, 10};
        const Read second = read(lengths,
                                 framed(std::string(5000, 'y'), Framing::length_prefixed) +
                                     framed("{\"a\":1}", Framing::length_prefixed),
                                 piece);
        EXPECT_EQ(second.texts, Texts{"{\"a\":1}"});
        ASSERT_EQ(second.problems.size(), 1u);
        EXPECT_TRUE(second.problems[0].ends_with("is longer than 10 bytes (messaging.max_message)"));
    }
}

TEST(Frames, ExactlyAsLongAsAllowed) {
    FrameReader lines{Framing::lines, 7};
    EXPECT_EQ(read(lines, "{\"a\":1}\n{\"a\":12}\n").problems.size(), 1u);
    FrameReader with_return{Framing::lines, 7};
    EXPECT_EQ(read(with_return, "{\"a\":1}\r\n").texts, Texts{"{\"a\":1}"});
}

TEST(Frames, WhatCannotBeALengthEndsIt) {
    FrameReader reader{Framing::length_prefixed, 100};
    const Read all = read(reader, "{\"a\":1}\n");
    ASSERT_EQ(all.problems.size(), 1u);
    EXPECT_TRUE(all.problems[0].starts_with("{\"a\" is no length"));
    EXPECT_TRUE(reader.lost());
    EXPECT_TRUE(read(reader, "\0\0\0\2{}"s).texts.empty());
}

TEST(Frames, AnEmptyOneIsWrong) {
    FrameReader reader{Framing::length_prefixed, 100};
    EXPECT_EQ(read(reader, "\0\0\0\0\0\0\0\2{}"s).texts, Texts{"{}"});
}

TEST(Frames, ExcerptsCanBePrinted) {
    EXPECT_EQ(excerpt_of("a\x01\xff"), "a\\x01\\xff");
    EXPECT_EQ(excerpt_of(std::string(200, 'z')), std::string(120, 'z') + "…");
}

TEST(Frames, ALineThatNeverEndsIsToldOnceAndTheNextOneIsRead) {
    FrameReader reader{Framing::lines, 10};
    Read all = read(reader, std::string(100, 'x'), 7);
    ASSERT_EQ(all.problems.size(), 1u);
    all = read(reader, std::string(100, 'x') + "\n{}\n", 7);
    EXPECT_TRUE(all.problems.empty());
    EXPECT_EQ(all.texts, Texts{"{}"});
}

}  // namespace
}  // namespace flow::messaging
