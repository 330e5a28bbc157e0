import { configurationJsonSchema, type JsonSchema } from "./json-schema.ts";

/** The example at the top of the reference: every key, with its default where it has one. A test parses it. */
export const fullExample = `vars: {cluster: hpfx}                # \${cluster} below; the environment's variables work as well
flows:
  to_hpfx:
    source:
      directory: ~/to_hpfx             # or, without a watch, posts: true
      accept: []                       # regular expressions on the relative path; none: all
      reject: ['\\.tmp$', '(^|/)\\.']    # reject wins
      settle: close                    # close, 30s without changes, or {marker: '.done'}
      rescan: 10m
      propagate: [put, rename, link, mkdir]   # add delete, rmdir for a mirror
    destination:
      url: sftp://\${cluster}/~/on_hpfx # file:/mnt/archive is local
      ssh: [ssh]
      lanes: 5
      inflight: .tmp                   # or {staging: /data/staging}
      preserve: [mtime, mode]
      verify: sha256
      durable: auto
      segment_above: 64M
      accelerate: {above: 1G, command: [scp, -B, '%s', '%d']}
      bandwidth:                       # default: unlimited; or one rate, such as 50MB/s
        - {from: 08:00, to: 18:00, days: [mon, tue, wed, thu, fri], limit: 20MB/s}
        - {limit: 200MB/s}             # the rest of the time; without it: unlimited
      keep_free: 2%
    retry: {attempts: 10, backoff: 2s..10m}
    retain: {hold: ~/held, empty_directories_after: 1d}   # default: keep; or {delete_after: 7d}
    history: 400d
    schedule:                          # when the flow sends; default: always
      - {from: 18:00, to: 06:00}       # over midnight
      - {from: 12:00, to: 13:00, days: [sat, sun]}
    vip: 10.1.2.3                      # only while this host holds the address; default: always
    log: debug                         # default: as log.level says
    alerts: {freshness_above: 4h}      # or off; default: as alerts.on says
  announced:                           # what arrives from others is fetched, and told of once more
    source:
      subscribe:                       # in place of directory
        broker: amqps://bob@hub/       # or amqp, mqtts, mqtt; never a password
        credentials: ~/.config/hotdir/credentials.conf
        ca: /etc/ssl/hub.pem           # default: what the system trusts
        exchange: xs_bob
        prefix: v03
        topics: ['#']
        queue: q_bob.hotdir.announced  # hosts with the same queue share its messages
        durable: true
        expire: never                  # or 2d
        message_ttl: never
        declare: true
        prefetch: 1000
      base: url                        # or a directory: where the files of file: URLs are
      ssh: [ssh]
      match: path                      # or url
      routes:                          # in place of accept and reject; the first that matches decides
        - reject: '\\.tmp$'
        - {accept: '^(\\w+)/', into: 'runs/\${1}/\${YYYYMMDD}', mirror: true, strip: 1, flatten: '-', name: WHATFN}
      unmatched: accept                # or reject, or a route without an expression
      duplicates: 0s
      settle: 0s                       # how long a message waits for a newer one of its path
    destination: {url: file:/data/mirror}
    announce:                          # as publish; default: nobody is told
      broker: mqtts://bob@mosquitto
      exchange: mirror
      base_url: sftp://cluster/data/mirror   # default: the destination's URL
    completion:                        # default: the flow knows no sets
      sets: '\\d{5}'                   # each directory whose whole path this matches is one
      whole: timecode                  # or {marker: DONE}, {count: 24}, {quiet: 1h}
      manifest:
        format: suprsync               # default: json; or sums
        directory: /data/so/suprsync   # where it is written here; default: below the state directory
        path: '\${tc_now}/suprsync/\${instance}/\${unix}_\${archive}_\${timecode}_finalized.yaml'
        instance: smurf-sync-srv20
        archive: smurf                 # default: the flow's name
  published:                           # no file is moved: others are told
    source: {directory: ~/to_hub}
    destination:
      publish:                         # in place of url
        broker: amqps://bob@hub/
        credentials: ~/.config/hotdir/credentials.conf
        ca: /etc/ssl/hub.pem
        exchange: xs_bob_out
        split: 1
        prefix: v03
        declare: true
        base_url: sftp://here.example.org/home/bob/to_hub   # default: file: and the directory
        path_prefix: ''
        source: bob
        headers: {site: north}
        inline: 0B
      verify: sha512
  cleaned:                             # what others say to have goes from here, while it is the same
    source:
      subscribe: {broker: amqps://bob@hub/, exchange: xs_cluster}
    destination:
      remove: {directory: ~/sent_by_others, hold: ~/held}   # in place of url; without hold: deleted
  ingested:                            # what arrives here is handed to a command, and entered into a table
    source: {directory: /data/buffer, propagate: [put]}
    destination: {url: file:/data/storage, verify: blake2b}
    retain: {delete_after: 0s}
    finish:                            # default: nothing more is done
      ingest: {command: [/opt/ingest, --site, north], batch: 10, workers: 1, timeout: 1h, interrupted: wait}
      catalog: {database: /data/endpoint.db, table: files, duplicates: keep}
  commanded:                           # own commands bring the files
    source: {directory: ~/buffer}
    destination:
      directory: /data/buffer          # at the far end
      inflight: {staging: /data/staging}
      lanes: 2
      verify: blake2b
      commands:                        # in place of url
        transfer: 'scp -Bpq {file} {user}@{host}:{dest}'   # {file} or {batch}
        remote: 'ssh {user}@{host} "{command}"'
        parameters: {user: jdoe, host: example.edu}
        batch: 10
        timeout: 60s                   # while nothing moves; default: none
        journal: ~/handoff.db          # default: none
    retry: {attempts: unlimited, backoff: 2s..10m}
  rows:                                # a table of another program's database is the queue
    source:
      table:
        database: /data/so/dbs/suprsync.db
        name: supersync_v0
        where: {archive_name: timestreams} # only rows with these values
        columns: {digest: local_md5sum, removable: none} # where they are not SupRsync's
        algorithm: md5
        poll: 1s
    destination:
      url: sftp://hpfx/archive
page: {listen: 127.0.0.1:8642, public: false, hosts: []}   # or off, or {listen: 'unix:/run/user/1000/hotdir.sock'}
log: {level: info, rotate: {size: 32M, keep: 8}}
alerts:
  command: [mail, -s, hotdir, ops@example.org]      # JSON on its standard input; HOTDIR_ALERT is one line
  webhook: {url_file: ~/.config/hotdir/webhook}     # or the address itself
  on: {waiting_above: 10m, halted: true, freshness_above: 1h, dead_letter: true, low_space: true}
  group: 30s
  repeat: 24h
`;

