#include "domain/spec/shell_words.hpp"

#include <gtest/gtest.h>

namespace flow::domain {
namespace {

using Words = std::vector<std::string>;

Words words(const std::string& line) {
    auto result = split_shell_words(line);
    EXPECT_TRUE(result.has_value()) << line;
    return result.has_value() ? *result : Words{"refused"};
}

TEST(ShellWords, SplitsAtWhiteSpace) {
    EXPECT_EQ(words("  sleep \t 5\n"), (Words{"sleep", "5"}));
    EXPECT_EQ(words(""), Words{});
    EXPECT_EQ(words("   "), Words{});
}

TEST(ShellWords, QuotesKeepWhatIsInThem) {
    EXPECT_EQ(words("sh -c 'echo \"$HOME\"; exit 3'"),
              (Words{"sh", "-c", "echo \"$HOME\"; exit 3"}));
    EXPECT_EQ(words("a'b c'd\"e f\"g"), (Words{"ab cde fg"}));
    EXPECT_EQ(words("'' \"\" x"), (Words{"", "", "x"}));
    EXPECT_EQ(words("\"it's\" 'say \"x\"'"), (Words{"it's", "say \"x\""}));
}

TEST(ShellWords, BackslashesAsInAShell) {
    EXPECT_EQ(words("a\\ b"), (Words{"a b"}));
    EXPECT_EQ(words("\\\"x\\'"), (Words{"\"x'"}));
    EXPECT_EQ(words("\"\\$ \\` \\\" \\\\ \\n\""), (Words{"$ ` \" \\ \\n"}));
    EXPECT_EQ(words("'\\n\\'"), (Words{"\\n\\"}));
    EXPECT_EQ(words("a\\\nb \"c\\\nd\""), (Words{"ab", "cd"}));
}

TEST(ShellWords, ExpandsNothing) {
    EXPECT_EQ(words("echo $X *.txt | cat > /tmp/x # no"),
              (Words{"echo", "$X", "*.txt", "|", "cat", ">", "/tmp/x", "#", "no"}));
}

TEST(ShellWords, UnbalancedIsAnError) {
    EXPECT_NE(split_shell_words("echo 'a").error().find("single quote"), std::string::npos);
    EXPECT_NE(split_shell_words("echo \"a").error().find("double quote"), std::string::npos);
    EXPECT_NE(split_shell_words("echo \"a\\").error().find("double quote"), std::string::npos);
    EXPECT_NE(split_shell_words("echo a\\").error().find("backslash"), std::string::npos);
}

}  // namespace
}  // namespace flow::domain
