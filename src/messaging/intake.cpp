#include "messaging/intake.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace flow::messaging {

using domain::Error;
using domain::Result;

namespace {

std::size_t bytes_of(const Intake::Item& item) {
    return item.row ? static_cast<std::size_t>(item.row->bytes) : 0;
}

void say_lost(std::size_t count, const Error& error) {
    spdlog::error("{} messages of a container are lost: they could not be written down before the end error=\"{}\"", count,
                  error.message);
}

}  // namespace

Intake::Intake(boost::asio::any_io_executor executor, domain::MessageStore& messages, IntakeLimits limits,
               IntakeOwner& owner)
    : messages_(messages), limits_(limits), owner_(owner), timer_(executor), delay_(limits.retry) {}

void Intake::add(const std::string& id, Item item) {
    Box& box = boxes_[id];
    box.bytes += bytes_of(item);
    box.items.push_back(std::move(item));
    tell_full(id, box);
    if (!is_blocked(id)) {
        write(id);
    }
}

bool Intake::is_full(const std::string& id) const {
    const auto box = boxes_.find(id);
    return box != boxes_.end() && box->second.full;
}

void Intake::tell_full(const std::string& id, Box& box) {
    const bool full = is_blocked(id) || box.items.size() >= limits_.messages || box.bytes >= limits_.bytes;
    if (std::exchange(box.full, full) != full) {
        owner_.on_full(id, full);
    }
}

/// One transaction at a time: those of two that fail and succeed would change their order.
void Intake::write(const std::string& id) {
    const auto found = boxes_.find(id);
    if (found == boxes_.end() || found->second.writing != 0 || found->second.items.empty()) {
        return;
    }
    Box& box = found->second;
    box.writing = std::min(box.items.size(), limits_.messages);
    put(box.items, 0, box.writing, [this, id](const Result<void>& result) { written(id, result); });
}

/// They are kept meanwhile.
void Intake::put(std::deque<Item>& items, std::size_t first, std::size_t count, Done done) {
    std::vector<domain::MessageRow> rows;
    std::vector<domain::EventDraft> drafts;
    for (std::size_t at = first; at < first + count; ++at) {
        if (items[at].row) {
            rows.push_back(*items[at].row);
        }
        drafts.push_back(items[at].draft);
    }
    messages_.put_messages(std::move(rows), std::move(drafts), std::move(done));
}

void Intake::written(std::string id, const Result<void>& result) {
    const std::size_t count = std::exchange(boxes_.at(id).writing, 0);
    if (result) {
        succeeded(id, count);
    } else {
        failed(id, count, result.error());
    }
}

void Intake::succeeded(const std::string& id, std::size_t count) {
    Box& box = boxes_.at(id);
    std::vector<Done> answers;
    for (std::size_t done = 0; done < count; ++done) {
        box.bytes -= bytes_of(box.items.front());
        answers.push_back(std::move(box.items.front().answer));
        box.items.pop_front();
    }
    std::move(box.waiting.begin(), box.waiting.end(), std::back_inserter(answers));
    box.waiting.clear();
    const bool was_blocked = blocked_.erase(id) != 0;
    tell_full(id, box);
    if (box.items.empty()) {
        boxes_.erase(id);
    }
    for (const Done& answer : answers) {
        if (answer) {
            answer(Result<void>{});
        }
    }
    if (!is_blocked(id)) {
        write(id);
    }
    if (was_blocked) {      // the disk takes something again
        delay_ = limits_.retry;
        for (const std::string& other : std::set<std::string>{blocked_}) {
            write(other);
        }
    }
}

/// Who waits for an answer hears it at once; the messages stay.
void Intake::failed(const std::string& id, std::size_t count, const Error& error) {
    Box& box = boxes_.at(id);
    std::vector<Done> answers = std::exchange(box.waiting, {});
    for (Item& item : box.items) {
        answers.push_back(std::exchange(item.answer, nullptr));
    }
    if (stopped_) {
        say_lost(count, error);
        boxes_.erase(id);
    } else {
        blocked_.insert(id);
        tell_full(id, box);
        wait();
        owner_.on_unwritten(id, error);
    }
    for (const Done& answer : answers) {
        if (answer) {
            answer(error);
        }
    }
}

void Intake::try_now(const std::string& id, Done done) {
    boxes_.at(id).waiting.push_back(std::move(done));
    write(id);
}

void Intake::wait() {
    if (std::exchange(timer_waits_, true)) {
        return;
    }
    timer_.expires_after(delay_);
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) {
            timer_waits_ = false;
            try_next();
        }
    });
}

/// One container each time, however many wait: each attempt that fails makes the store read all its rows again.
void Intake::try_next() {
    if (blocked_.empty()) {
        delay_ = limits_.retry;
        return;
    }
    delay_ = std::min(delay_ * 2, limits_.longest_retry);
    const auto next = blocked_.upper_bound(tried_);
    tried_ = next == blocked_.end() ? *blocked_.begin() : *next;
    write(std::string{tried_});
}

void Intake::put_last(std::deque<Item>& items, std::size_t first) {
    std::vector<Done> answers;
    for (std::size_t at = first; at < items.size(); ++at) {
        answers.push_back(std::exchange(items[at].answer, nullptr));
    }
    put(items, first, answers.size(), [answers](const Result<void>& result) {
        if (!result) {
            say_lost(answers.size(), result.error());
        }
        for (const Done& answer : answers) {
            if (answer) {
                answer(result);
            }
        }
    });
}

void Intake::stop() {
    if (std::exchange(stopped_, true)) {
        return;
    }
    timer_.cancel();
    Error error;
    error.message = "the daemon is shutting down; send it again when it is back";
    for (auto& [id, box] : std::exchange(boxes_, {})) {
        const std::size_t rest = box.items.size() - box.writing;
        if (rest != 0) {
            put_last(box.items, box.writing);
        }
        for (const Done& waiting : box.waiting) {
            waiting(error);
        }
        box.items.resize(box.writing);
        box.waiting.clear();
        if (box.writing != 0) {
            boxes_.emplace(id, std::move(box));
        }
    }
}

}  // namespace flow::messaging
