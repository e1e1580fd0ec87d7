#include "unit/store/support.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <SQLiteCpp/Column.h>
#include <gtest/gtest.h>

namespace flow::store::test {

using domain::Accepted;
using domain::Record;
using domain::Request;
using domain::Result;

Folder::Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "store.XXXXXX").string();
    if (!::mkdtemp(name.data())) {
        throw std::runtime_error("no temporary folder");
    }
    path_ = name;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::shared_ptr<SQLite::Database> memory_database() {
    return std::make_shared<SQLite::Database>(":memory:",
                                              SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
}

Bench::Bench(Config given) : config{std::move(given)} {
    if (!config.clock) {
        config.clock = [this] { return now; };
    }
    open();
}

void Bench::open() {
    auto opened = Store::open(io, config);
    if (!opened) {
        throw std::runtime_error(opened.error().message);
    }
    store = std::move(*opened);
}

void Bench::reopen() {
    drop();
    run();
    open();
}

void Bench::run() {
    io.restart();
    io.run();
}

Result<Accepted> Bench::accept(Request request) {
    std::optional<Result<Accepted>> answer;
    store->accept(std::move(request), [&answer](Result<Accepted> result) {
        EXPECT_FALSE(answer.has_value()) << "answered twice";
        answer = std::move(result);
    });
    EXPECT_FALSE(answer.has_value()) << "answered before it returned to the loop";
    run();
    domain::Error silence;
    silence.message = "no answer came";
    return answer ? *answer : Result<Accepted>{silence};
}

Result<void> Bench::change(const std::string& container_id, domain::Store::Change change) {
    std::optional<Result<void>> answer;
    store->change(container_id, std::move(change),
                  [&answer](Result<void> result) { answer = std::move(result); });
    run();
    domain::Error silence;
    silence.message = "no answer came";
    return answer ? *answer : Result<void>{silence};
}

Config inline_config() {
    Config config;
    config.inline_writer = true;
    config.connection = memory_database();
    config.run_dir = "/data/run";
    return config;
}

Config file_config(const Folder& folder) {
    Config config;
    config.data_dir = folder.path() + "/data";
    return config;
}

Request create(const std::string& name) {
    Request request;
    request.operation = domain::Operation::create;
    request.actor = "ann";
    static int count = 0;
    request.request_id = "request-" + std::to_string(++count);
    domain::Spec spec;
    spec.name = name;
    spec.image = "busybox";
    request.spec = spec;
    return request;
}

Request on(domain::Operation operation, const Accepted& accepted) {
    Request request = create(accepted.name);
    request.operation = operation;
    request.container_id = accepted.container_id;
    request.spec.reset();
    return request;
}

bool same(const Record& one, const Record& other) {
    const auto fields = [](const Record& record) {
        return std::tie(record.container_id, record.created, record.source, record.actor,
                        record.request_id, record.socket_folder, record.generation, record.specs,
                        record.desired, record.run_wanted, record.restart_run, record.deleted,
                        record.force, record.remove_volumes, record.stop_timeout,
                        record.desired_seq, record.generation_seq, record.delete_seq,
                        record.status, record.open, record.seen);
    };
    return fields(one) == fields(other);
}

std::vector<Record> records_of(const Store& store) {
    std::vector<Record> records;
    store.for_each([&records](const Record& record) { records.push_back(record); });
    return records;
}

std::string one_text(SQLite::Database& database, const std::string& query) {
    return database.execAndGet(query).getString();
}

}  // namespace flow::store::test
