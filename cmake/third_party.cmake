# Debian's packages, found once; rooms link these names and nothing else from outside.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
if(FLOW_TESTS)
  find_package(GTest REQUIRED)
endif()

# Asio and Beast are compiled once, here; every user sees declarations only. The headers that nearly every
# source needs are precompiled once as well and reused by all targets.
add_library(flow_third_party STATIC ${CMAKE_SOURCE_DIR}/cmake/third_party.cpp)
target_compile_definitions(flow_third_party PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(flow_third_party PUBLIC
  Boost::headers nlohmann_json::nlohmann_json spdlog::spdlog Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
# In angle brackets it is found by the folder and named without a path: ccache then knows it in every checkout, and
# with it all that is compiled with it.
target_include_directories(flow_third_party PRIVATE ${CMAKE_SOURCE_DIR}/cmake)
target_precompile_headers(flow_third_party PRIVATE <third_party_pch.hpp>)

# flow_room(NAME SOURCES... LINK ...): one static library with the common precompiled header.
function(flow_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC flow_third_party ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM flow_third_party)
endfunction()

# flow_program(NAME SOURCES... LINK ...): an executable with the same header.
function(flow_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  # The precompiled header was made with -fPIC; CMake's -fPIE for executables would make it useless.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_link_libraries(${name} PRIVATE flow_third_party ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM flow_third_party)
endfunction()

# Tests have a precompiled header of their own, with GoogleTest in it, and are not optimised: each is compiled far
# more often than it runs, and what they test is compiled as everywhere.
if(FLOW_TESTS)
  add_library(flow_test_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/test_pch.cpp)
  target_link_libraries(flow_test_pch PUBLIC flow_third_party GTest::gtest)
  target_compile_options(flow_test_pch PRIVATE -O0)
  target_include_directories(flow_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake)
  target_precompile_headers(flow_test_pch PRIVATE <third_party_pch.hpp> <gtest/gtest.h>)
endif()

# flow_test(NAME SOURCES... LINK ...): a GoogleTest executable, registered with CTest under its own name.
function(flow_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC -O0)
  target_link_libraries(${name} PRIVATE flow_third_party ${ARG_LINK} GTest::gtest GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM flow_test_pch)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
