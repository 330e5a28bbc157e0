import { useEffect, useRef, useState } from "preact/hooks";
import { tell } from "./api.ts";
import { Banner } from "./banner.tsx";
import { Dead } from "./dead.tsx";
import type { PathFields, Session } from "./facts.ts";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { useKeys } from "./keys.ts";
import { useLive } from "./live.ts";
import { Queue } from "./queue.tsx";
import { Sending } from "./sending.tsx";
import { StoryDialog } from "./story.tsx";
import { Tally } from "./tally.tsx";
import { ThroughputPanel } from "./throughput.tsx";
import { Way } from "./way.tsx";

export type FileName = PathFields & { flow: string };

/** Everything, of all flows; the panels below are of the flow that is chosen. */
export function Overview({ session, signedOut }: { session: Session; signedOut: () => void }) {
  const { status, connection } = useLive(signedOut);
  const [chosen, setChosen] = useState<string | null>(null);
  const [file, setFile] = useState<FileName | null>(null);
  const [help, setHelp] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const names = status?.flows.map((flow) => flow.name) ?? [];
  const flow = status?.flows.find(({ name }) => name === chosen) ?? status?.flows[0] ?? null;

  useKeys({
    search: () => search.current?.focus(),
    help: () => setHelp(true),
    choose: (number) => setChosen(names[number - 1] ?? chosen),
  });
  useEffect(() => {
    if (status !== null)
      document.title = titleOf(
        status.flows.reduce((sum, { counts }) => sum + counts.dead, 0),
        connection.kind === "gone",
      );
  }, [status, connection.kind]);
  const leave = (): void => void tell("logout", {}).then(signedOut, signedOut);

  return (
    <>
      <a class="skip" href="#flows">
        Skip to the flows
      </a>
      <Header
        status={status}
        connection={connection}
        session={session}
        search={search}
        open={setFile}
        help={() => setHelp(true)}
        leave={leave}
      />
      <Banner connection={connection} status={status} />
      {status === null ? (
        <main class="asking">
          <p role="status">Asking the daemon …</p>
        </main>
      ) : (
        <main class={connection.kind === "gone" ? "stale" : ""}>
          <section id="flows" aria-label="Flows" tabIndex={-1}>
            {status.flows.map((each, at) => (
              <Way
                key={each.name}
                flow={each}
                number={at + 1}
                chosen={names.length > 1 ? each.name === flow?.name : null}
                choose={() => setChosen(each.name)}
                mayAct={session.role === "operator"}
              />
            ))}
          </section>
          {flow !== null && (
            <div class="panels" aria-label={`Flow ${flow.name}`} role="region">
              <ThroughputPanel flow={flow} at={status.at} several={names.length > 1} />
              <Sending flow={flow} open={setFile} />
              <Queue flow={flow} open={setFile} />
              <Dead
                dead={status.flows.reduce((sum, { counts }) => sum + counts.dead, 0)}
                mayAct={session.role === "operator"}
                withDead={status.flows.filter(({ counts }) => counts.dead > 0).map(({ name }) => name)}
                chosen={flow.name}
                several={names.length > 1}
                open={setFile}
              />
              <Tally flow={names.length > 1 ? flow.name : null} />
            </div>
          )}
        </main>
      )}
      <footer>
        <p>
          The same on a terminal: <code>hotdir status --watch</code>, <code>hotdir explain FILE</code>, <code>hotdir dead</code>.
        </p>
      </footer>
      {file !== null && <StoryDialog file={file} close={() => setFile(null)} />}
      {help && <Help close={() => setHelp(false)} />}
    </>
  );
}

function titleOf(dead: number, gone: boolean): string {
  if (gone) return "hotdir – gone";
  return dead === 0 ? "hotdir" : `(${dead}) hotdir`;
}
