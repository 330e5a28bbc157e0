import { Refusal } from "./refusal.ts";

const CLIENTS_MAX = 32;
/** Messages that wait for a reader that is slow; then it misses some. */
const WAITING_MAX = 4;
/** So long without taking anything, and it is gone, or asleep; it comes back by itself. */
const STUCK_MS = 30_000;

type Client = { send: (text: string) => void; close: () => void; room: () => boolean; tookAtMs: number };

/** Everybody who watches: the same message to all, written once. Each holds a few messages at most. */
export class EventHub {
  readonly #clients = new Set<Client>();
  readonly #encoder = new TextEncoder();

  get watched(): boolean {
    return this.#clients.size > 0;
  }

  /** Server-sent events, beginning with `first`. Throws a `too-many` refusal. */
  open(first: string | null, signal: AbortSignal): Response {
    if (this.#clients.size >= CLIENTS_MAX) throw new Refusal("too-many", `${CLIENTS_MAX} at most`);
    let client: Client;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          client = {
            send: (text) => controller.enqueue(this.#encoder.encode(text)),
            close: () => controller.close(),
            room: () => (controller.desiredSize ?? 0) > 0,
            tookAtMs: performance.now(),
          };
          this.#clients.add(client);
          client.send(`retry: 1000\n\n${first ?? ""}`);
        },
        cancel: () => void this.#clients.delete(client),
      },
      new CountQueuingStrategy({ highWaterMark: WAITING_MAX }),
    );
    signal.addEventListener("abort", () => this.#clients.delete(client), { once: true });
    return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no" } });
  }

  tell(message: string): void {
    const nowMs = performance.now();
    for (const client of this.#clients) {
      if (client.room()) {
        client.send(message);
        client.tookAtMs = nowMs;
      } else if (nowMs - client.tookAtMs > STUCK_MS) {
        this.#clients.delete(client);
        client.close();
      }
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
    this.#clients.clear();
  }
}

export function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
