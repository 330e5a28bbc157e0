import { useEffect, useState } from "preact/hooks";
import { formatAge } from "../../src/kernel/readable.ts";
import type { Status } from "./facts.ts";
import { type Connection, daemonNow } from "./live.ts";

/** What must not be overlooked: that what is shown is old, and which flows need a person. Also read out, once for each change. */
export function Banner({ connection, status }: { connection: Connection; status: Status | null }) {
  const now = useNow(connection.kind === "gone");
  const halted = status?.flows.filter((flow) => flow.state === "halted") ?? [];
  return (
    <>
      <div role="alert">
        {connection.kind === "gone" && (
          <div class="banner gone">
            <strong>The daemon is gone.</strong> Nothing below is of now
            {status === null ? "" : `; it was so ${formatAge(now - Date.parse(status.at))} ago`}. This page tries again by itself.{" "}
            <code>hotdir start</code> starts the daemon.
          </div>
        )}
        {connection.kind === "silent" && (
          <div class="banner silent">
            <strong>The daemon has said nothing for {connection.forS} s.</strong> It is busy or stuck; what its ledger holds is shown on.
          </div>
        )}
        {halted.map((flow) => (
          <div class="banner gone" key={flow.name}>
            <strong>{flow.name} is halted and needs a person.</strong> {flow.reason}
          </div>
        ))}
      </div>
      <p class="unseen" role="status">
        {status === null ? "" : spoken(status)}
      </p>
    </>
  );
}

/** Changes seldom, so that nobody is read numbers each second. */
function spoken(status: Status): string {
  return status.flows
    .map(
      ({ name, state, counts: { dead } }) =>
        `Flow ${name} is ${state}${dead === 0 ? "" : `, ${dead} dead ${dead === 1 ? "letter" : "letters"}`}.`,
    )
    .join(" ");
}

function useNow(ticking: boolean): number {
  const [now, setNow] = useState(daemonNow());
  useEffect(() => {
    if (!ticking) return;
    setNow(daemonNow());
    const timer = setInterval(() => setNow(daemonNow()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
