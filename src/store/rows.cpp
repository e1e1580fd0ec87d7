#include "store/rows.hpp"

#include <utility>

namespace flow::store {
namespace {

constexpr std::size_t kShortestDockerPrefix = 12;

}  // namespace

std::string lower(std::string_view text) {
    std::string result{text};
    for (char& letter : result) {
        if (letter >= 'A' && letter <= 'Z') {
            letter = static_cast<char>(letter - 'A' + 'a');
        }
    }
    return result;
}

Row* Rows::find(std::string_view container_id) {
    const auto found = rows_.find(container_id);
    return found == rows_.end() ? nullptr : &found->second;
}

const Row* Rows::find(std::string_view container_id) const {
    const auto found = rows_.find(container_id);
    return found == rows_.end() ? nullptr : &found->second;
}

const Row* Rows::find_name(std::string_view name) const {
    const auto found = names_.find(lower(name));
    return found == names_.end() ? nullptr : found->second;
}

const Row* Rows::resolve(std::string_view reference) const {
    if (const Row* row = find(reference)) {
        return row;
    }
    if (const Row* row = find_name(reference)) {
        return row;
    }
    if (reference.size() < kShortestDockerPrefix) {
        return nullptr;
    }
    const auto found = docker_.lower_bound(reference);
    if (found == docker_.end() || !std::string_view{found->first}.starts_with(reference)) {
        return nullptr;
    }
    const auto next = std::next(found);
    const bool ambiguous =
        next != docker_.end() && std::string_view{next->first}.starts_with(reference);
    return ambiguous ? nullptr : found->second;
}

Row& Rows::add(domain::Record record) {
    const std::string container_id = record.container_id;
    Row& row = rows_[container_id];
    row.record = std::move(record);
    index(row);
    return row;
}

void Rows::index(Row& row) {
    const domain::Record& record = row.record;
    const std::string name = record.deleted ? std::string{} : lower(record.spec().name);
    const std::string& docker_id = record.status.docker_id;
    if (name == row.name_key && docker_id == row.docker_key) {
        return;
    }
    unindex(row);
    row.name_key = name;
    row.docker_key = docker_id;
    if (!name.empty()) {
        names_[name] = &row;
    }
    if (!docker_id.empty()) {
        docker_[docker_id] = &row;
    }
}

void Rows::remove(std::string_view container_id) {
    const auto found = rows_.find(container_id);
    if (found != rows_.end()) {
        unindex(found->second);
        rows_.erase(found);
    }
}

/// A key may be another row's by now: that one stays.
void Rows::unindex(const Row& row) {
    const auto drop = [&row](auto& index, const std::string& key) {
        const auto found = index.find(key);
        if (found != index.end() && found->second == &row) {
            index.erase(found);
        }
    };
    drop(names_, row.name_key);
    drop(docker_, row.docker_key);
}

}  // namespace flow::store
