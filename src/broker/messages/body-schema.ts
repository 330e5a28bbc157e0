import { z } from "zod";
import { keptTime } from "../../flow/version.ts";
import { identitySchema } from "./identity.ts";
import { PATH_BYTES_MAX } from "./untrusted-path.ts";
import { parseWireTime } from "./wire-time.ts";

const path = z.string().max(PATH_BYTES_MAX);

const time = z
  .string()
  .max(48)
  .transform((text, context) => {
    const ns = parseWireTime(text);
    if (ns !== null) return keptTime(ns);
    context.addIssue({ code: "custom", message: "is not a time like 20261122T010319.25" });
    return z.NEVER;
  });

/** The C programs write `"6"`. */
const size = z.union([
  z.int().min(0),
  z
    .string()
    .regex(/^\d{1,15}$/, "is not a size")
    .transform(Number),
]);

const mode = z
  .string()
  .regex(/^[0-7]{1,6}$/, "is not an octal mode")
  .transform((octal) => Number.parseInt(octal, 8) & 0o7777);

const fileOp = z.strictObject({
  link: path.optional(),
  hlink: path.optional(),
  remove: z.string().max(PATH_BYTES_MAX).optional(),
  directory: z.string().max(PATH_BYTES_MAX).optional(),
  rename: path.optional(),
});

/** The fields of a v03 body that we act upon. Others are passed on unread, so they may hold anything. */
export const bodySchema = z.looseObject({
  pubTime: time,
  baseUrl: z.string().max(2048),
  relPath: path,
  source: z.string().max(1024).optional(),
  mode: mode.optional(),
  size: size.optional(),
  mtime: time.optional(),
  identity: identitySchema.optional(),
  /** An older name of `identity`. */
  integrity: identitySchema.optional(),
  contentType: z.string().max(256).optional(),
  fileOp: fileOp.optional(),
  newname: z
    .string()
    .max(PATH_BYTES_MAX + 1)
    .optional(),
  rename: path.optional(),
  content: z.looseObject({ encoding: z.enum(["utf-8", "base64"]), value: z.string() }).optional(),
  blocks: z.looseObject({ method: z.string().max(64), size: size.optional() }).optional(),
  hotdir_digest: z.string().max(256).optional(),
});

export type Body = z.infer<typeof bodySchema>;
