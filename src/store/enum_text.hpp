// Enumerations as the words that are written to the file. The tables are the store's own: what was
// written once must stay readable, whatever becomes of a spelling elsewhere. Header-only helpers
// without state.
#pragma once

#include <cstddef>
#include <string_view>

namespace flow::store {

template <class E>
struct Word {
    E value;
    std::string_view text;
};

template <class E, std::size_t N>
constexpr std::string_view word_of(const Word<E> (&table)[N], E value) {
    for (const Word<E>& word : table) {
        if (word.value == value) {
            return word.text;
        }
    }
    return table[0].text;
}

/// The first value of the table for a word that is in no table.
template <class E, std::size_t N>
constexpr E value_of(const Word<E> (&table)[N], std::string_view text) {
    for (const Word<E>& word : table) {
        if (word.text == text) {
            return word.value;
        }
    }
    return table[0].value;
}

}  // namespace flow::store
