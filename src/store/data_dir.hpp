// The data directory: made, checked and locked, so that one daemon at a time works on it (contract
// 9). The lock belongs to the DataDir object and goes with it, also when the process is killed.
#pragma once

#include <string>

#include "domain/error.hpp"

namespace flow::store {

class DataDir {
public:
    /// Makes `path` (0700), `path`/run (0700), an empty flow.db (0600) and takes the lock. Refused:
    /// a path that is not absolute or longer than 60 bytes, and a directory that another process
    /// has locked (its pid is named).
    static domain::Result<DataDir> open(const std::string& path);

    DataDir() = default;
    DataDir(DataDir&& other) noexcept;
    DataDir& operator=(DataDir&& other) noexcept;
    DataDir(const DataDir&) = delete;
    DataDir& operator=(const DataDir&) = delete;
    ~DataDir();

private:
    int lock_ = -1;
};

}  // namespace flow::store
