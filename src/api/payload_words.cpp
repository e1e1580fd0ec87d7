// The small readers that Payload uses: durations, and what a misspelt word was meant to be.
#include <algorithm>
#include <charconv>
#include <numeric>

#include "api/payload.hpp"

namespace flow::api {

namespace {

struct Unit {
    std::string_view name;
    double nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1.0},  {"us", 1e3}, {"ms", 1e6},
                           {"s", 1e9},   {"m", 60e9}, {"h", 3600e9}};

std::optional<double> unit_of(std::string_view name) {
    for (const Unit& unit : kUnits) {
        if (unit.name == name) {
            return unit.nanoseconds;
        }
    }
    return std::nullopt;
}

/// Levenshtein's distance: insertions, deletions and replacements.
std::size_t distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
            row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
            diagonal = above;
        }
    }
    return row[to.size()];
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    constexpr double kCentury = 3.15e18;
    double total = 0;
    if (text.empty() || text.size() > 64) {
        return std::nullopt;
    }
    while (!text.empty()) {
        double number = 0;
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number, std::chars_format::fixed);
        if (read.ec != std::errc{} || number < 0) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
        const std::size_t length = std::min(text.find_first_of("0123456789."), text.size());
        const std::optional<double> unit = unit_of(text.substr(0, length));
        if (!unit) {
            return std::nullopt;
        }
        text.remove_prefix(length);
        total += number * *unit;
    }
    if (total > kCentury) {
        return std::nullopt;
    }
    return Duration{static_cast<std::int64_t>(total + 0.5)};
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    constexpr std::size_t kLongest = 64;
    std::string best;
    // A third of the word may differ; else the proposal would be a guess.
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        if (word.size() > kLongest || candidate.size() > kLongest) {
            continue;
        }
        const std::size_t found = distance(word, candidate);
        if (found < least && found < candidate.size()) {
            least = found;
            best = candidate;
        }
    }
    return best;
}

}  // namespace flow::api
