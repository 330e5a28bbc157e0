import type { Command } from "./command.ts";

/**
 * In the order in which a newcomer meets them. Each is loaded only when it is called: what a supervisor, or a `status`
 * every second, would otherwise carry along costs more time and memory than all that they do.
 */
const commands: Record<string, () => Promise<Command>> = {
  quickstart: async () => (await import("./quickstart.ts")).quickstart,
  init: async () => (await import("./init.ts")).init,
  import: async () => (await import("./import.ts")).importCommand,
  endmgr: async () => (await import("./endmgr.ts")).endmgr,
  check: async () => (await import("./check.ts")).check,
  run: async () => (await import("./run.ts")).run,
  post: async () => (await import("./post.ts")).post,
  status: async () => (await import("./status.ts")).status,
  explain: async () => (await import("./explain.ts")).explain,
  log: async () => (await import("./log.ts")).log,
  receipts: async () => (await import("./receipts.ts")).receipts,
  dead: async () => (await import("./dead.ts")).dead,
  retry: async () => (await import("./retry.ts")).retry,
  pause: async () => (await import("./pause.ts")).pause,
  resume: async () => (await import("./resume.ts")).resume,
  start: async () => (await import("./start.ts")).start,
  stop: async () => (await import("./stop.ts")).stop,
  restart: async () => (await import("./restart.ts")).restart,
  sanity: async () => (await import("./sanity.ts")).sanity,
  service: async () => (await import("./service.ts")).service,
  declare: async () => (await import("./declare.ts")).declare,
  cleanup: async () => (await import("./cleanup.ts")).cleanup,
  sr3: async () => (await import("./sr3.ts")).sr3,
  sr3_post: async () => (await import("./sr3-post.ts")).sr3Post,
  sr3_watch: async () => (await import("./sr3-watch.ts")).sr3Watch,
  hdfmgr: async () => (await import("./hdfmgr.ts")).hdfmgr,
  suprsync: async () => (await import("./suprsync.ts")).suprsync,
  supervise: async () => (await import("./supervise.ts")).supervise,
};

/** null: there is none of this name. */
export async function loadCommand(name: string): Promise<Command | null> {
  return Object.hasOwn(commands, name) ? ((await commands[name]?.()) ?? null) : null;
}

export function loadCommands(): Promise<Command[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}