const opening = `# Configuration

<!-- Made by scripts/generate-schema.ts from the schemas in src/config. Change those. -->

One YAML file, by default \`$XDG_CONFIG_HOME/hotdir/hotdir.yaml\`. It is strict: an unknown key or a wrong value is refused before anything
starts, and all faults are told at once. \`hotdir check\` tells what is in force, and where each value comes from.

Every key, with its default or an example:

\`\`\`yaml
${fullExample}\`\`\`

Editors complete and check the file when it begins with \`# yaml-language-server: $schema=\` and the path of the shipped
\`schema/hotdir.schema.json\`; \`hotdir init\` writes that line.

## Units

| kind | written | means |
|---|---|---|
| size | \`64M\`, \`64MiB\`, \`500MB\`, \`1.5G\`, \`1048576\` | as rsync and dd count: K, M, G, T, P and KiB, MiB ... are powers of 1024; KB, MB ... are powers of 1000; a bare number is bytes. A lower-case \`b\` is refused, since it could mean bits |
| duration | \`500ms\`, \`30s\`, \`10m\`, \`2h\`, \`7d\`, \`2w\` | the unit is needed, also for \`0s\` |
| range | \`2s..10m\` | from, to; one duration alone is both |
| rate | \`50MB/s\`, \`400Mbit/s\`, \`unlimited\` | bytes, or bits, per second |
| time of day | \`08:00\`, \`24:00\` | local time of the machine, two digits each. A window that ends earlier than it begins goes on over midnight; \`24:00\` is the end of a day. What counts is what a clock on the wall shows: minutes that summer time leaves out never come, and an hour that comes twice counts both times |
| percentage | \`2%\` | of the destination's file system |

## Text, paths and addresses

- \`\${NAME}\` in any value stands for a variable of \`vars\`, else of the environment. An unknown one is a fault. \`$\${\` is a literal \`\${\`; a lone \`$\` needs nothing.
- Local paths: \`~/\` is the home; a relative path begins in the configuration file's directory. In commands a leading \`~/\` is filled in, and nothing else, since no shell sees them.
- \`sftp://user@host:port/directory\`: the host is written as for \`ssh\`, so an alias of \`~/.ssh/config\` will do. \`/~/\` is the remote home. A password is refused.
- \`file:/directory\`, \`file:~/directory\`: this machine, or a mounted file system.
- In an address \`%\` and two hexadecimal digits stand for a byte; \`%\`, \`?\` and \`#\` themselves are \`%25\`, \`%3F\` and \`%23\`. Other text stands for its UTF-8.
- Regular expressions are JavaScript's, looked for anywhere in the relative path. Put them in single quotes: in double quotes YAML takes the backslashes.
- Anchors, aliases and merge keys (\`<<\`) work. Keys at the top that begin with \`x-\` are not read: a place for anchors that flows share.

`;

