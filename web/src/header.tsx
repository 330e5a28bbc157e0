import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { formatAge, formatBytes } from "../../src/kernel/readable.ts";
import type { Session, Status } from "./facts.ts";
import type { Connection } from "./live.ts";
import type { FileName } from "./overview.tsx";
import { Search } from "./search.tsx";
import { nextTheme, type Theme, themeNow } from "./theme.ts";

type HeaderProps = {
  status: Status | null;
  connection: Connection;
  session: Session;
  search: RefObject<HTMLInputElement | null>;
  open: (file: FileName) => void;
  help: () => void;
  leave: () => void;
};

export function Header({ status, connection, session, search, open, help, leave }: HeaderProps) {
  const [theme, setTheme] = useState<Theme>(themeNow());
  return (
    <header>
      <div class="bar">
        <Wordmark />
        <p class="daemon">
          <span class={`lamp ${connection.kind}`} aria-hidden="true" />
          {daemonText(status, connection)}
        </p>
        <Search field={search} open={open} />
        <nav aria-label="Page">
          {session.role === "viewer" && <span class="role">may look</span>}
          <button
            id="theme"
            type="button"
            class="quiet"
            onClick={() => setTheme(nextTheme())}
            aria-label={`Theme: ${theme}. Change it`}
            title="Theme (t)"
          >
            <ThemeIcon theme={theme} />
          </button>
          <button type="button" class="quiet" onClick={help} aria-label="Keyboard shortcuts" title="Keyboard (?)">
            ?
          </button>
          {session.by === "session" && (
            <button type="button" class="quiet" onClick={leave}>
              Sign out
            </button>
          )}
        </nav>
      </div>
    </header>
  );
}

export function Wordmark() {
  return (
    <p class="wordmark">
      <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
        <rect width="32" height="32" rx="9" class="mark" />
        <path d="M6 16h15M16 9l7 7-7 7" class="arrow" />
        <circle cx="27" cy="16" r="1.8" class="point" />
      </svg>
      hotdir
    </p>
  );
}

function daemonText(status: Status | null, connection: Connection): string {
  if (connection.kind === "gone") return "gone";
  if (status === null || connection.kind === "connecting") return "connecting";
  const { since, pid, resident_bytes: resident } = status.daemon;
  if (since === null) return "not running";
  const upMs = Date.parse(status.at) - Date.parse(since);
  return `up ${formatAge(upMs)} · process ${pid} · ${formatBytes(resident ?? 0)}`;
}

function ThemeIcon({ theme }: { theme: Theme }) {
  const paths: Record<Theme, string> = {
    system: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
    light:
      "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12 1v2M12 21v2M1 12h2M21 12h2M4.2 4.2l1.4 1.4M18.4 18.4l1.4 1.4M4.2 19.8l1.4-1.4M18.4 5.6l1.4-1.4",
    dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  };
  return (
    <svg class={`icon ${theme}`} viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
      <path d={paths[theme]} />
    </svg>
  );
}
