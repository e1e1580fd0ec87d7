# Warnings, sanitizers, ccache and the linker: the same for every target.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
add_compile_options(-fno-omit-frame-pointer)

if(FLOW_SANITIZE)
  add_compile_options(-fsanitize=${FLOW_SANITIZE} -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${FLOW_SANITIZE})
endif()
if(FLOW_FAIL_POINTS)
  add_compile_definitions(FLOW_FAIL_POINTS=1)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Precompiled headers need these two; without them ccache misses every file that uses one.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${CCACHE_PROGRAM})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()
