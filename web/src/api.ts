/** What the server said no with. `status` 0: there was no answer at all. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const ASK_TIMEOUT_MS = 30_000;

export function ask<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  const search = new URLSearchParams(query).toString();
  return answered<T>(fetch(`/api/${path}${search === "" ? "" : `?${search}`}`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) }));
}

export function tell<T>(path: string, body: object): Promise<T> {
  return answered<T>(
    fetch(`/api/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    }),
  );
}

async function answered<T>(asked: Promise<Response>): Promise<T> {
  const response = await asked.catch(() => {
    throw new Refused(0, "the daemon does not answer");
  });
  const body = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
  if (!response.ok || body === null)
    throw new Refused(response.status, body?.error?.message ?? `the answer was not understood (${response.status})`);
  return body as T;
}
