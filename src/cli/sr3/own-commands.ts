/** Commands of hotdir's own that say something of these flows as well. */
export const ownCommands = ["explain", "receipts", "dead", "retry", "pause", "resume", "check"] as const;
