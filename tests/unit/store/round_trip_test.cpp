// What is written is read again without loss, for any value; and a file from before a field existed
// is readable.
#include <gtest/gtest.h>

#include "store/json_fields.hpp"
#include "store/record_json.hpp"
#include "store/spec_json.hpp"
#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

constexpr int kRounds = 500;

TEST(RoundTrip, AnySpec) {
    for (int seed = 0; seed < kRounds; ++seed) {
        std::mt19937_64 random{static_cast<std::uint64_t>(seed)};
        const domain::Spec spec = random_spec(random);
        EXPECT_EQ(spec_from_json(parse(dump(spec_to_json(spec)))), spec) << "seed " << seed;
    }
}

TEST(RoundTrip, AnyStatus) {
    for (int seed = 0; seed < kRounds; ++seed) {
        std::mt19937_64 random{static_cast<std::uint64_t>(seed)};
        const domain::Status status = random_status(random);
        EXPECT_EQ(status_from_json(parse(dump(status_to_json(status)))), status)
            << "seed " << seed << " " << dump(status_to_json(status));
    }
}

TEST(RoundTrip, AbsentFieldsAreDefaults) {
    EXPECT_EQ(status_from_json(Json::object()), domain::Status{});
    EXPECT_EQ(spec_from_json(Json::object()), domain::Spec{});
    EXPECT_EQ(dump(status_to_json(domain::Status{})), "{}");
}

TEST(RoundTrip, EndsAndErrors) {
    domain::RequestEnd end;
    end.outcome = domain::Outcome::superseded;
    end.error.type = domain::ErrorType::superseded;
    end.error.message = "a newer stop";
    end.error.details["by_seq"] = 7;
    end.error.engine = domain::EngineFailure::name_taken;
    domain::RequestEnd read;
    end_from_json(parse(dump(end_to_json(end))), read);
    EXPECT_EQ(read.outcome, end.outcome);
    EXPECT_EQ(read.error.type, end.error.type);
    EXPECT_EQ(read.error.message, end.error.message);
    EXPECT_EQ(read.error.details, end.error.details);
    EXPECT_EQ(read.error.engine, end.error.engine);
}

TEST(RoundTrip, EveryErrorTypeKeepsItsName) {
    for (int i = 0; i <= static_cast<int>(domain::ErrorType::timeout); ++i) {
        domain::Error error;
        error.type = static_cast<domain::ErrorType>(i);
        const Json json = error_to_json(error);
        EXPECT_EQ(json["error_type"], domain::to_string(error.type));
        EXPECT_EQ(error_from_json(json).type, error.type);
    }
}

TEST(RoundTrip, TextThatIsNoUtf8IsWrittenAllTheSame) {
    Json json = Json::object();
    json["log"] = "a\xff" "b";
    EXPECT_EQ(parse(dump(json))["log"], "a\xef\xbf\xbd" "b");
}

}  // namespace
}  // namespace flow::store::test
