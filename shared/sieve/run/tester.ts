// How one value is held against the keys of a test: in steps, between which others may have their turn.

/** Whether a value fits one of the keys. */
export type Tester = (value: string) => Generator<undefined, boolean>
