import * as z from "zod";

/** The keys of `endmgr`'s configurations, as its documents and its examples have them; older names beside the newer ones. */
const table = z.union([
  z.string().min(1).meta({ title: "name of a table" }),
  z.strictObject({ schema: z.string().optional(), table: z.string().min(1).meta({ title: "name of a table" }) }),
]);

const expressions = z.array(z.string()).optional().meta({ title: "list of regular expressions" });
const count = (min: number) =>
  z
    .int()
    .min(min)
    .optional()
    .meta({ title: `whole number, at least ${min}` });
const path = z.string().min(1).meta({ title: "path" });
const action = z.enum(["Move", "Noop", "Delete"]).optional();

const database = z.strictObject({
  engine: z.string().meta({ title: "database URL" }),
  tablenames: z.strictObject({ schema: z.string().optional(), file: table, event: table.optional() }),
  echo: z.boolean().optional(),
  pool_class: z.string().optional(),
});

const finder = z.strictObject({
  source: path,
  storage: path,
  actions: z.strictObject({ standard: action, alternative: action }),
  search: z.strictObject({
    method: z.enum(["scan", "parse_rsync_logs"]),
    exclude_list: expressions,
    excludelist: expressions,
    blacklist: expressions,
    date: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/)
      .optional()
      .meta({ title: "date as YYYY-MM-DD" }),
    past_days: count(0),
    future_days: count(0),
    timespan: count(0),
    delay: count(0),
  }),
  pause: count(0),
});

const fileStatuses = ["UNTRIED", "RERUN", "FAILURE", "UNKNOWN", "IGNORED", "BACKFILL", "INVALID", "PENDING"] as const;

const ingester = z.strictObject({
  storage: path,
  plugin: z.strictObject({ name: z.string(), config: z.record(z.string(), z.unknown()).optional() }),
  include_list: expressions,
  includelist: expressions,
  whitelist: expressions,
  exclude_list: expressions,
  excludelist: expressions,
  blacklist: expressions,
  file_status: z.enum(fileStatuses).optional(),
  batch_size: count(1),
  daemon: z.boolean().optional(),
  num_threads: count(1),
  pause: count(0),
});

const backfill = z.strictObject({
  storage: path,
  sources: z.array(z.string().min(1)).min(1).meta({ title: "list of paths" }),
  search: z.strictObject({ exclude_list: expressions, excludelist: expressions, blacklist: expressions }).optional(),
});

export const components = { finder, ingester, backfill } as const;
export type Component = keyof typeof components;

/** The sections of the other components are no business of this one: one file may serve all. */
export function schemaOf<Of extends Component>(component: Of) {
  const others = Object.fromEntries(Object.keys(components).map((name) => [name, z.unknown().optional()]));
  return z.strictObject({ ...others, database, [component]: components[component], logging: z.unknown().optional() });
}

export type DatabaseValue = z.output<typeof database>;
export type SectionValue<Of extends Component> = z.output<(typeof components)[Of]>;
