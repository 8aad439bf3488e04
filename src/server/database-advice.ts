const grantAll = "GRANT ALL on this database to DATABASE_URL's user";

/** What somebody can do about a MySQL that refuses, by the code of its refusal or of the system's. */
const advice: Readonly<Record<string, string>> = {
  ER_ACCESS_DENIED_ERROR: "give DATABASE_URL a user and a password that the server knows",
  ER_BAD_DB_ERROR: "CREATE DATABASE it, and let DATABASE_URL's user do everything in it",
  ER_NO_DB_ERROR: "DATABASE_URL names no database: mysql://user:password@host:3306/name",
  ER_DBACCESS_DENIED_ERROR: grantAll,
  ER_TABLEACCESS_DENIED_ERROR: grantAll,
  ER_CON_COUNT_ERROR: "raise max_connections, or lower DATABASE_CONNECTIONS",
  ER_OPTION_PREVENTS_STATEMENT: "this server takes no writes: let DATABASE_URL name the primary",
  ENOTFOUND: "DATABASE_URL names a host that is not known",
};

export const databaseAdvice = (code: string): string =>
  advice[code] ?? "see that it runs, and that DATABASE_URL says where";
