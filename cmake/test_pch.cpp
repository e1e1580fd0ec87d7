// Carries the tests' precompiled header; see third_party.cmake.
