// The words of every enumeration that the store writes (enum_text.hpp). The first of each table is
// what an unknown word is read as, and what put_word leaves out. Constants only.
#pragma once

#include <string>

#include "domain/change.hpp"
#include "domain/record.hpp"
#include "store/enum_text.hpp"
#include "store/json_fields.hpp"

namespace flow::store {

inline constexpr Word<domain::State> kStates[] = {
    {domain::State::creating, "creating"},     {domain::State::created, "created"},
    {domain::State::starting, "starting"},     {domain::State::running, "running"},
    {domain::State::stopping, "stopping"},     {domain::State::stopped, "stopped"},
    {domain::State::updating, "updating"},     {domain::State::restarting, "restarting"},
    {domain::State::removing, "removing"},     {domain::State::removed, "removed"},
    {domain::State::completed, "completed"},   {domain::State::error, "error"},
    {domain::State::unknown, "unknown"}};
inline constexpr Word<domain::DesiredState> kDesiredStates[] = {
    {domain::DesiredState::created, "created"},
    {domain::DesiredState::running, "running"},
    {domain::DesiredState::stopped, "stopped"}};
inline constexpr Word<domain::Step> kSteps[] = {
    {domain::Step::create, "create"}, {domain::Step::start, "start"},
    {domain::Step::stop, "stop"},     {domain::Step::remove, "remove"},
    {domain::Step::rename, "rename"}, {domain::Step::update, "update"},
    {domain::Step::unpause, "unpause"}, {domain::Step::repair, "repair"},
    {domain::Step::link, "link"}};
inline constexpr Word<domain::Purpose> kPurposes[] = {
    {domain::Purpose::none, "none"},       {domain::Purpose::stop, "stop"},
    {domain::Purpose::restart, "restart"}, {domain::Purpose::update, "update"},
    {domain::Purpose::remove, "remove"},
    {domain::Purpose::unhealthy, "unhealthy"}};
inline constexpr Word<domain::Role> kRoles[] = {{domain::Role::main, "main"},
                                                {domain::Role::next, "next"}};
inline constexpr Word<domain::Verdict> kVerdicts[] = {{domain::Verdict::none, "none"},
                                                      {domain::Verdict::keep, "keep"},
                                                      {domain::Verdict::roll_back, "roll_back"}};
inline constexpr Word<domain::BackoffKind> kBackoffKinds[] = {
    {domain::BackoffKind::run, "run"},
    {domain::BackoffKind::pull, "pull"},
    {domain::BackoffKind::step, "step"},
    {domain::BackoffKind::change, "change"},
    {domain::BackoffKind::name, "name"}};
inline constexpr Word<domain::ExitClass> kExitClasses[] = {{domain::ExitClass::own, "own"},
                                                           {domain::ExitClass::ours, "ours"},
                                                           {domain::ExitClass::outside, "outside"}};
inline constexpr Word<domain::Target::Kind> kTargetKinds[] = {
    {domain::Target::Kind::exists, "exists"},
    {domain::Target::Kind::run_started, "run_started"},
    {domain::Target::Kind::active, "active"},
    {domain::Target::Kind::stopped, "stopped"},
    {domain::Target::Kind::gone, "gone"}};
inline constexpr Word<domain::LogKind> kLogKinds[] = {
    {domain::LogKind::event, "event"},   {domain::LogKind::refusal, "refusal"},
    {domain::LogKind::end, "end"},       {domain::LogKind::action, "action"},
    {domain::LogKind::outcome, "outcome"}, {domain::LogKind::fact, "fact"}};
inline constexpr Word<domain::Outcome> kOutcomes[] = {
    {domain::Outcome::done, "done"},
    {domain::Outcome::failed, "failed"},
    {domain::Outcome::superseded, "superseded"}};

template <class E, std::size_t N>
void put_word(Json& json, const char* key, const Word<E> (&table)[N], E value) {
    if (value != table[0].value) {
        json[key] = word_of(table, value);
    }
}

template <class E, std::size_t N>
void read_word(const Json& json, const char* key, const Word<E> (&table)[N], E& out) {
    if (const Json* value = field(json, key)) {
        out = value_of(table, value->template get<std::string>());
    }
}

}  // namespace flow::store
