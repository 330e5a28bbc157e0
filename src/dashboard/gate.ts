import { createServer, type Server, type Socket } from "node:net";
import type { PageSettings } from "../config/daemon-settings.ts";
import { assert } from "../kernel/errors.ts";
import { closeFd, duplicateFd } from "../kernel/native.ts";
import { listenTcp, listenUnix } from "./listening.ts";

/** Descriptors that the thread takes over, and closes: the listening socket, and who has come already. */
export type HandedOver = { listener: number; visitors: number[] };

/**
 * Listens, and nothing more, until somebody comes: a thread that nobody asks would cost each daemon tens of megabytes.
 * From then on the thread itself takes connections, on the very same socket.
 */
export type Gate = {
  /** As a browser takes it, or `unix:PATH`. */
  address: string;
  /** Rejects never: resolves when somebody came. */
  visited: Promise<void>;
  /** Again and again, once for each thread. */
  handOver: () => HandedOver;
  close: () => void;
};

/** Rejects where there is no port, or no place for the socket. */
export async function openGate(page: Exclude<PageSettings, { kind: "off" }>): Promise<Gate> {
  const visitors: Socket[] = [];
  const visited = Promise.withResolvers<void>();
  // What a visitor sends is not read here: it is still there for the thread.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    visitors.push(socket);
    visited.resolve();
  });
  const listening = page.kind === "unix" ? await listenUnix(server, page.path) : await listenTcp(server, page.host, page.port);
  const kept = duplicateFd(descriptorOf(server));
  return {
    address: listening.address,
    visited: visited.promise,
    handOver() {
      server.close();
      const came = visitors.splice(0).map((socket) => {
        const duplicate = duplicateFd(descriptorOf(socket));
        socket.destroy();
        return duplicate;
      });
      return { listener: duplicateFd(kept), visitors: came };
    },
    close() {
      server.close();
      for (const socket of visitors) socket.destroy();
      closeFd(kept);
      listening.close();
    },
  };
}

function descriptorOf(of: Server | Socket): number {
  const { _handle: handle } = of as unknown as { _handle: { fd?: number } | null };
  assert(handle?.fd !== undefined && handle.fd >= 0, "an open socket has a descriptor");
  return handle.fd;
}
