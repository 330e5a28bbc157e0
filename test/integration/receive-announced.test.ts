import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publishSettings } from "../support/bus-settings.ts";
import { makeHosts, type SubscribedHosts, treeOf } from "../support/subscribed-hosts.ts";
import { waitUntil } from "../support/waiting.ts";

const announce = publishSettings({ exchange: "xs_arrived" });

function announcedIn({ broker }: SubscribedHosts): string[] {
  const arrived = broker.published.filter(({ exchange }) => exchange === "xs_arrived");
  return arrived.map(({ body }) => (JSON.parse(body.toString()) as { relPath: string }).relPath);
}

/** One host has delivered it, and nobody was told so far. */
async function deliveredUntold(hosts: SubscribedHosts): Promise<void> {
  const host = hosts.start("one");
  hosts.broker.away = true;
  writeFileSync(join(hosts.source, "a"), "content");
  hosts.tell(hosts.seen("a"));
  const delivered = "SELECT 1 FROM transfer t JOIN announcement a ON a.transfer = t.id WHERE t.state = 'delivered'";
  await waitUntil("it is delivered", () => host.db.get(delivered) !== undefined);
  // The source is looked at once more; nothing that could be waited for.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("what a host has delivered and not told of when it is gone for good, another one tells", async () => {
  await using hosts = await makeHosts({}, { announce });
  await deliveredUntold(hosts);
  expect(hosts.broker.open).toBe(1);
  await hosts.kill(hosts.hosts[0]!);
  hosts.broker.away = false;
  hosts.start("two");
  await hosts.untilQuiet();
  expect(announcedIn(hosts)).toEqual(["a"]);
  expect(treeOf(hosts.destination)).toEqual(["a: content"]);
});

test("a message is done once what came of it was told, also after its host came back, and when it is handed back", async () => {
  await using hosts = await makeHosts({}, { announce });
  await deliveredUntold(hosts);
  const [host] = hosts.hosts;
  // Given once more to the same host.
  hosts.broker.cut();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(hosts.broker.open).toBe(1);
  await hosts.stop(host!);
  expect(hosts.broker.open).toBe(1);
  hosts.broker.away = false;
  hosts.start("one");
  await hosts.untilQuiet();
  expect(announcedIn(hosts)).toEqual(["a"]);
});
