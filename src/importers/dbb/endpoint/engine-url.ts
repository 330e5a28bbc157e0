/** Where the database of a SQLAlchemy URL is; `refused`: why it is none that hotdir can use. */
export type Engine = { kind: "sqlite"; path: string } | { kind: "refused"; why: string };

/** `sqlite:///relative.db`, `sqlite:////absolute.db`, with or without a driver (`sqlite+pysqlite:`). Never repeats what may hold a password. */
export function readEngine(url: string): Engine {
  const scheme = /^([a-z][a-z0-9_]*)(?:\+[a-z0-9_]+)?:\/\//i.exec(url);
  if (scheme === null) return { kind: "refused", why: "no database URL: expected sqlite:///relative.db or sqlite:////absolute.db" };
  const dialect = scheme[1]!.toLowerCase();
  if (dialect !== "sqlite")
    return {
      kind: "refused",
      why: `the engine is ${dialect}: hotdir reads and writes SQLite databases (sqlite:////absolute.db), and no others`,
    };
  const rest = url.slice(scheme[0].length);
  const path = rest.startsWith("/") ? rest.slice(1).replace(/\?.*$/s, "") : null;
  if (path === null || path === "" || path === ":memory:")
    return { kind: "refused", why: "a database in memory is nobody else's: name a file (sqlite:///relative.db, sqlite:////absolute.db)" };
  return { kind: "sqlite", path };
}
