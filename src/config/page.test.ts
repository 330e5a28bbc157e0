import { expect, it } from "vitest";
import { parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };
const flows = "flows: {a: {source: {directory: /d}, destination: {url: 'file:/o'}}}";

function read(page: string): unknown {
  const loaded = parseConfiguration(`${flows}\n${page}`, "/etc/x.yaml", options);
  return loaded.ok
    ? loaded.configuration.daemon.page
    : loaded.faults.map(({ line, where, message, suggestion }) => ({ line, where, message, suggestion }));
}

it("is served on loopback where nothing is written, and not at all where it is off", () => {
  expect(read("")).toEqual({ kind: "tcp", host: "127.0.0.1", port: 8642, hosts: [] });
  expect(read("page: off")).toEqual({ kind: "off" });
  expect(read("page: {listen: '[::1]:80', hosts: [hot.example]}")).toEqual({ kind: "tcp", host: "::1", port: 80, hosts: ["hot.example"] });
});

it("takes a UNIX socket, from the home or the configuration's directory", () => {
  expect(read("page: {listen: 'unix:~/p.sock'}")).toEqual({ kind: "unix", path: "/home/u/p.sock", hosts: [] });
  expect(read("page: {listen: unix:p.sock}")).toEqual({ kind: "unix", path: "/etc/p.sock", hosts: [] });
});

it("refuses an address that others can reach, unless that is said to be meant", () => {
  expect(read("page: {listen: 0.0.0.0:8642}")).toMatchObject([
    { line: 2, where: "page.listen", message: expect.stringContaining("public: true"), suggestion: "127.0.0.1:8642" },
  ]);
  expect(read("page: {listen: 'hotdir.example:8642', public: false}")).toHaveLength(1);
  expect(read("page: {listen: 0.0.0.0:8642, public: true}")).toMatchObject({ kind: "tcp", host: "0.0.0.0" });
});

it.each(["8642", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "http://127.0.0.1:8642/", "unix:", "::1:80"])(
  "refuses %s as an address",
  (listen) => {
    expect(read(`page: {listen: '${listen}'}`)).toMatchObject([{ line: 2, where: "page.listen" }]);
  },
);

it("refuses hosts that a browser would not send", () => {
  for (const host of ["https://a.example", "a.example:80", "A.example", ""])
    expect(read(`page: {hosts: ['${host}']}`)).toMatchObject([{ line: 2 }]);
});
