import { describe, expect, it } from "vitest";
import type { Exit } from "./child.ts";
import { classifyExit } from "./exit-classification.ts";

const ssh255: Exit = { kind: "status", status: 255 };

/** Captured from OpenSSH 9.2; those marked `written` from its source, since loopback cannot bring them about. */
const endings: Array<{ of: string; exit?: Exit; said: string[]; connecting: string; connected?: string; detail?: RegExp }> = [
  {
    of: "a closed port",
    said: ["ssh: connect to host 127.0.0.1 port 1: Connection refused"],
    connecting: "unreachable",
    detail: /port 1: Connection refused/,
  },
  {
    of: "an unknown name",
    said: ["ssh: Could not resolve hostname no-such-host.invalid: Name or service not known"],
    connecting: "unreachable",
  },
  { of: "a silent host (written)", said: ["ssh: connect to host 10.255.255.1 port 22: Connection timed out"], connecting: "unreachable" },
  { of: "no route (written)", said: ["ssh: connect to host 10.0.0.1 port 22: No route to host"], connecting: "unreachable" },
  {
    of: "a silent sshd (written)",
    said: ["Connection timed out during banner exchange", "Connection to 10.0.0.1 port 22 timed out"],
    connecting: "unreachable",
  },
  {
    of: "a refused key",
    said: ["no such identity: /nope: No such file or directory", "root@127.0.0.1: Permission denied (publickey)."],
    connecting: "login-refused",
    detail: /Permission denied \(publickey\)/,
  },
  {
    of: "too many keys (written)",
    said: ["Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures", "Disconnected from 10.0.0.1 port 22"],
    connecting: "login-refused",
  },
  {
    of: "a changed host key",
    said: [
      "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@",
      "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @",
      "Offending ED25519 key in /tmp/known_hosts:1",
      "Host key for [127.0.0.1]:44365 has changed and you have requested strict checking.",
      "Host key verification failed.",
    ],
    connecting: "host-key-changed",
    detail: /has changed and you have requested/,
  },
  {
    of: "an unknown host key",
    said: ["No ED25519 host key is known for [127.0.0.1]:44365 and you have requested strict checking.", "Host key verification failed."],
    connecting: "host-key-changed",
    detail: /No ED25519 host key is known/,
  },
  {
    of: "MaxStartups",
    said: ["kex_exchange_identification: Connection closed by remote host", "Connection closed by 127.0.0.1 port 40123"],
    connecting: "too-many-connections",
  },
  {
    of: "MaxStartups with a reset",
    said: ["kex_exchange_identification: read: Connection reset by peer", "Connection reset by 127.0.0.1 port 40123"],
    connecting: "too-many-connections",
  },
  { of: "MaxSessions", said: ["channel 0: open failed: connect failed: open failed"], connecting: "too-many-connections" },
  {
    of: "MaxSessions of a shared connection (written)",
    said: ["mux_client_request_session: session request failed: Session open refused by peer"],
    connecting: "too-many-connections",
  },
  { of: "no subsystem", said: ["subsystem request failed on channel 0"], connecting: "no-sftp" },
  { of: "a missing server program", exit: { kind: "status", status: 127 }, said: [], connecting: "no-sftp", detail: /ssh exit 127/ },
  {
    of: "a missing configuration file",
    said: ["Can't open user config file /nope/config: No such file or directory"],
    connecting: "ssh-failed",
  },
  { of: "a bad option", said: ["command-line: line 0: Bad configuration option: nope"], connecting: "ssh-failed" },
  { of: "open permissions (written)", said: ["Bad owner or permissions on /home/u/.ssh/config"], connecting: "ssh-failed" },
  {
    of: "a server killed",
    said: ["Connection to 127.0.0.1 closed by remote host."],
    connecting: "unreachable",
    detail: /closed by remote host/,
  },
  { of: "a broken pipe", said: ["client_loop: send disconnect: Broken pipe"], connecting: "unreachable", detail: /Broken pipe/ },
  { of: "a dead peer (written)", said: ["Timeout, server 10.0.0.1 not responding."], connecting: "unreachable" },
  { of: "silence", said: [], connecting: "ssh-failed", detail: /^ssh exit 255$/ },
  { of: "a signal", exit: { kind: "signal", signal: "SIGKILL" }, said: [], connecting: "ssh-failed", detail: /ended by SIGKILL/ },
  {
    of: "a missing command",
    exit: { kind: "not-started", errno: "ENOENT" },
    said: [],
    connecting: "ssh-failed",
    connected: "ssh-failed",
    detail: /ENOENT/,
  },
];

describe("the ending of ssh", () => {
  it.each(endings)("tells $of", ({ exit = ssh255, said, connecting, connected = "connection-lost", detail = /./ }) => {
    const before = classifyExit(exit, said, "connecting");
    expect(before.code).toBe(connecting);
    expect(before.detail).toMatch(detail);
    expect(classifyExit(exit, said, "connected").code).toBe(connected);
  });

  it("does not take a banner for the cause", () => {
    const said = [
      "*** Connection refused to strangers ***".replace("Connection refused", "Unauthorised access"),
      "ssh: connect to host h port 22: Network is unreachable",
    ];
    expect(classifyExit(ssh255, said, "connecting")).toEqual({ code: "unreachable", detail: `ssh exit 255: ${said[1]}` });
  });

  it("keeps the detail short", () => {
    expect(classifyExit(ssh255, ["x".repeat(30_000)], "connecting").detail.length).toBeLessThanOrEqual(500);
  });
});
