import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { pretty } from "../render/json.ts";
import type { Asking } from "./asking.ts";

type Feature = { status: "Installed" | "Absent" | "MISSING"; feature: string; by: string; description: string };

/** sr3's list, with what stands for each here. Only what depends on the machine is looked for. */
export async function features(asking: Asking): Promise<number> {
  const { places, context } = asking;
  const rows = featuresOf((program) => isOnPath(program, context.env));
  if (asking.words.options.has("json")) {
    context.stdout.write(pretty({ features: rows, state: places.state, configuration: places.root }));
    return 0;
  }
  asking.say(`${"Status:".padEnd(10)} ${"feature:".padEnd(12)} ${"by:".padEnd(20)} Description:`);
  for (const { status, feature, by, description } of rows)
    asking.say(`${status.padEnd(10)} ${feature.padEnd(12)} ${by.padEnd(20)} ${description}`);
  asking.say("");
  asking.say(` state dir: ${places.state}`);
  asking.say(` config dir: ${places.root}`);
  return 0;
}

export function featuresOf(has: (program: string) => boolean): Feature[] {
  const here = (feature: string, by: string, description: string): Feature => ({ status: "Installed", feature, by, description });
  const not = (feature: string, description: string): Feature => ({ status: "Absent", feature, by: "-", description });
  return [
    here("amqp", "amqplib", "can connect to rabbitmq brokers"),
    not("azurestorage", "cannot connect natively to Azure Storage accounts"),
    here("appdirs", "hotdir", "configuration and state are where the XDG directories say"),
    not("filetypes", "messages name a content type by what a file is (file, directory, link), not by what is in it"),
    not("ftppoll", "cannot poll FTP servers, nor send to them"),
    here("humanize", "hotdir", "sizes and times for people"),
    here("jsonlogs", "pino", "the log is JSON; 'sr3 log' makes it readable"),
    here("mqtt", "hotdir", "can connect to MQTT brokers (version 5)"),
    here("process", "/proc", "status tells memory and processor time"),
    here("reassembly", "hotdir", "large files go in parts by themselves, and are resumed"),
    not("redis", "needs no Redis: what was seen is in the ledger"),
    here("retry", "hotdir", "what failed waits in the ledger, and is tried again with growing pauses"),
    not("s3", "cannot connect natively to S3-compatible places"),
    has("ssh")
      ? here("sftp", "ssh", "can transfer files over SFTP, with all that ~/.ssh/config says")
      : {
          status: "MISSING",
          feature: "sftp",
          by: "ssh",
          description: "there is no ssh on the PATH (Debian: apt-get install openssh-client)",
        },
    here("vip", "hotdir", "can be active and passive with an address that moves"),
    here("watch", "inotify", "watches directories, and scans what cannot be watched"),
    not("xattr", "needs no extended attributes, and leaves those of your files alone"),
  ];
}

function isOnPath(program: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return (env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
