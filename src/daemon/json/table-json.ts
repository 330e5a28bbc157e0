import { textOf } from "../../kernel/path.ts";
import type { FollowedFacts, TableFacts } from "../table-facts.ts";
import { isoMs, pathFields } from "../../kernel/json-fields.ts";

/** The archive's statistics and the counts bear the names that SupRsync gave them. */
export function tableJson(facts: TableFacts): object {
  const { archive, counts } = facts;
  return {
    database: textOf(facts.database),
    name: facts.name,
    where: Object.fromEntries(facts.where.map(({ column, value }) => [column, value])),
    state: facts.state,
    reason: facts.reason,
    owed: archive?.owed ?? null,
    archive:
      archive === null
        ? null
        : {
            finalized_until: archive.finalizedUntilS,
            num_files: archive.rows,
            uncopied_files: archive.uncopied,
            last_file_added: archive.lastAdded === null ? null : textOf(archive.lastAdded),
            last_file_copied: archive.lastCopied === null ? null : textOf(archive.lastCopied),
            waits_for:
              archive.waitsFor === null
                ? null
                : {
                    row: archive.waitsFor.row,
                    ...(archive.waitsFor.path === null ? { path: null } : pathFields(archive.waitsFor.path)),
                    state: archive.waitsFor.state,
                  },
          },
    counters:
      counts === null
        ? null
        : {
            iterations: counts.iterations,
            copies: counts.copies,
            errors_timeout: counts.errorsTimeout,
            errors_nonzero: counts.errorsNonzero,
            errors_sqlite: counts.errorsSqlite,
          },
  };
}

/** What a row says now, in the terms of the configuration's `columns`. */
export function followedJson({ table, database, row, now, trouble, owed }: FollowedFacts): object {
  return {
    table,
    database: textOf(database),
    row,
    owed,
    trouble,
    now:
      now === null
        ? null
        : {
            unusable: now.unusable,
            registered_at: isoMs(now.registeredAtS * 1000),
            digest: now.digest?.hex ?? null,
            verified: now.verified,
            delivered_at: now.copiedAtS === null ? null : isoMs(now.copiedAtS * 1000),
            removed_at: now.removedAtS === null ? null : isoMs(now.removedAtS * 1000),
            failures: now.failures,
            removable: now.removable,
            ignore: now.ignore,
          },
  };
}
