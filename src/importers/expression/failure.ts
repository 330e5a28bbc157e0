/** No expression to Python either. */
export class Wrong extends Error {}
/** A construct that cannot be carried over. */
export class Foreign extends Error {}
