#pragma once

// What libaxcl_rt.so exports beyond the vendor's names when it is the software card. Their presence (dlsym)
// is how a program knows which of the two it has. All work before axclInit and after axclFinalize, from any
// thread.

#include "softcard/abi/axcl_abi.h"

/// Copies a JSON text with its final zero into `json` when it fits into `capacity` bytes. `needed`, when not
/// null, receives the bytes wanted, the zero included. Returns 0; 2 when the buffer is null or too small
/// (nothing is copied, unless there is room for an empty text). Counters: calls by name, remote calls, bytes
/// by direction, executions by model and group, loads, and what is held (docs/softcard.md).
AXCL_EXPORT std::int32_t axllamaSoftcardCounters(char* json, std::uint64_t capacity, std::uint64_t* needed);

/// Sets every counter to 0.
AXCL_EXPORT std::int32_t axllamaSoftcardResetCounters();

/// The newest reports (broken rules, bad addresses, leaks) as a JSON array; buffers as above.
AXCL_EXPORT std::int32_t axllamaSoftcardReports(char* json, std::uint64_t capacity, std::uint64_t* needed);

/// Forgets all reports.
AXCL_EXPORT std::int32_t axllamaSoftcardClearReports();

/// The timing profile in force as a JSON object with the fields of docs/softcard.md; buffers as above.
AXCL_EXPORT std::int32_t axllamaSoftcardTiming(char* json, std::uint64_t capacity, std::uint64_t* needed);

/// The sentence behind the calling thread's latest error code; buffers as above.
AXCL_EXPORT std::int32_t axllamaSoftcardLastError(char* text, std::uint64_t capacity, std::uint64_t* needed);

/// Replaces the environment as the source of settings with this JSON object (docs/softcard.md); null goes
/// back to the environment. Devices and memory size take effect with the next axclInit, all else at once.
/// Returns 0, or 3 when the text is not understood (axllamaSoftcardLastError tells why; the settings stay).
AXCL_EXPORT std::int32_t axllamaSoftcardConfigure(const char* json);

/// 1 when executions do the models' arithmetic; 0 when they compute nothing or replay a script, so that their
/// results say nothing about the model.
AXCL_EXPORT std::int32_t axllamaSoftcardComputes();
