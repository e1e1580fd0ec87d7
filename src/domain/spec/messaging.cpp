// messaging: how a container and its clients talk (contract 2 and 6).
#include "domain/spec/draft.hpp"

namespace flow::domain {
namespace {

constexpr std::int64_t kSmallest = 1 << 10;
constexpr std::int64_t kLargest = 4 << 20;      // what one message of a client may have (--max-payload)
constexpr Duration kLongestTtl = std::chrono::hours{24 * 7};

void read_framing(const Field& field, SpecDraft& draft) {
    Framing& framing = draft.spec.messaging.framing;
    if (field.value == "lines") {
        framing = Framing::lines;
    } else if (field.value == "length-prefixed") {
        framing = Framing::length_prefixed;
    } else if (field.value != "auto") {
        field.wrong("must be auto, lines or length-prefixed, not " + shown(field.value));
    }
}

void read_max_message(const Field& field, SpecDraft& draft) {
    const auto bytes = read_bytes(field);
    if (bytes && (*bytes < kSmallest || *bytes > kLargest)) {
        field.wrong("must be from 1k to 4m, not " + shown(field.value));
    } else if (bytes) {
        draft.spec.messaging.max_message = *bytes;
    }
}

void read_queue_ttl(const Field& field, SpecDraft& draft) {
    const auto ttl = read_duration(field);
    if (ttl && *ttl > kLongestTtl) {
        field.wrong("must be at most 168h");
    } else if (ttl) {
        draft.spec.messaging.queue_ttl = *ttl;
    }
}

template <bool Messaging::*Flag>
void read_flag(const Field& field, SpecDraft& draft) {
    if (const auto value = read_bool(field)) {
        draft.spec.messaging.*Flag = *value;
    }
}

constexpr Member<SpecDraft> kMembers[] = {
    {"enabled", read_flag<&Messaging::enabled>},
    {"framing", read_framing},
    {"max_message", read_max_message},
    {"durable", read_flag<&Messaging::durable>},
    {"queue_ttl", read_queue_ttl},
    {"record_payload", read_flag<&Messaging::record_payload>},
    {"inject", read_flag<&Messaging::inject>},
};

}  // namespace

void read_messaging(const Field& field, SpecDraft& draft) {
    read_members<SpecDraft>(field, kMembers, {}, draft);
    Messaging& messaging = draft.spec.messaging;
    const bool says_durable = field.value.is_object() && field.value.contains("durable");
    if (messaging.queue_ttl != Duration{0} && says_durable && !messaging.durable) {
        field.member("durable").wrong("cannot be false where messages wait (queue_ttl): they wait in the store");
    }
    messaging.durable = messaging.durable || messaging.queue_ttl != Duration{0};
    if (messaging.inject && !messaging.enabled) {
        field.member("inject").wrong("needs messaging.enabled");
    }
    if (messaging.inject && messaging.framing == Framing::length_prefixed) {
        field.member("framing").wrong("cannot be length-prefixed together with inject: flow-runtime speaks lines");
    }
}

}  // namespace flow::domain
