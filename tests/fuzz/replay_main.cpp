// Runs a fuzz target without libFuzzer, so that every build does: all files of a folder, then seeded mutations of them.
// replay FOLDER MUTATIONS [SEED]
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::string current;    // what runs, for the message of a crash

void run(std::string input) {
    current = std::move(input);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

std::vector<std::string> read_folder(const char* folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> inputs;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return inputs;
}

class Mutator {
public:
    Mutator(const std::vector<std::string>& inputs, unsigned seed) : inputs_(inputs), random_(seed) {}

    std::string next() {
        std::string bytes = any();
        for (std::size_t left = 1 + below(5); left > 0; --left) {
            change(bytes);
        }
        return bytes;
    }

private:
    std::size_t below(std::size_t bound) { return random_() % bound; }
    const std::string& any() { return inputs_[below(inputs_.size())]; }

    void change(std::string& bytes) {
        const std::size_t at = below(bytes.size() + 1);
        switch (below(7)) {
            case 0: bytes.insert(at, 1, static_cast<char>(below(256))); break;
            case 1: bytes.erase(at, 1 + below(4)); break;
            case 2: bytes.resize(at); break;
            case 3: bytes.insert(at, bytes.substr(below(bytes.size() + 1), below(20))); break;
            case 4: {
                const std::string& other = any();
                bytes.insert(at, other.substr(below(other.size() + 1), below(20)));
                break;
            }
            case 5: bytes.insert(at, 1 + below(40), "[{\"\\09-/,b\x1e"[below(11)]); break;
            default:
                if (at < bytes.size()) {
                    bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
                }
        }
    }

    const std::vector<std::string>& inputs_;
    std::mt19937 random_;
};

/// Called by abort(): says which input it was, so that it can become a file of the corpus.
void tell(int) {
    std::fprintf(stderr, "failed on %zu bytes:", current.size());
    for (const char c : current) {
        std::fprintf(stderr, " %02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    std::fprintf(stderr, "\n");
    std::_Exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s FOLDER MUTATIONS [SEED]\n", argv[0]);
        return 2;
    }
    std::signal(SIGABRT, tell);
    const std::vector<std::string> inputs = read_folder(argv[1]);
    if (inputs.empty()) {
        std::fprintf(stderr, "%s has no files\n", argv[1]);
        return 2;
    }
    for (const std::string& input : inputs) {
        run(input);
    }
    const long mutations = std::strtol(argv[2], nullptr, 10);
    const auto seed = static_cast<unsigned>(argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1);
    Mutator mutator(inputs, seed);
    for (long i = 0; i < mutations; ++i) {
        run(mutator.next());
    }
    std::printf("%zu files and %ld mutations of them (seed %u)\n", inputs.size(), mutations, seed);
    return 0;
}
