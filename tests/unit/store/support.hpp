// What the store's tests share: a folder that goes away, a clock that stands, ids that are told
// beforehand, and short ways to ask the store for something and wait until it is durable.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <boost/asio/io_context.hpp>

#include "store/store.hpp"

namespace flow::store::test {

/// A new folder below the system's, removed with everything in it.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string path() const { return path_; }

private:
    std::string path_;
};

std::shared_ptr<SQLite::Database> memory_database();

/// A Store with the io_context that it lives on; it can be dropped and opened again on the same
/// file or connection.
class Bench {
public:
    explicit Bench(Config config);

    void open();
    void drop() { store.reset(); }
    void reopen();
    /// Runs all that is due.
    void run();

    domain::Result<domain::Accepted> accept(domain::Request request);
    domain::Result<void> change(const std::string& container_id, domain::Store::Change change);

    Config config;
    boost::asio::io_context io;
    std::unique_ptr<Store> store;
    domain::Time now = domain::from_nanos(1'795'240'789'948'913'516);
};

/// In memory, committed at once.
Config inline_config();
/// With a writer's thread, on a file in `folder`.
Config file_config(const Folder& folder);

domain::Request create(const std::string& name);
domain::Request on(domain::Operation operation, const domain::Accepted& accepted);

/// Everything of two Records is equal (each field is compared).
bool same(const domain::Record& one, const domain::Record& other);
std::vector<domain::Record> records_of(const Store& store);
std::string one_text(SQLite::Database& database, const std::string& query);

/// Any Spec, Status, Record: each field takes its default or not. The same seed gives the same.
domain::Spec random_spec(std::mt19937_64& random);
domain::Status random_status(std::mt19937_64& random);

}  // namespace flow::store::test