/** `docs/reference/configuration.md`. */
export function configurationReference(): string {
  const root = configurationJsonSchema();
  const flow = root.properties?.["flows"]?.additionalProperties;
  const tables = [table("Top of the file", rows(root, ""))];
  if (typeof flow === "object") {
    for (const [name, schema] of Object.entries(flow.properties ?? {})) {
      const below = rows(schema, "");
      const own = row(name, schema, flow.required?.includes(name) ?? false);
      tables.push(
        table(
          `flows.NAME.${name}`,
          schema.type === "object"
            ? below
            : [own, ...below.map((line) => line.replace("| `", `| \`${name}${isList(schema) ? "[]" : ""}.`))],
          schema.type === "object" ? schema.description : undefined,
        ),
      );
    }
  }
  return `${opening}${tables.join("\n")}`;
}

function table(heading: string, lines: string[], about?: string): string {
  return `## ${heading}\n\n${about === undefined ? "" : `${about}\n\n`}| key | type | default | meaning |\n|---|---|---|---|\n${lines.join("\n")}\n`;
}

/** One line for each key below, the maps among them opened. */
function rows(schema: JsonSchema, prefix: string): string[] {
  const map = mapOf(schema);
  return Object.entries(map?.properties ?? {}).flatMap(([key, child]) => [
    row(`${prefix}${key}`, child, map?.required?.includes(key) ?? false),
    ...rows(child, `${prefix}${key}${isList(child) ? "[]" : ""}.`),
  ]);
}

/** Also that of a list of maps. */
function mapOf(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties !== undefined) return schema;
  return schema.items === undefined ? schema.anyOf?.map(mapOf).find((map) => map !== undefined) : mapOf(schema.items);
}

function isList(schema: JsonSchema): boolean {
  return schema.properties === undefined && (schema.items !== undefined || schema.anyOf?.some(isList) === true);
}

function row(key: string, schema: JsonSchema, required: boolean): string {
  const preset = schema.default === undefined ? (required ? "(needed)" : "") : `\`${defaultText(schema.default)}\``;
  return `| \`${key}\` | ${typeText(schema)} | ${preset} | ${(schema.description ?? "").replaceAll("|", String.raw`\|`)} |`;
}

function defaultText(value: unknown): string {
  if (value === "") return "''";
  return Array.isArray(value) ? `[${value.join(", ")}]` : typeof value === "object" ? "{}" : text(value);
}

function typeText(schema: JsonSchema): string {
  if (schema.title !== undefined && schema.anyOf === undefined) return schema.title;
  if (schema.enum !== undefined) return schema.enum.join(", ");
  if (schema.const !== undefined) return text(schema.const);
  if (schema.anyOf !== undefined)
    return schema.anyOf
      .filter((option) => option.pattern !== "\\$\\{")
      .map(typeText)
      .join(", or ");
  if (schema.type === "integer") return `${schema.minimum} to ${schema.maximum}`;
  if (schema.properties !== undefined || schema.type === "object")
    return schema.properties === undefined ? "map" : `{${Object.keys(schema.properties).join(", ")}}`;
  return String(schema.type);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
