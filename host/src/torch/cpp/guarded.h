// Turns whatever a C++ body throws into a message for the caller.
#pragma once

#include <c10/util/Exception.h>

#include <cstring>
#include <cstdlib>
#include <exception>
#include <string_view>

namespace jackpot {

inline char* copy_text(std::string_view text) noexcept {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) std::abort();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

template <class Body>
char* guarded(Body&& body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::Error& error) {
    return copy_text(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return copy_text(error.what());
  } catch (...) {
    return copy_text("an unknown C++ exception");
  }
}

}  // namespace jackpot
