import { useState } from "preact/hooks";
import { formatBytes, formatCount, formatMany, formatTime } from "../../src/kernel/readable.ts";
import { ask, tell } from "./api.ts";
import type { DeadLetter, DeadLetters } from "./facts.ts";
import { FileLink, visible } from "./file-link.tsx";
import { usePolled } from "./live.ts";
import type { FileName } from "./overview.tsx";

const EVERY_MS = 15_000;
const BUTTONS_MAX = 3;

/** `withDead`: the flows that have any. */
type DeadProps = { dead: number; mayAct: boolean; withDead: string[]; chosen: string; several: boolean; open: (file: FileName) => void };

/** What is not tried again until a person says so, with its reason; and the button that says so. */
export function Dead({ dead, mayAct, withDead, chosen, several, open }: DeadProps) {
  const [asks, setAsks] = useState(0);
  const [said, setSaid] = useState("");
  const letters = usePolled(() => ask<DeadLetters>("dead"), EVERY_MS, `${dead} ${asks}`);
  const shown = dead === 0 ? [] : (letters?.letters ?? []);
  const requeue = (body: object): void => {
    tell<{ revived: number }>("retry", body).then(
      ({ revived }) => setSaid(`Queued again: ${formatMany(revived, "dead letter")}.`),
      (error: unknown) => setSaid(error instanceof Error ? error.message : String(error)),
    );
    setAsks(asks + 1);
  };
  // Of many flows only the one that is chosen: fifty buttons are none.
  const offered = withDead.length <= BUTTONS_MAX ? withDead : withDead.filter((flow) => flow === chosen);
  return (
    <section class="panel wide" aria-labelledby="dead">
      <div class="panel-head">
        <h3 id="dead" tabIndex={-1}>
          Dead letters
        </h3>
        <span class="aside">{dead > shown.length && shown.length > 0 ? `the newest ${shown.length} of ${formatCount(dead)}` : ""}</span>
        {mayAct &&
          offered.map((flow) => (
            <button key={flow} type="button" class="small" onClick={() => requeue({ flow, all: true })}>
              Requeue all{withDead.length > 1 ? ` of ${flow}` : ""}
            </button>
          ))}
      </div>
      <p class="said" role="status">
        {said}
      </p>
      {dead === 0 && <p class="empty">None. What fails for good would be listed here with its reason.</p>}
      <ul class="list">
        {shown.map((letter) => (
          <li key={letter.transfer} class="letter">
            <Letter letter={letter} several={several} open={open} />
            {mayAct && (
              <button
                type="button"
                class="small"
                aria-label={`Requeue ${visible(letter.path)}`}
                onClick={() => requeue({ ids: [letter.transfer] })}
              >
                Requeue
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Letter({ letter, several, open }: { letter: DeadLetter; several: boolean; open: (file: FileName) => void }) {
  const size = letter.size === null ? letter.kind : formatBytes(letter.size);
  const tries = letter.attempts === 0 ? "never tried" : `after ${formatMany(letter.attempts, "attempt")}`;
  return (
    <div>
      <FileLink flow={letter.flow} file={letter} open={open} />
      <p class="why">{letter.reason}</p>
      <p class="aside">
        <code>{letter.code}</code> · {formatTime(Date.parse(letter.dead_at))}, {tries} · {size}
        {several && ` · ${letter.flow}`}
      </p>
    </div>
  );
}
