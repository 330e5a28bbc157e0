import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { generate, parser } from "mqtt-packet";
import { expect, test } from "vitest";
import { openWire } from "../../../test/support/mqtt-wire.ts";
import { makeTemporary } from "../../../test/support/temporary.ts";
import type { AbsPath } from "../../kernel/path.ts";
import { protocol } from "./packets.ts";

test("a broker that wants no heartbeat is no broker that is silent", async () => {
  await using place = await makeTemporary();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const packets = parser(protocol);
    packets.on("packet", ({ cmd }) => {
      const properties = { serverKeepAlive: 0 };
      if (cmd === "connect") socket.write(generate({ cmd: "connack", reasonCode: 0, sessionPresent: false, properties }, protocol));
    });
    socket.on("data", (bytes) => void packets.parse(bytes));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const credentialsFile = `${place.path}/credentials` as AbsPath;
  writeFileSync(credentialsFile, `mqtt://ada:secret@127.0.0.1:${port}\n`, { mode: 0o600 });
  const wire = await openWire({ url: `mqtt://ada@127.0.0.1:${port}/`, credentialsFile, caFile: null });
  await sleep(50);
  expect([wire.ended.aborted, wire.trouble.detail]).toEqual([false, "the connection ended"]);
  wire.finish({ trouble: "lost", detail: "the test ends" });
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
