/** Every way in which the page says no. Nothing is changed by a request that is refused. */
export const refusals = {
  "bad-request": { status: 400, says: "the request was not understood" },
  "not-signed-in": { status: 401, says: "a token is needed" },
  "not-allowed": { status: 403, says: "this token may look, and change nothing" },
  "other-origin": { status: 403, says: "another site asks in this browser's name" },
  "not-found": { status: 404, says: "there is nothing here" },
  "wrong-method": { status: 405, says: "this address is asked in another way" },
  "too-large": { status: 413, says: "the body is too large" },
  "not-json": { status: 415, says: "the body must be JSON (Content-Type: application/json)" },
  "other-host": { status: 421, says: "this page is not served under that name" },
  "refused-by-daemon": { status: 409, says: "the daemon refuses" },
  internal: { status: 500, says: "hotdir itself made a mistake; its log says more" },
  "too-many": { status: 503, says: "too many are watching" },
  "no-answer": { status: 504, says: "the daemon did not answer in time; whether it did what was asked is not known" },
} as const satisfies Record<string, { status: number; says: string }>;

export type RefusalCode = keyof typeof refusals;

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail?: string) {
    super(`${refusals[code].says}${detail === undefined ? "" : `: ${detail}`}`);
    this.code = code;
  }

  response(): Response {
    return Response.json({ error: { code: this.code, message: this.message } }, { status: refusals[this.code].status });
  }
}
