/** What other flows that share the source say of a file. */
export type OtherFlow = { name: string; wants: boolean; hasReceipt: boolean };

/**
 * P4: a source file goes only on a receipt for the very version that is there now, and only when no
 * other flow still has to deliver it. Why not, or null. Pure.
 */
export function refusalToRemove(facts: { receiptIsNewest: boolean; uncatalogued?: string | null; others: OtherFlow[] }): string | null {
  if (!facts.receiptIsNewest) return "a newer version of the path was seen since its receipt";
  if (facts.uncatalogued !== undefined && facts.uncatalogued !== null) return facts.uncatalogued;
  const waiting = facts.others.filter((other) => other.wants && !other.hasReceipt);
  return waiting.length === 0 ? null : `not yet delivered by ${waiting.map((other) => other.name).join(", ")}`;
}
