// The functions of MariaDB Connector/C that weir calls, under their own names. It speaks to MySQL and to MariaDB, and
// is loaded when such a database is opened first, not when weir starts.
#pragma once

#include <mysql.h>

#define WEIR_LIBMARIADB_FUNCTIONS(apply)                                                                           \
  apply(mysql_affected_rows) apply(mysql_close) apply(mysql_errno) apply(mysql_error) apply(mysql_fetch_fields)    \
      apply(mysql_fetch_lengths) apply(mysql_fetch_row) apply(mysql_field_count) apply(mysql_free_result)          \
          apply(mysql_get_server_info) apply(mysql_get_server_version) apply(mysql_get_socket)                     \
              apply(mysql_get_ssl_cipher) apply(mysql_init) apply(mysql_next_result) apply(mysql_num_fields)       \
                  apply(mysql_num_rows) apply(mysql_options) apply(mysql_options4) apply(mysql_real_connect)       \
                      apply(mysql_real_query) apply(mysql_server_init) apply(mysql_set_server_option)              \
                          apply(mysql_sqlstate) apply(mysql_stmt_affected_rows) apply(mysql_stmt_attr_set)         \
                              apply(mysql_stmt_bind_param) apply(mysql_stmt_bind_result) apply(mysql_stmt_close)   \
                                  apply(mysql_stmt_errno) apply(mysql_stmt_error) apply(mysql_stmt_execute)        \
                                      apply(mysql_stmt_fetch) apply(mysql_stmt_free_result) apply(mysql_stmt_init) \
                                          apply(mysql_stmt_param_count) apply(mysql_stmt_prepare)                  \
                                              apply(mysql_stmt_result_metadata) apply(mysql_stmt_sqlstate)         \
                                                  apply(mysql_stmt_store_result) apply(mysql_store_result)         \
                                                      apply(mysql_thread_id)

namespace weir::engines::mysql {

// Pointers that hide the library's declarations in this namespace: a call here goes through them.
#define WEIR_DECLARE(function) extern decltype(&::function) function;
WEIR_LIBMARIADB_FUNCTIONS(WEIR_DECLARE)
#undef WEIR_DECLARE

// To be called before any of them. Thread-safe. Errors: kCannotConnect when the library is not installed.
void load_libmariadb();

}  // namespace weir::engines::mysql
