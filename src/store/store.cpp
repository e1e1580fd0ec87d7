#include "store/store.hpp"

#include <array>
#include <utility>

#include <SQLiteCpp/Statement.h>
#include <sys/random.h>

#include "domain/model/model.hpp"
#include "store/database.hpp"

namespace flow::store {
namespace {

using domain::Error;
using domain::Record;
using domain::Result;

Error refused(std::string message) {
    Error error;
    error.message = std::move(message);
    return error;
}

/// 12 lower-case hex characters from the kernel's random source.
std::string random_id() {
    std::array<unsigned char, 6> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("the system gives no random numbers");
    }
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string id;
    for (const unsigned char byte : bytes) {
        id += kDigits[byte >> 4];
        id += kDigits[byte & 15];
    }
    return id;
}

Result<void> complete(Config& config) {
    if (config.file.empty() && !config.connection) {
        if (config.data_dir.empty()) {
            return refused("neither a data directory nor a database is named");
        }
        config.file = config.data_dir + "/flow.db";
    }
    const bool shared = config.connection || config.file == ":memory:";
    if (shared && !config.inline_writer) {
        return refused("a database in memory or a given connection needs inline_writer");
    }
    if (config.run_dir.empty()) {
        config.run_dir = config.data_dir + "/run";
    }
    if (!config.clock) {
        config.clock = [] { return domain::Time{std::chrono::system_clock::now()}; };
    }
    if (!config.make_id) {
        config.make_id = random_id;
    }
    return {};
}

/// Made once for each data directory: the label by which engine objects are ours.
void ensure_instance_id(SQLite::Database& database) {
    SQLite::Statement insert{database,
                             "INSERT INTO meta VALUES ('instance_id', ?) ON CONFLICT DO NOTHING"};
    insert.bind(1, random_id());
    insert.exec();
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(boost::asio::io_context& io, Config config) {
    if (auto completed = complete(config); !completed) {
        return completed.error();
    }
    Files files;
    if (!config.data_dir.empty()) {
        auto dir = DataDir::open(config.data_dir);
        if (!dir) {
            return dir.error();
        }
        files.dir = std::move(*dir);
    }
    auto database = open_database(config.file, config);
    if (!database) {
        return database.error();
    }
    files.database = *database;
    auto reader = config.inline_writer ? database : open_reader(config.file, config);
    if (!reader) {
        return reader.error();
    }
    files.reader = *reader;
    const std::string file = config.file;
    try {
        ensure_instance_id(*files.database);
        return std::unique_ptr<Store>{new Store{io, std::move(config), std::move(files)}};
    } catch (const std::exception& failure) {
        return sqlite_error("cannot read the database " + file, failure.what());
    }
}

Store::Store(boost::asio::io_context& io, Config config, Files files)
    : io_{io},
      config_{std::move(config)},
      files_{std::move(files)},
      copy_{load(*files_.reader, config_.run_dir)},
      events_{files_.reader, {config_.ring_size, config_.ring_bytes}},
      next_seq_{events_.last() + 1} {
    WriterOptions options;
    options.inline_writer = config_.inline_writer;
    options.max_group = config_.max_group;
    options.fail_point = config_.fail_point;
    writer_ = std::make_unique<Writer>(io_, files_.database, std::move(options));
}

Store::~Store() {
    alive_.reset();
    writer_.reset();
}

const Record* Store::find(std::string_view container_id) const {
    const Row* row = copy_.rows.find(container_id);
    return row ? &row->record : nullptr;
}

const Record* Store::resolve(std::string_view reference) const {
    const Row* row = copy_.rows.resolve(reference);
    return row ? &row->record : nullptr;
}

const Record* Store::find_name(std::string_view name) const {
    const Row* row = copy_.rows.find_name(name);
    return row ? &row->record : nullptr;
}

void Store::for_each(const std::function<void(const Record&)>& visit) const {
    for (const auto& [container_id, row] : copy_.rows.all()) {
        visit(row.record);
    }
}

std::size_t Store::size() const { return copy_.rows.all().size(); }

std::string Store::meta(std::string_view key) const {
    const auto found = copy_.meta.find(key);
    return found == copy_.meta.end() ? std::string{} : found->second;
}

bool Store::remembers(std::string_view actor, std::string_view request_id) const {
    return copy_.requests.find(std::string{actor}, std::string{request_id}) != nullptr;
}

void Store::change(std::string_view container_id, Change change, Done done) {
    const auto finished = when_durable(std::move(done));
    if (auto ready = writable(); !ready) {
        return later([finished, error = ready.error()] { finished(error); });
    }
    Row* row = copy_.rows.find(container_id);
    if (!row) {
        Error error = refused("no container has the id " + std::string{container_id});
        error.type = domain::ErrorType::container_not_found;
        return barrier([finished, error](std::optional<Error>) { finished(error); });
    }
    Transaction transaction = begin();
    transaction.pending.done = finished;
    apply(*row, change, transaction);
    finish(std::move(transaction), row);
}

void Store::apply(Row& row, const Change& change, Transaction& transaction) {
    changing_ = true;
    const auto over = [this](void*) { changing_ = false; };
    const std::unique_ptr<void, decltype(over)> guard{this, over};
    change(row.record, transaction.changes, transaction.moment);
    if (!transaction.changes.remove_record) {
        domain::model::settle(row.record, transaction.changes, transaction.moment);
    }
}

void Store::log(std::vector<domain::EventDraft> drafts, Done done) {
    const auto finished = when_durable(std::move(done));
    if (auto ready = writable(); !ready) {
        return later([finished, error = ready.error()] { finished(error); });
    }
    Transaction transaction = begin();
    transaction.pending.done = finished;
    for (domain::EventDraft& draft : drafts) {
        transaction.changes.add(std::move(draft));
    }
    finish(std::move(transaction), nullptr);
}

void Store::set_meta(std::string key, std::string value, Done done) {
    const auto finished = when_durable(std::move(done));
    if (auto ready = writable(); !ready) {
        return later([finished, error = ready.error()] { finished(error); });
    }
    Transaction transaction = begin();
    transaction.pending.done = finished;
    std::string& present = copy_.meta[key];
    if (present != value) {
        present = value;
        transaction.statements.push_back(Statement{Sql::put_meta, {key, value}});
    }
    finish(std::move(transaction), nullptr);
}

void Store::set_contact(bool contact, bool unknown) {
    contact_ = contact;
    unknown_ = unknown;
}

Result<std::vector<domain::StoredEvent>> Store::events_after(domain::Seq after,
                                                             std::size_t limit) const {
    return events_.after(after, limit);
}

domain::Seq Store::last_seq() const { return events_.last(); }

domain::Seq Store::first_seq() const { return events_.first(); }

void Store::observe(Observer observer) { observers_.push_back(std::move(observer)); }

std::size_t Store::waiting() const { return writer_->waiting(); }

bool Store::dead() const { return writer_->dead(); }

}  // namespace flow::store
