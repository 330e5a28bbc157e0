import { expect, test } from "vitest";
import type { Bytes } from "../../kernel/path.ts";
import { type Directory, DirectoryTree } from "./directory-tree.ts";

const name = (text: string): Bytes => text as Bytes;

/** A tree with the root as watch 1; `add` places a directory whose inode is its watch. */
function makeTree(): { tree: DirectoryTree; add: (parent: Directory, text: string, wd: number) => Directory } {
  const tree = new DirectoryTree("8:1", 1);
  const add = (parent: Directory, text: string, wd: number): Directory => {
    const placed = tree.place({ parent, name: name(text), identity: `8:${wd}`, wd, scan: 1 });
    if (placed === null) throw new Error("refused");
    return placed.directory;
  };
  return { tree, add };
}

test("the path of a directory is that of all above it, also after one of them moved", () => {
  const { tree, add } = makeTree();
  const a = add(tree.root, "a", 2);
  const c = add(add(a, "b", 3), "c", 4);
  expect(tree.pathOf(c)).toBe("a/b/c");
  tree.move(a, tree.root, name("z"));
  expect(tree.pathOf(c)).toBe("z/b/c");
  expect(tree.at(tree.root, name("a"))).toBeUndefined();
});

test("what is placed again where it is known is not fresh", () => {
  const { tree } = makeTree();
  const found = { parent: tree.root, name: name("a"), identity: "8:2", wd: 2, scan: 1 };
  expect(tree.place(found)).toMatchObject({ fresh: true, displaced: false });
  expect(tree.place(found)).toMatchObject({ fresh: false, displaced: false });
});

test("a directory found elsewhere than it was known is known there, with all below it", () => {
  const { tree, add } = makeTree();
  const a = add(tree.root, "a", 2);
  const inner = add(a, "i", 3);
  expect(tree.place({ parent: tree.root, name: name("b"), identity: "8:2", wd: 2, scan: 1 })).toMatchObject({ directory: a, fresh: true });
  expect(tree.pathOf(inner)).toBe("b/i");
  expect(tree.watched).toBe(3);
});

test("one that is displaced is a stray: it has no path, keeps its former one, and can be claimed", () => {
  const { tree, add } = makeTree();
  const a = add(tree.root, "a", 2);
  const inner = add(a, "i", 3);
  expect(tree.place({ parent: tree.root, name: name("a"), identity: "8:9", wd: 9, scan: 1 })).toMatchObject({ displaced: true });
  expect(tree.pathOf(inner)).toBeNull();
  expect(tree.formerPathIn(inner, name("f"))).toBe("a/i/f");
  tree.place({ parent: tree.root, name: name("c"), identity: "8:2", wd: 2, scan: 1 });
  expect([tree.pathOf(inner), tree.strays]).toEqual(["c/i", 0]);
});

test("strays that nobody claims are dropped with all below them", () => {
  const { tree, add } = makeTree();
  const a = add(tree.root, "a", 2);
  add(a, "i", 3);
  tree.leave(a);
  expect(tree.formerPathIn(a, name("f"))).toBeNull();
  expect(new Set(tree.dropStrays())).toEqual(new Set([2, 3]));
  expect([tree.watched, tree.byWatch(3)]).toEqual([1, undefined]);
});

test("a directory is not placed or moved below itself", () => {
  const { tree, add } = makeTree();
  const a = add(tree.root, "a", 2);
  const b = add(a, "b", 3);
  expect(tree.place({ parent: b, name: name("x"), identity: "8:2", wd: 2, scan: 1 })).toBeNull();
  tree.move(a, b, name("x"));
  expect(tree.pathOf(b)).toBeNull();
  expect(tree.strays).toBe(1);
});

test("the root is never placed below itself", () => {
  const { tree } = makeTree();
  expect(tree.place({ parent: tree.root, name: name("x"), identity: "8:1", wd: 1, scan: 1 })).toBeNull();
  expect(tree.pathOf(tree.root)).toBe("");
});

test("a watch that the kernel dropped takes its directory out, and makes strays of what was below", () => {
  const { tree, add } = makeTree();
  const a = add(tree.root, "a", 2);
  const b = add(a, "b", 3);
  tree.forgetWatch(2);
  expect([tree.at(tree.root, name("a")), tree.strays, tree.byWatch(3)]).toEqual([undefined, 1, b]);
});

test("directories that a scan did not see are dropped", () => {
  const { tree, add } = makeTree();
  add(tree.root, "old", 2);
  tree.place({ parent: tree.root, name: name("new"), identity: "8:3", wd: 3, scan: 2 });
  expect(tree.dropUnseen(2)).toEqual([2]);
  expect(tree.watched).toBe(2);
});

test("a directory without a watch has a path, and is remembered by nobody", () => {
  const { tree, add } = makeTree();
  const placed = tree.place({ parent: add(tree.root, "a", 2), name: name("b"), identity: "8:5", wd: -1, scan: 1 });
  expect(placed === null ? null : tree.pathOf(placed.directory)).toBe("a/b");
  expect(tree.watched).toBe(2);
});
