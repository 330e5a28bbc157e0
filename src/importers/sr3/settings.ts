import type { At } from "../remark.ts";
import type { Component } from "./configuration-file.ts";
import { options } from "./options.ts";
import { type Placement, parseValue, type Strip, type Value } from "./values.ts";

/** One line that was read, with its value. `at` is null for a component's own default. */
export type Setting = { option: string; value: Value; at: At | null };

/**
 * What components set for themselves after default.conf was read, so that the same option there does nothing.
 * `winnow` and `shovel` have such defaults too, which sr3 never applies.
 */
const posting = [
  ["nodupe_ttl", "0"],
  ["inflight", "none"],
  ["post_baseDir", "None"],
  ["blockSize", "1"],
  ["permCopy", "on"],
  ["timeCopy", "on"],
] as const;
export const componentDefaults: Partial<Record<Component, ReadonlyArray<readonly [option: string, value: string]>>> = {
  watch: [["sleep", "5"], ...posting],
  post: [["sleep", "-1"], ...posting],
  sender: [["download", "on"]],
  sarra: [["download", "on"]],
  subscribe: [
    ["download", "on"],
    ["mirror", "off"],
  ],
};

/** The settings of one configuration as they are in effect: the last of each counts. Lists and sets have been added up. */
export class Effective {
  readonly #last = new Map<string, Setting>();
  readonly all: Setting[] = [];

  set(setting: Setting): void {
    this.all.push(setting);
    this.#last.set(setting.option, setting);
  }

  /** null: nobody wrote it. */
  at(option: string): At | null {
    return this.#last.get(option)?.at ?? null;
  }

  value(option: string): Value {
    return this.#last.get(option)?.value ?? presetOf(option);
  }

  /** Whether a file says so, rather than a default. */
  isWritten(option: string): boolean {
    return this.at(option) !== null;
  }

  flag(option: string): boolean {
    const value = this.value(option);
    return value.type === "flag" && value.on;
  }

  number(option: string): number {
    const value = this.value(option);
    return value.type === "number" ? value.number : 0;
  }

  text(option: string): string | null {
    const value = this.value(option);
    return value.type === "text" ? value.text : null;
  }

  members(option: string): readonly string[] {
    const value = this.value(option);
    return value.type === "set" ? value.members : value.type === "list" ? value.items : [];
  }

  /** Every line of an option, in order. */
  each(option: string): Setting[] {
    return this.all.filter((setting) => setting.option === option);
  }

  /** As an accept line here would capture it. */
  placement(): Placement {
    const strip = this.value("strip");
    return {
      directory: this.text("directory"),
      mirror: this.flag("mirror"),
      strip: strip.type === "strip" ? strip.strip : noStrip,
      flatten: this.text("flatten") ?? "/",
      filename: this.text("filename"),
    };
  }
}

const noStrip: Strip = { kind: "count", count: 0 };

function presetOf(name: string): Value {
  const option = options.get(name);
  const words = option?.preset === "" || option === undefined ? [] : option.preset.split(" ");
  const parsed = option === undefined || words.length === 0 ? null : parseValue(option, words, null);
  return parsed?.ok === true ? parsed.value : { type: "text", text: null };
}
