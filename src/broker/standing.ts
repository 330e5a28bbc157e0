import type { BusState } from "../flow/bus.ts";

export type AnnouncerCounts = { published: number; unrouted: number; refused: number };

/** How an announcer stands, for `status`. */
export type AnnouncerStanding = { state: BusState; counts: AnnouncerCounts };
