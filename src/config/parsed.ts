/** What reading a piece of text gave. `message` says what is wrong; `suggestion` is what to write instead. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; message: string; suggestion?: string };

export function good<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function bad(message: string, suggestion?: string): { ok: false; message: string; suggestion?: string } {
  return suggestion === undefined ? { ok: false, message } : { ok: false, message, suggestion };
}

/** A piece of the file in a message: long or strange text must not fill the terminal. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
