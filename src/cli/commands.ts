import type { Command } from "./command.ts";
import { check } from "./check.ts";
import { dead } from "./dead.ts";
import { explain } from "./explain.ts";
import { init } from "./init.ts";
import { log } from "./log.ts";
import { pause } from "./pause.ts";
import { post } from "./post.ts";
import { quickstart } from "./quickstart.ts";
import { receipts } from "./receipts.ts";
import { restart } from "./restart.ts";
import { resume } from "./resume.ts";
import { retry } from "./retry.ts";
import { run } from "./run.ts";
import { sanity } from "./sanity.ts";
import { service } from "./service.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { stop } from "./stop.ts";
import { supervise } from "./supervise.ts";

/** In the order in which a newcomer meets them. */
export const commands: Command[] = [
  quickstart,
  init,
  check,
  run,
  post,
  status,
  explain,
  log,
  receipts,
  dead,
  retry,
  pause,
  resume,
  start,
  stop,
  restart,
  sanity,
  service,
  supervise,
];
