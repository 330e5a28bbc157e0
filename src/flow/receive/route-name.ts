import { type Bytes, bytesOfText } from "../../kernel/path.ts";

export type FileName = { ok: true; name: Bytes } | { ok: false; reason: string };

const rules = /^(?:None|WHATFN|HEADFN|NONE|NONESENDER|SENDER|TIME|SATNET=.*|DESTFN=.+|)$/;

/** What is wrong with a rule for names; null: nothing. Rules stand behind one another, apart by colons. */
export function nameFault(rule: string): string | null {
  const wrong = rule.split(":").find((one) => !rules.test(one));
  return wrong === undefined ? null : `${wrong} is none of WHATFN, HEADFN, NONE, NONESENDER, SENDER, TIME, SATNET=, DESTFN=`;
}

/**
 * Sarracenia's `filename`, for names whose parts are joined by colons: `WHATFN` is the first part, `HEADFN` the first two words of that,
 * `SENDER` what follows SENDER=, `NONE` the name without what was added on the way, `DESTFN=x` is x, `TIME` adds when it was published.
 */
export function fileName(rule: string, name: Bytes, pubTimeNs: bigint): FileName {
  const parts = name.split(":");
  const first = parts[0]!;
  const sender = name.indexOf("SENDER=");
  let made: string = name;
  let behind = "";
  let time = "";
  for (const one of rule.split(":")) {
    if (one === "WHATFN") made = first;
    else if (one === "HEADFN") made = first.split("_").slice(0, 2).join("_");
    else if (one === "SENDER" && sender >= 0) made = name.slice(sender + "SENDER=".length).split(":")[0]!;
    else if (one === "NONE") made = sender >= 0 ? withoutColon(name.slice(0, sender)) : withoutColon(leadingParts(parts, name));
    else if (one === "NONESENDER") made = withoutColon(sender >= 0 ? throughSender(name, sender) : leadingParts(parts, name));
    else if (one.startsWith("SATNET=")) behind += `:${bytesOfText(one)}`;
    else if (one.startsWith("DESTFN=")) made = bytesOfText(one.slice("DESTFN=".length));
    else if (one === "TIME") time = `:${timeOf(parts, pubTimeNs)}`;
  }
  const whole = `${made}${behind}${time}` as Bytes;
  // A name is one name, whatever a message makes of it.
  return made === "" || whole.includes("/") || whole === "." || whole === ".."
    ? { ok: false, reason: `its route's name ${rule} makes no file name of it` }
    : { ok: true, name: whole };
}

/** The five or six parts that a bulletin's name has by itself. */
function leadingParts(parts: readonly string[], name: string): string {
  if (parts.length < 6) return name;
  return parts.slice(0, parts[4]!.length === 1 ? 6 : 5).join(":");
}

function throughSender(name: string, sender: number): string {
  const end = name.indexOf(":", sender);
  return end < 0 ? name : name.slice(0, end);
}

function withoutColon(name: string): string {
  return name.endsWith(":") ? name.slice(0, -1) : name;
}

/** A time that the name has already is kept. */
function timeOf(parts: readonly string[], pubTimeNs: bigint): string {
  const last = parts.at(-1)!;
  if (/^2\d{13}$/.test(last)) return last;
  return new Date(Number(pubTimeNs / 1_000_000n)).toISOString().replaceAll(/\D/g, "").slice(0, 14);
}
