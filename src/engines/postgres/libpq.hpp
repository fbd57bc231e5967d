// The functions of libpq that weir calls, under their own names. libpq brings two dozen libraries along (Kerberos,
// LDAP, TLS), so it is loaded when a PostgreSQL database is opened first, not when weir starts.
#pragma once

#include <libpq-fe.h>

#define WEIR_LIBPQ_FUNCTIONS(apply)                                                                                 \
  apply(PQbackendPID) apply(PQcancel) apply(PQclear) apply(PQcmdStatus) apply(PQcmdTuples) apply(PQconndefaults)    \
      apply(PQconnectPoll) apply(PQconnectStartParams) apply(PQconnectdbParams) apply(PQconninfoFree)               \
          apply(PQenterPipelineMode) apply(PQerrorMessage) apply(PQescapeLiteral) apply(PQexec) apply(PQexecParams) \
              apply(PQexecPrepared) apply(PQexitPipelineMode) apply(PQfinish) apply(PQfname) apply(PQfreeCancel)    \
                  apply(PQfreemem) apply(PQftype) apply(PQgetCancel) apply(PQgetCopyData) apply(PQgetResult)        \
                      apply(PQgetisnull) apply(PQgetlength) apply(PQgetvalue) apply(PQnfields) apply(PQnparams)     \
                          apply(PQparamtype) apply(PQdescribePrepared) apply(PQntuples) apply(PQparameterStatus)    \
                              apply(PQpipelineStatus) apply(PQpipelineSync) apply(PQprepare) apply(PQputCopyData)   \
                                  apply(PQputCopyEnd) apply(PQresultErrorField) apply(PQresultErrorMessage)         \
                                      apply(PQresultStatus) apply(PQsendQueryPrepared) apply(PQserverVersion)       \
                                          apply(PQsetErrorVerbosity) apply(PQsetNoticeReceiver) apply(PQsocket)     \
                                              apply(PQstatus) apply(PQtransactionStatus)

namespace weir::engines::postgres {

// Pointers that hide libpq's declarations in this namespace: a call here goes through them.
#define WEIR_DECLARE(function) extern decltype(&::function) function;
WEIR_LIBPQ_FUNCTIONS(WEIR_DECLARE)
#undef WEIR_DECLARE

// To be called before any of them. Thread-safe. Errors: kCannotConnect when libpq is not installed.
void load_libpq();

}  // namespace weir::engines::postgres
