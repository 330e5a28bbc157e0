import * as z from "zod";
import { configurationSchema, EXTENSION_PREFIX } from "./schema.ts";

/** The part of JSON Schema (draft 7, which editors know best) that the configuration needs. */
export type JsonSchema = {
  title?: string;
  description?: string;
  type?: string | string[];
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, JsonSchema>;
  patternProperties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  [keyword: string]: unknown;
};

/** The schema that editors use, made of the one that the loader uses. */
export function configurationJsonSchema(): JsonSchema {
  const made = z.toJSONSchema(configurationSchema, { io: "input", target: "draft-7", unrepresentable: "any" }) as JsonSchema;
  const schema = allowVariables(made);
  return {
    ...schema,
    title: "hotdir configuration",
    patternProperties: { [`^${EXTENSION_PREFIX}`]: { description: "Not read: a place for anchors that flows share." } },
  };
}

/** Any text may have a variable in it, and numbers and words may come from one. */
function allowVariables(schema: JsonSchema): JsonSchema {
  const { propertyNames, ...rest } = schema;
  const walked = mapSchemas(rest, allowVariables);
  const inner = propertyNames === undefined ? walked : { ...walked, propertyNames };
  if (inner.type === "string" && inner.pattern !== undefined) {
    // A bare number is taken where its text would be: a size in bytes, an argument.
    const type = new RegExp(inner.pattern).test("1") ? ["string", "number"] : "string";
    return { ...inner, type, pattern: `${inner.pattern}|\\$\\{` };
  }
  const word = inner.enum !== undefined || inner.const !== undefined;
  if (!word && inner.type !== "integer" && inner.type !== "boolean") return inner;
  const { description, default: preset, title, ...value } = inner;
  return { ...defined({ description, default: preset, title }), anyOf: [value, { type: "string", pattern: "\\$\\{" }] };
}

function mapSchemas(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const { properties, additionalProperties, items, anyOf } = schema;
  return {
    ...schema,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, change(value)])) }),
    ...(typeof additionalProperties === "object" && { additionalProperties: change(additionalProperties) }),
    ...(items && { items: change(items) }),
    ...(anyOf && { anyOf: anyOf.map(change) }),
  };
}

function defined(schema: { [Key in keyof JsonSchema]: JsonSchema[Key] | undefined }): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}
