/** As sr3 takes a value apart. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
